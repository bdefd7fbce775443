"""Whatever a peer sends, sentinel and worker reject it, say so, and go on with their work."""
import json
import os
import pathlib
import random
import sys
import time

import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

from project import ROOT, WAIT_SECONDS, wait_until

sys.path.insert(0, str(ROOT / "Tests/peers"))
import v4  # noqa: E402

VECTORS = json.loads((ROOT / "Tests/CasparianWireTests/Vectors/protocol_v4.json").read_text())
INVALID = [[bytes.fromhex(frame) for frame in vector["frames_hex"]] for vector in VECTORS["invalid"]]
FUZZ_SECONDS = float(os.environ.get("CASPARIAN_FUZZ_SECONDS", "5"))
FUZZ_SEED = 20240229
LARGE_BYTES = 100_000_000
#: A peer's message may be held a few times over, never kept.
RESIDENT_BYTES_MAX = 400_000_000
MESSAGES_A_SECOND = 2_000


@pytest.fixture
def context():
    with zmq.Context() as context:
        yield context


@pytest.fixture
def dealer(context, project):
    """A raw socket connected to our sentinel."""
    project.route("*.csv", "csv")
    project.sentinel = project.start_sentinel()
    with context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.IDENTITY, b"stranger")
        socket.setsockopt(zmq.SNDTIMEO, 20_000)
        socket.connect(project.address)
        yield socket


class Router:
    """A raw socket that our worker takes for its sentinel."""

    def __init__(self, socket):
        self._socket = socket
        self.worker = None

    def receive(self, operation: str, job: int | None = None) -> dict:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if not self._socket.poll(500):
                continue
            identity, *frames = self._socket.recv_multipart()
            name, number, fields = v4.decode(frames)
            if name == "IDENTIFY":
                self.worker = identity
            if name == operation and job in (None, number):
                return fields
        raise AssertionError(f"the worker sent no {operation}")

    def send(self, frames: list) -> None:
        self._socket.send_multipart([self.worker, *frames])


@pytest.fixture
def router(context, project):
    with context.socket(zmq.ROUTER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDTIMEO, 20_000)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        # A worker that connects again is taken at once, though its old connection may not be known to have ended.
        socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
        socket.bind(project.address)
        project.worker = project.start_worker()
        router = Router(socket)
        router.receive("IDENTIFY")
        yield router


def worker_still_works(project, router) -> None:
    assert project.worker.is_alive(), project.worker.log()
    path = project.write("after.csv", "n\n1\n")
    router.send(v4.encode("DISPATCH", 77, {
        "plugin_name": "csv", "file_path": str(path), "sinks": [], "file_version_id": 1}))
    receipt = router.receive("CONCLUDE", 77)
    assert receipt["status"] == "SUCCESS" and receipt["metrics"]["rows"] == 1


def noise(seed: int):
    """Messages by chance: bytes, headers with false fields, true messages with a few bytes changed, half JSON."""
    chance = random.Random(seed)
    valid = [[bytes.fromhex(one["header_hex"]), one["payload_utf8"].encode()] for one in VECTORS["valid"]]

    def some_bytes(limit):
        return chance.randbytes(chance.randrange(limit))

    def changed(frames):
        frames = [bytearray(frame) for frame in frames]
        for _ in range(chance.randint(1, 4)):
            frame = chance.choice(frames)
            if frame:
                frame[chance.randrange(len(frame))] = chance.randrange(256)
        return [bytes(frame) for frame in frames]

    def relabelled(frames):
        payload = frames[1][:chance.randrange(len(frames[1]) + 1)]
        return [v4.HEADER.pack(4, chance.randrange(8), 0, chance.getrandbits(64), len(payload)), payload]

    while True:
        kind = chance.randrange(4)
        if kind == 0:
            yield [some_bytes(64) for _ in range(chance.randint(1, 12))]
        elif kind == 1:
            yield [some_bytes(20), some_bytes(2000)]
        elif kind == 2:
            yield changed(chance.choice(valid))
        else:
            yield relabelled(chance.choice(valid))


def bombard(send, is_alive) -> None:
    """Sends noise for `FUZZ_SECONDS`, and more than a hundred messages however long that takes."""
    count, end = 0, time.monotonic() + FUZZ_SECONDS
    for frames in noise(FUZZ_SEED):
        if count > 100 and time.monotonic() > end:
            return
        send(frames)
        count += 1
        if count % 100 == 0:
            assert is_alive(), f"it ended after {count} messages, seed {FUZZ_SEED}"
            time.sleep(100 / MESSAGES_A_SECOND)
    raise AssertionError("noise never ends")


def test_every_invalid_vector_is_rejected_by_the_sentinel_in_its_log(project, dealer):
    rejectable = [frames for frames in INVALID if frames]
    for number, frames in enumerate(rejectable, start=1):
        dealer.send_multipart(frames)
        # One by one: lines of one kind have a budget.
        if number <= 3:
            wait_until(
                lambda: project.sentinel.log().count("message rejected") >= number,
                lambda: f"vector {number} was not rejected:\n{project.sentinel.log()}")
    project.does_a_job()


def test_noise_does_not_stop_the_sentinel(project, dealer):
    def send(frames):
        dealer.send_multipart(frames)
        while dealer.poll(0):
            v4.decode(dealer.recv_multipart())   # whatever it answers is well-formed
    bombard(send, project.sentinel.is_alive)
    project.does_a_job()
    assert "message rejected" in project.sentinel.log()
    # Such lines have a budget: a stranger cannot fill the disk.
    assert len(project.sentinel.log()) < 1_000_000
    assert project.sentinel.stop() == 0


def was_hung_up(monitor) -> bool:
    """Whether the other side has ended the connection: the transport refuses frames over its bound that way."""
    while monitor.poll(0):
        if recv_monitor_message(monitor)["event"] == zmq.EVENT_DISCONNECTED:
            return True
    return False


def test_a_frame_of_100_mb_is_hung_up_on_and_does_not_stop_the_sentinel(project, dealer):
    monitor = dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    for frames in ([v4.HEADER.pack(4, 4, 0, 0, LARGE_BYTES), bytes(LARGE_BYTES)], [bytes(LARGE_BYTES)]):
        dealer.send_multipart(frames)
        wait_until(lambda: was_hung_up(monitor), project.sentinel.log)
    dealer.disable_monitor()
    assert project.sentinel.resident_bytes() < RESIDENT_BYTES_MAX
    project.does_a_job()


def test_receipts_of_strangers_and_for_unknown_jobs_change_nothing(project, dealer):
    project.write("a.csv", "n\n1\n")
    project.run("scan")
    before = project.jobs()
    receipt = {"status": "SUCCESS", "metrics": {"rows": 9}, "artifacts": [], "error_message": None}
    for job in (0, 1, before[0]["job_id"], 2**63, 2**64 - 1):
        dealer.send_multipart(v4.encode("CONCLUDE", job, receipt))
        dealer.send_multipart(v4.encode("HEARTBEAT", job, {"status": "BUSY", "current_job_id": job % 2**63}))
        dealer.send_multipart(v4.encode("ERR", job, {"message": "lost", "traceback": None}))
    dealer.send_multipart(v4.encode("ABORT", before[0]["job_id"]))
    # The sentinel answers a stranger: after the last answer it has read everything.
    wait_until(lambda: dealer.poll(0), "no answer")
    answers = [v4.decode(dealer.recv_multipart())]
    while dealer.poll(500):
        answers.append(v4.decode(dealer.recv_multipart()))
    assert "ERR" in {name for name, _, _ in answers}
    assert project.jobs() == before


def test_every_invalid_vector_is_rejected_by_the_worker_in_its_log(project, router):
    rejectable = [frames for frames in INVALID if frames]
    for number, frames in enumerate(rejectable, start=1):
        router.send(frames)
        if number <= 3:
            wait_until(
                lambda: project.worker.log().count("message rejected") >= number,
                lambda: f"vector {number} was not rejected:\n{project.worker.log()}")
    worker_still_works(project, router)


def test_noise_does_not_stop_the_worker(project, router):
    bombard(router.send, project.worker.is_alive)
    worker_still_works(project, router)
    assert "message rejected" in project.worker.log()
    assert len(project.worker.log()) < 1_000_000
    assert project.worker.stop() == 0


def test_a_frame_of_100_mb_is_hung_up_on_and_does_not_stop_the_worker(project, router):
    router.send([v4.HEADER.pack(4, 2, 0, 5, LARGE_BYTES), bytes(LARGE_BYTES)])
    wait_until(
        lambda: "connection to the sentinel ended" in project.worker.log()
        or "message rejected" in project.worker.log(), project.worker.log)
    assert project.worker.resident_bytes() < RESIDENT_BYTES_MAX
    router.receive("IDENTIFY")
    worker_still_works(project, router)


@pytest.mark.parametrize("fields, words", [
    ({"file_path": "relative/path.csv"}, "relative/path.csv"), ({"file_path": "/dev/zero"}, "/dev/zero"),
    ({"file_path": ""}, ""), ({"plugin_name": "../../etc/passwd"}, "../../etc/passwd"), ({"plugin_name": ""}, ""),
    ({"sinks": [{"topic": "output", "uri": "parquet://../../escape.parquet"}]}, "escape"),
    ({"sinks": [{"topic": "output", "uri": "parquet:///etc/escape.parquet"}]}, "escape"),
])
def test_an_order_that_is_well_formed_and_wrong_fails_and_touches_nothing(project, router, fields, words):
    path = project.write("a.csv", "n\n1\n")
    order = {"plugin_name": "csv", "file_path": str(path), "sinks": [], "file_version_id": 1} | fields
    router.send(v4.encode("DISPATCH", 5, order))
    receipt = router.receive("CONCLUDE", 5)
    assert receipt["status"] == "FAILED" and words in receipt["error_message"]
    assert project.output_files() == [] and not list(pathlib.Path(project.folder).rglob("escape*"))
    worker_still_works(project, router)
