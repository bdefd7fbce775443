"""Our sentinel with a worker, and our worker with a sentinel, that know plain protocol v4 only.

The peers (Tests/peers) refuse what plain v4 does not allow and end with 1, so each test also proves what we send.
"""
import json
import os
import pathlib
import subprocess

import pyarrow.parquet
import pytest

from project import END_SECONDS, PYTHON, ROOT, WAIT_SECONDS, wait_until

PEERS = ROOT / "Tests/peers"


class Peer:
    """A plain peer's process: JSON lines out, its end when its standard input ends."""

    def __init__(self, folder: pathlib.Path, name: str, *arguments):
        self.path = folder / f"{name}.events"
        self.errors = folder / f"{name}.stderr"
        with open(self.path, "wb") as events, open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [PYTHON, PEERS / f"{name}.py", *map(str, arguments)], stdin=subprocess.PIPE, stdout=events,
                stderr=errors, text=True, env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))

    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.path.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def tell(self, message: dict) -> None:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def wait_for(self, event: str, job: int | None = None) -> dict:
        def seen():
            assert self.process.poll() in (None, 0), f"it refused a message:\n{self.errors.read_text()}"
            return next(
                (one for one in self.events() if one["event"] == event and job in (None, one.get("job"))), None)
        return wait_until(seen, lambda: f"no {event} of job {job} in {self.events()}", WAIT_SECONDS)

    def end(self) -> int:
        self.process.stdin.close()
        try:
            return self.process.wait(END_SECONDS)
        finally:
            self.process.kill()


@pytest.fixture
def peer(tmp_path):
    started = []

    def start(name, *arguments):
        started.append(Peer(tmp_path, name, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def plain(project, peer):
    """A sentinel of ours and a plain worker that offers `plain_lines`."""
    project.route("*.txt", "plain_lines")
    project.output.mkdir(exist_ok=True)
    project.sentinel = project.start_sentinel()
    project.worker = peer("plain_worker", project.address, project.output, "plain_lines")
    return project


def test_a_plain_worker_does_the_jobs_of_our_sentinel(plain):
    for number in range(5):
        plain.write(f"{number}.txt", "line\n" * (number + 1))
    plain.run("scan")
    plain.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    for job in plain.jobs():
        lines = int(os.path.basename(job["file"])[0]) + 1
        shown = plain.job(job["job_id"])
        assert (shown["status"], shown["rows"], shown["retry_count"]) == ("COMPLETED", lines, 0)
        artifact, = shown["artifacts"]
        assert artifact["uri"] == f"parquet://{plain.output}/plain_lines_{job['job_id']}.parquet"
        assert plain.table(artifact["uri"]).column("line").to_pylist() == ["line"] * lines
    assert plain.worker.end() == 0, plain.worker.errors.read_text()


def test_a_plain_worker_gets_one_job_at_a_time_with_all_plain_fields(plain):
    path = plain.write("a.txt", "x\n")
    plain.write("b.txt", "y\n")
    plain.run("topics", "set", "plain_lines", "output", "parquet://named.parquet", "--mode", "replace")
    plain.run("scan")
    plain.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    orders = [one for one in plain.worker.events() if one["event"] == "DISPATCH"]
    assert len(orders) == 2
    first = next(one for one in orders if one["file_path"] == str(path))
    assert first["plugin_name"] == "plain_lines"
    assert first["file_version_id"] == plain.job(first["job"])["file_version_id"]
    sink, = first["sinks"]
    assert (sink["topic"], sink["uri"], sink["mode"]) == ("output", "parquet://named.parquet", "replace")


def test_a_plain_workers_failure_is_recorded_with_its_whole_text(plain):
    bad = plain.write("bad.txt", "x\n")
    plain.write("good.txt", "x\n")
    plain.run("scan")
    plain.run("jobs", "wait", "--timeout", WAIT_SECONDS, status=1)
    states = {os.path.basename(job["file"]): job for job in plain.jobs()}
    assert states["good.txt"]["status"] == "COMPLETED"
    assert plain.job(states["bad.txt"]["job_id"])["error"] == f"ValueError: {bad}: cannot be read"
    assert plain.sentinel.is_alive()


def test_the_jobs_of_a_plain_worker_that_went_away_go_to_the_next(plain, peer):
    plain.worker.process.kill()
    plain.worker.process.wait()
    plain.write("a.txt", "x\n")
    plain.run("scan")
    second = peer("plain_worker", plain.address, plain.output, "plain_lines")
    plain.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    assert second.end() == 0, second.errors.read_text()


def dispatch(path, plugin, sinks=(), version=7) -> dict:
    return {"plugin_name": plugin, "file_path": str(path), "sinks": list(sinks), "file_version_id": version}


@pytest.fixture
def served(project, peer):
    """A plain sentinel and a worker of ours that has identified."""
    project.write_plugin("doubler", """
        class Handler:
            def execute(self, file_path):
                for line in open(file_path):
                    yield [{"n": int(line) * 2}]
        """)
    project.write_plugin("patient", """
        import os
        import time

        class Handler:
            def execute(self, file_path):
                deadline = time.monotonic() + 300
                while not os.path.exists(file_path + ".open") and time.monotonic() < deadline:
                    time.sleep(0.01)
                yield [{"n": 1}]
        """)
    project.peer = peer("plain_sentinel", project.address)
    project.peer.wait_for("BOUND")
    project.worker = project.start_worker()
    project.peer.identified = project.peer.wait_for("IDENTIFY")
    return project


def test_our_worker_identifies_to_a_plain_sentinel_with_its_plugins(served):
    assert {"doubler", "csv", "jsonl"} <= set(served.peer.identified["capabilities"])


def test_our_worker_does_the_jobs_of_a_plain_sentinel(served):
    path = served.write("a.txt", "1\n2\n3\n")
    sinks = [{"topic": "output", "uri": "parquet://named.parquet", "mode": "append", "schema_def": None}]
    served.peer.tell({"job": 41, "dispatch": dispatch(path, "doubler", sinks)})
    receipt = served.peer.wait_for("CONCLUDE", 41)
    file = served.output / "named_41.parquet"
    assert receipt["status"] == "SUCCESS" and receipt["error_message"] is None
    assert receipt["metrics"]["rows"] == 3 and receipt["metrics"]["size_bytes"] == file.stat().st_size
    artifact, = receipt["artifacts"]
    assert (artifact["topic"], artifact["uri"]) == ("output", f"parquet://{file}")
    table = pyarrow.parquet.read_table(file)
    assert table.to_pylist() == [{"n": n, "_job_id": 41, "_file_version_id": 7} for n in (2, 4, 6)]
    assert served.peer.end() == 0, served.peer.errors.read_text()


def test_our_worker_uses_the_default_sink_where_a_plain_sentinel_names_none(served):
    path = served.write("a.csv", "x\n1\n")
    served.peer.tell({"job": 5, "dispatch": dispatch(path, "csv")})
    receipt = served.peer.wait_for("CONCLUDE", 5)
    assert receipt["artifacts"][0]["uri"] == f"parquet://{served.output}/csv_output_5.parquet"


def test_our_workers_failures_are_receipts_of_plain_v4_too(served):
    path = served.write("a.txt", "1\nnot a number\n")
    for job, order in {
        6: dispatch(path, "doubler"), 7: dispatch(served.source / "missing", "csv"),
        8: dispatch(path, "no_such_plugin"), 9: dispatch(path, "csv", [{"topic": "output", "uri": "nowhere://x"}]),
    }.items():
        served.peer.tell({"job": job, "dispatch": order})
        receipt = served.peer.wait_for("CONCLUDE", job)
        assert receipt["status"] == "FAILED" and receipt["artifacts"] == []
        assert {6: "Traceback", 7: "missing", 8: "no_such_plugin", 9: "nowhere"}[job] in receipt["error_message"]
    assert served.output_files() == [] and served.worker.is_alive()


def test_a_sentinel_that_never_answers_heartbeats_keeps_its_worker_in_a_long_job(served):
    path = served.write("a.txt", "x")
    served.peer.tell({"job": 5, "dispatch": dispatch(path, "patient")})

    def beats():
        return [one for one in served.peer.events() if one["event"] == "HEARTBEAT" and one["current_job_id"] == 5]
    wait_until(lambda: len(beats()) >= 2, "no heartbeats")
    assert {one["status"] for one in beats()} == {"BUSY"}
    pathlib.Path(f"{path}.open").touch()
    assert served.peer.wait_for("CONCLUDE", 5)["status"] == "SUCCESS"
