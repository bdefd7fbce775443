"""Our worker with a sentinel that answers heartbeats: leases before promotions, receipts that survive, jobs that end.

The sentinel is a script in the test's own thread, written from docs/wire-protocol.md.
"""
import json
import os
import pathlib
import signal
import sys
import time

import pyarrow.parquet
import pytest
import zmq

from project import ROOT, wait_until

sys.path.append(str(ROOT / "Tests/peers"))
import v4  # noqa: E402

pytestmark = pytest.mark.usefixtures("unwalled")

#: Stages a table, says where it is, and waits for a file to appear.
GATE = """
    import os
    import time

    class Handler:
        def execute(self, file_path):
            yield {"n": list(range(1000))}
            with open(file_path + ".pid.part", "w") as file:
                file.write(str(os.getpid()))
            os.rename(file_path + ".pid.part", file_path + ".pid")
            deadline = time.monotonic() + 600
            while not os.path.exists(file_path + ".open"):
                assert time.monotonic() < deadline, "nobody opened the gate"
                time.sleep(0.01)
            yield {"n": [1000]}
            with open(file_path + ".through", "w"):
                pass
    """
#: Ignores every request to end, and so do its child, a child in a session of its own and an orphan in another one.
STUBBORN = """
    import os
    import signal
    import time

    class Handler:
        def execute(self, file_path):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            pids = [os.getpid()]
            for detach, orphan in (False, False), (True, False), (True, True):
                ends = os.pipe()
                if os.fork() == 0:
                    if detach:
                        os.setsid()
                    if orphan and os.fork() != 0:
                        os._exit(0)
                    os.write(ends[1], str(os.getpid()).encode())
                    while True:
                        time.sleep(1)
                os.close(ends[1])
                pids.append(int(os.read(ends[0], 20)))
            yield {"n": [1]}
            with open(file_path + ".pids.part", "w") as file:
                file.write(" ".join(map(str, pids)))
            os.rename(file_path + ".pids.part", file_path + ".pids")
            while True:
                time.sleep(1)
    """


class Sentinel:
    """Speaks only while a test waits; answers heartbeats, each job being that worker's which it was given to last."""

    def __init__(self, address: str):
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
        wait_until(lambda: self.binds(address), "the last sentinel's socket is not closed")
        #: (identity, operation, job, fields), oldest first; heartbeats are not kept.
        self.messages = []
        self.identities = {}
        self.holders = {}
        #: When the last heartbeat was answered, by identity.
        self.answered = {}
        #: Heartbeats that were not answered, for each worker that is to wait.
        self.unanswered = {}

    def binds(self, address: str) -> bool:
        """Closing a socket goes on in another thread for a moment."""
        try:
            self.socket.bind(address)
        except zmq.ZMQError as error:
            if error.errno != zmq.EADDRINUSE:
                raise
            return False
        return True

    def close(self) -> None:
        self.socket.close(0)

    def send(self, worker: bytes, operation: str, job: int = 0, payload: dict | None = None) -> None:
        self.socket.send_multipart([worker, *v4.encode(operation, job, payload)])

    def turn(self) -> None:
        if not self.socket.poll(20):
            return
        identity, header, payload = self.socket.recv_multipart()
        operation, job, _ = v4.decode([header, payload])
        fields = json.loads(payload) if payload else {}
        if operation == "HEARTBEAT":
            return self.answer(identity, fields)
        if operation == "IDENTIFY":
            self.identities[fields["pid"]] = identity
            assert {"lease", "fence", "receipts"} <= set(fields["protocol_extensions"])
        self.messages.append((identity, operation, job, fields))

    def answer(self, worker: bytes, heartbeat: dict) -> None:
        if worker in self.unanswered:
            self.unanswered[worker].append(heartbeat)
            return
        for job in heartbeat["active_jobs"]:
            if self.holders.get(job) != worker:
                self.send(worker, "ABORT", job)
        self.send(worker, "ERR", 0, {
            "message": "heard", "traceback": None, "code": "lease", "sequence": heartbeat["sequence"]})
        self.answered[worker] = time.monotonic()

    def until(self, condition, what):
        def look():
            self.turn()
            return condition()
        return wait_until(look, what)

    def worker(self, running) -> bytes:
        """A worker's identity, once it has said who it is and a heartbeat of it was answered."""
        def known():
            identity = self.identities.get(running.pid)
            return identity if identity in self.answered else None
        return self.until(known, lambda: f"it did not identify:\n{running.log()}")

    def dispatch(self, worker: bytes, job: int, path, plugin: str, **fields) -> None:
        self.holders[job] = worker
        self.send(worker, "DISPATCH", job, {
            "plugin_name": plugin, "file_path": str(path), "sinks": [], "file_version_id": 3} | fields)

    def receipt(self, worker: bytes, job: int) -> dict:
        def concluded():
            return next((fields for identity, operation, number, fields in self.messages
                         if (identity, operation, number) == (worker, "CONCLUDE", job)), None)
        return self.until(concluded, lambda: f"no receipt of job {job} in {self.messages}")


@pytest.fixture
def leased(project):
    """A project with a sentinel, and `start(name)` for workers with an output folder of that name each."""
    project.write_plugin("gate", GATE)
    project.write_plugin("stubborn", STUBBORN)
    project.path = project.write("a.txt", "x")
    project.sentinel = Sentinel(project.address)

    def start(name: str):
        running = project.start(
            "worker", "--connect", project.address, "--plugins", project.plugins, "--output", project.folder / name,
            "--slots", 1)
        running.output = project.folder / name
        return running

    project.start_with_output = start
    yield project
    project.sentinel.close()
    for running in project.processes:
        if running.is_alive():
            running.process.send_signal(signal.SIGCONT)


def mark(project, suffix: str) -> pathlib.Path:
    return pathlib.Path(f"{project.path}.{suffix}")


def tables(worker) -> list[pathlib.Path]:
    return sorted(worker.output.glob("*.parquet"))


def staging(worker) -> list[pathlib.Path]:
    return [path for path in worker.output.rglob("*") if ".stg." in path.name]


def receipt_bytes(worker) -> int:
    return sum(path.stat().st_size for path in worker.output.glob(".casparian/receipts/*"))


def is_process(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_worker_that_was_stopped_past_its_lease_promotes_nothing(leased):
    sentinel, late, other = leased.sentinel, leased.start_with_output("late"), leased.start_with_output("other")
    first, second = sentinel.worker(late), sentinel.worker(other)
    sentinel.dispatch(first, 7, leased.path, "gate", attempt=1, lease_seconds=2)
    sentinel.until(mark(leased, "pid").exists, lambda: f"the plugin did not begin:\n{late.log()}")
    late.process.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    mark(leased, "open").touch()
    # Its plugin is through, and its rows lie before the worker, which is stopped right before it promotes them.
    sentinel.until(mark(leased, "through").exists, "the plugin did not end")
    sentinel.until(lambda: time.monotonic() > stopped + 2, "time stands still")
    sentinel.dispatch(second, 7, leased.path, "gate", attempt=2, lease_seconds=2)
    done = sentinel.receipt(second, 7)
    assert (done["status"], done["metrics"]["rows"]) == ("SUCCESS", 1001)
    # The network is slow now: it goes on, asks and asks again, and gets no answer.
    sentinel.unanswered[first] = []
    late.process.send_signal(signal.SIGCONT)
    sentinel.until(lambda: len(sentinel.unanswered[first]) >= 4, "it does not ask")
    assert tables(late) == [], "promoted without a lease"
    assert all(heartbeat["active_jobs"] == [7] for heartbeat in sentinel.unanswered[first])
    del sentinel.unanswered[first]
    refused = sentinel.receipt(first, 7)
    assert (refused["status"], refused["cause"]) == ("FAILED", "cancelled")
    assert tables(late) == [] and staging(late) == []
    table, = tables(other)
    assert pyarrow.parquet.read_table(table).num_rows == 1001


def test_a_worker_that_was_stopped_and_still_has_its_job_promotes_it(leased):
    sentinel, late = leased.sentinel, leased.start_with_output("late")
    worker = sentinel.worker(late)
    sentinel.dispatch(worker, 7, leased.path, "gate", attempt=1, lease_seconds=2)
    sentinel.until(mark(leased, "pid").exists, lambda: f"the plugin did not begin:\n{late.log()}")
    late.process.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    mark(leased, "open").touch()
    sentinel.until(lambda: time.monotonic() > stopped + 2, "time stands still")
    late.process.send_signal(signal.SIGCONT)
    assert sentinel.receipt(worker, 7)["status"] == "SUCCESS"
    assert len(tables(late)) == 1


def test_a_receipt_survives_the_sentinel_and_the_worker(leased):
    sentinel, worker = leased.sentinel, leased.start_with_output("out")
    identity = sentinel.worker(worker)
    sentinel.dispatch(identity, 7, leased.path, "gate", attempt=3, lease_seconds=600)
    sentinel.until(mark(leased, "pid").exists, lambda: f"the plugin did not begin:\n{worker.log()}")
    sentinel.close()
    mark(leased, "open").touch()
    wait_until(lambda: receipt_bytes(worker) > 0, lambda: f"no receipt is kept:\n{worker.log()}")
    worker.kill()
    assert len(tables(worker)) == 1
    leased.sentinel = sentinel = Sentinel(leased.address)
    heir = leased.start_with_output("out")
    identity = sentinel.worker(heir)
    receipt = sentinel.receipt(identity, 7)
    assert (receipt["status"], receipt["attempt"], receipt["metrics"]["rows"]) == ("SUCCESS", 3, 1001)
    assert receipt["artifacts"][0]["uri"] == f"parquet://{tables(worker)[0]}"
    assert receipt_bytes(heir) > 0
    sentinel.send(identity, "ERR", 0, {"message": "", "traceback": None, "code": "recorded", "jobs": [6, 7]})
    sentinel.until(lambda: receipt_bytes(heir) == 0, "it is kept although it was recorded")
    assert heir.stop() == 0


def test_a_receipt_that_got_lost_on_the_way_is_sent_again(leased):
    sentinel, worker = leased.sentinel, leased.start_with_output("out")
    identity = sentinel.worker(worker)
    leased.write("b.csv", "n\n1\n")
    sentinel.dispatch(identity, 8, leased.source / "b.csv", "csv", lease_seconds=600)
    first = sentinel.receipt(identity, 8)
    sentinel.messages.clear()
    assert sentinel.receipt(identity, 8) == first, "nobody has said that it is recorded"
    sentinel.messages.clear()
    sentinel.close()
    leased.sentinel = sentinel = Sentinel(leased.address)
    assert sentinel.receipt(identity, 8) == first


def test_a_cancelled_plugin_that_ignores_sigterm_is_gone_with_all_it_started(leased):
    sentinel, worker = leased.sentinel, leased.start_with_output("out")
    identity = sentinel.worker(worker)
    sentinel.dispatch(identity, 7, leased.path, "stubborn", lease_seconds=600)
    sentinel.until(mark(leased, "pids").exists, lambda: f"the plugin did not begin:\n{worker.log()}")
    pids = [int(pid) for pid in mark(leased, "pids").read_text().split()]
    assert len(pids) == 4 and all(map(is_process, pids))
    start = time.monotonic()
    sentinel.send(identity, "ABORT", 7)
    receipt = sentinel.receipt(identity, 7)
    print(f"from ABORT to the receipt: {time.monotonic() - start:.2f} s")
    assert (receipt["status"], receipt["cause"]) == ("FAILED", "cancelled")
    assert not any(map(is_process, pids))
    assert tables(worker) == [] and staging(worker) == []


def test_a_deadline_ends_a_plugin_the_same_way(leased):
    sentinel, worker = leased.sentinel, leased.start_with_output("out")
    identity = sentinel.worker(worker)
    sentinel.dispatch(identity, 7, leased.path, "stubborn", lease_seconds=600, deadline_seconds=5)
    receipt = sentinel.receipt(identity, 7)
    assert (receipt["status"], receipt["cause"]) == ("FAILED", "deadline")
    assert "5 s" in receipt["error_message"]
    if mark(leased, "pids").exists():
        assert not any(is_process(int(pid)) for pid in mark(leased, "pids").read_text().split())


def test_a_killed_guest_is_told_with_signal_and_memory(leased):
    sentinel, worker = leased.sentinel, leased.start_with_output("out")
    identity = sentinel.worker(worker)
    sentinel.dispatch(identity, 7, leased.path, "gate", lease_seconds=600)
    sentinel.until(mark(leased, "pid").exists, lambda: f"the plugin did not begin:\n{worker.log()}")
    os.kill(int(mark(leased, "pid").read_text()), signal.SIGKILL)
    receipt = sentinel.receipt(identity, 7)
    assert (receipt["cause"], receipt["exit_signal"]) == ("guest", 9)
    assert receipt["metrics"]["peak_bytes"] > 1 << 20
    assert "signal 9" in receipt["error_message"] and "MiB" in receipt["error_message"]


def test_what_a_killed_workers_plugins_started_is_ended_by_the_next_worker(leased):
    sentinel, worker = leased.sentinel, leased.start_with_output("out")
    sentinel.dispatch(sentinel.worker(worker), 7, leased.path, "stubborn", lease_seconds=600)
    sentinel.until(mark(leased, "pids").exists, lambda: f"the plugin did not begin:\n{worker.log()}")
    pids = [int(pid) for pid in mark(leased, "pids").read_text().split()]
    worker.kill()
    heir = leased.start_with_output("out")
    sentinel.worker(heir)
    wait_until(lambda: not any(map(is_process, pids)), lambda: f"they go on:\n{heir.log()}")


def test_a_worker_that_had_to_stop_a_job_when_it_ended_says_so(leased):
    sentinel, worker = leased.sentinel, leased.start_with_output("out")
    identity = sentinel.worker(worker)
    sentinel.dispatch(identity, 7, leased.path, "gate", lease_seconds=600)
    sentinel.until(mark(leased, "pid").exists, lambda: f"the plugin did not begin:\n{worker.log()}")
    worker.process.send_signal(signal.SIGTERM)

    def codes():
        return [fields.get("code") for _, operation, _, fields in sentinel.messages if operation == "ERR"]
    sentinel.until(lambda: "leaving" in codes(), lambda: f"it goes on:\n{worker.log()}")
    assert worker.wait() == 1 and "handed back" in worker.log()
    assert codes() == ["released", "leaving"] and tables(worker) == [] and staging(worker) == []
