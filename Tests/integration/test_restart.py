"""Sentinel and worker are killed and restarted at bad moments: every row arrives exactly once."""
import os
import pathlib
import random
import signal
import time

import pytest

from project import WAIT_SECONDS, wait_until

pytestmark = pytest.mark.usefixtures("unwalled")

#: Takes a little, so that a process can be killed in the middle. The later jobs wait for a file `go` beside theirs, so
#: that there is a middle however long it takes until the process is killed.
SLOW = """
    import os
    import time

    MANIFEST = {"pattern": "*.slow"}

    class Handler:
        def execute(self, file_path):
            name = open(file_path).read().strip()
            go = os.path.join(os.path.dirname(file_path), "go")
            deadline = time.monotonic() + 600
            while int(name) >= 10 and not os.path.exists(go):
                assert time.monotonic() < deadline, "nobody let the later jobs go"
                time.sleep(0.01)
            yield [{"name": name, "part": 1}]
            time.sleep(0.1)
            yield [{"name": name, "part": 2}]
    """
#: Stages a table, says where it is, and waits for a file to appear.
GATE = """
    import os
    import time

    MANIFEST = {"pattern": "*.gate"}

    class Handler:
        def execute(self, file_path):
            yield {"n": list(range(100_000))}
            with open(file_path + ".pid.part", "w") as file:
                file.write(str(os.getpid()))
            os.rename(file_path + ".pid.part", file_path + ".pid")
            deadline = time.monotonic() + 600
            while not os.path.exists(file_path + ".open"):
                assert time.monotonic() < deadline, "nobody opened the gate"
                time.sleep(0.01)
            yield {"n": [100_000]}
    """
JOBS = 30
KILLS = 5
KILL_SEED = int(os.environ.get("CASPARIAN_KILL_SEED", "1"))


@pytest.fixture
def slow(project):
    project.write_plugin("slow", SLOW)
    project.run("ignores", "add", "go")
    for number in range(JOBS):
        project.write(f"{number:02}.slow", f"{number:02}\n")
    project.run("register", "--plugins", project.plugins)
    project.run("scan")
    assert len(project.jobs()) == JOBS
    return project


@pytest.fixture
def gate(project):
    """A project whose one job waits at its gate."""
    project.write_plugin("gate", GATE)
    project.run("ignores", "add", "*.pid*")
    project.run("ignores", "add", "*.open")
    project.path = project.write("a.gate", "x")
    project.run("register", "--plugins", project.plugins)
    project.run("scan")
    project.sentinel, project.worker = project.start_both()
    project.guest = wait_at_gate(project)
    return project


def let_go(project) -> None:
    """Lets the later jobs of `slow` run."""
    (project.source / "go").touch()


def wait_at_gate(project) -> int:
    """Waits until the job is in the middle, its first rows staged; returns its process and takes the mark away."""
    mark = pathlib.Path(f"{project.path}.pid")
    wait_until(mark.exists, lambda: f"the job did not begin; {project.logs()}")
    # The guest runs ahead of the worker, which still has to read and write what it was sent.
    wait_until(project.staging, lambda: f"the job staged nothing; {project.logs()}")
    guest = int(mark.read_text())
    mark.unlink()
    return guest


def open_gate(project) -> None:
    pathlib.Path(f"{project.path}.open").touch()


def is_process(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ended(project) -> int:
    return sum(job["status"] in ("COMPLETED", "FAILED") for job in project.jobs())


def everything_arrived_once(project) -> None:
    """All jobs completed, each output file belongs to one of them, and each row is there once."""
    jobs = project.jobs()
    assert [job["status"] for job in jobs] == ["COMPLETED"] * JOBS
    uris = [one["uri"] for one in project.rows("artifacts", "list")]
    files = [f"parquet://{project.output / name}" for name in project.output_files()]
    assert sorted(uris) == sorted(files) and len(set(files)) == JOBS
    rows = sorted((row["name"], row["part"]) for uri in uris for row in project.cells(uri))
    assert rows == sorted((f"{number:02}", part) for number in range(JOBS) for part in (1, 2))


def test_a_sentinel_killed_in_the_middle_of_jobs_loses_and_doubles_nothing(slow):
    sentinel, worker = slow.start_both(slots=2)
    wait_until(lambda: ended(slow) >= 3, slow.logs)
    sentinel.kill()
    assert ended(slow) < JOBS, "the sentinel was killed too late to prove anything"
    let_go(slow)
    slow.start_sentinel()
    slow.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    everything_arrived_once(slow)
    assert worker.is_alive()


def test_a_worker_killed_in_the_middle_of_jobs_loses_and_doubles_nothing(slow):
    _, worker = slow.start_both(slots=2)
    wait_until(lambda: ended(slow) >= 3, slow.logs)
    worker.kill()
    assert ended(slow) < JOBS, "the worker was killed too late to prove anything"
    let_go(slow)
    slow.start_worker(slots=2)
    slow.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    everything_arrived_once(slow)


def test_both_killed_at_once_lose_and_double_nothing(slow):
    sentinel, worker = slow.start_both(slots=2)
    wait_until(lambda: ended(slow) >= 3, slow.logs)
    sentinel.kill()
    worker.kill()
    assert ended(slow) < JOBS, "they were killed too late to prove anything"
    let_go(slow)
    slow.start_both(slots=2)
    slow.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    everything_arrived_once(slow)


def test_up_killed_in_the_middle_of_jobs_is_finished_by_the_next_up(slow):
    running = slow.start("up", "--until-idle")
    wait_until(lambda: ended(slow) >= 3, slow.logs)
    running.kill()
    assert ended(slow) < JOBS, "it was killed too late to prove anything"
    let_go(slow)
    slow.up()
    everything_arrived_once(slow)


def test_kills_at_random_moments_lose_and_double_nothing(slow):
    let_go(slow)
    chance = random.Random(KILL_SEED)
    running = list(slow.start_both(slots=2))
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.8))
        victim = chance.randrange(2)
        running[victim].kill()
        running[victim] = slow.start_worker(slots=2) if victim else slow.start_sentinel()
    slow.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    everything_arrived_once(slow)


def test_the_job_of_a_killed_worker_is_run_again_by_another_and_its_output_is_there_once(gate):
    staged = gate.staging()
    assert len(staged) == 1 and gate.output_files() == staged
    gate.worker.kill()
    wait_until(lambda: not is_process(gate.guest), f"the killed worker's guest {gate.guest} is still there")
    gate.start_worker()
    wait_at_gate(gate)
    job, = gate.jobs()
    assert gate.job(job["job_id"])["status"] == "RUNNING" and len(gate.staging()) == 1
    open_gate(gate)
    shown = gate.wait_for_status(job["job_id"], "COMPLETED", "FAILED")
    assert (shown["status"], shown["rows"], shown["retry_count"]) == ("COMPLETED", 100_001, 1), shown["error"]
    assert gate.output_files() == [f"gate_output_{job['job_id']}.parquet"]
    assert gate.table(shown["artifacts"][0]["uri"]).column("n").to_pylist() == list(range(100_001))


def test_what_a_killed_worker_staged_is_removed_when_the_next_one_starts(gate):
    gate.worker.kill()
    gate.sentinel.stop()
    assert len(gate.staging()) == 1
    worker = gate.start_worker()
    wait_until(lambda: gate.staging() == [], lambda: f"{gate.staging()} is still there:\n{worker.log()}")


def test_a_job_goes_on_while_its_sentinel_is_killed_and_ends_at_the_next_one(gate):
    gate.sentinel.kill()
    gate.start_sentinel()
    open_gate(gate)
    job, = gate.jobs()
    shown = gate.wait_for_status(job["job_id"], "COMPLETED", "FAILED")
    assert (shown["status"], shown["rows"], shown["retry_count"]) == ("COMPLETED", 100_001, 0), shown["error"]
    assert shown["worker_pid"] == gate.worker.pid and is_process(gate.guest)


def test_a_job_that_ends_while_there_is_no_sentinel_is_told_to_the_next_one(gate):
    gate.sentinel.kill()
    open_gate(gate)
    wait_until(lambda: gate.output_files() and not gate.staging(), "the job did not end by itself")
    gate.start_sentinel()
    job, = gate.jobs()
    shown = gate.wait_for_status(job["job_id"], "COMPLETED", "FAILED")
    assert (shown["status"], shown["rows"]) == ("COMPLETED", 100_001), shown["error"]
    assert gate.output_files() == [f"gate_output_{job['job_id']}.parquet"]


def test_a_worker_that_is_told_to_end_finishes_its_job_first(gate):
    gate.worker.process.send_signal(signal.SIGTERM)
    open_gate(gate)
    assert gate.worker.wait() == 0
    job, = gate.jobs()
    assert gate.wait_for_status(job["job_id"], "COMPLETED", "FAILED")["status"] == "COMPLETED"
    assert not is_process(gate.guest) and gate.staging() == []
    # The sentinel writes that when it has read the worker's last message.
    wait_until(
        lambda: [row["status"] for row in gate.rows("workers", "list")] == ["OFFLINE"],
        lambda: f"{gate.rows('workers', 'list')}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sentinel_and_worker_end_within_seconds_with_0(project, number):
    sentinel, worker = project.start_both()
    assert worker.stop(number) == 0, worker.log()
    assert sentinel.stop(number) == 0, sentinel.log()


def test_a_worker_ends_within_seconds_also_when_its_sentinel_is_gone(project):
    sentinel, worker = project.start_both()
    sentinel.kill()
    assert worker.stop() == 0, worker.log()


def test_up_ends_within_seconds_with_0(project):
    project.route("*.csv", "csv")
    project.write("a.csv", "n\n1\n")
    running = project.start("up")
    wait_until(lambda: (project.folder / "casparian_flow.sqlite3").exists() and ended(project) == 1, project.logs)
    assert running.stop() == 0, running.log()


def test_a_running_up_takes_up_files_that_come_later(project):
    project.route("*.csv", "csv")
    running = project.start("up")
    running.wait_for_log("worker")
    project.write("late.csv", "n\n1\n")
    wait_until(lambda: ended(project) == 1, project.logs)
    assert [job["status"] for job in project.jobs()] == ["COMPLETED"] and os.path.exists(project.output)


def test_a_worker_that_was_there_first_waits_for_its_sentinel(project):
    project.route("*.csv", "csv")
    project.write("a.csv", "n\n1\n")
    worker = project.start_worker()
    worker.wait_for_log("worker starts")
    project.start_sentinel()
    project.run("scan")
    project.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    assert [job["status"] for job in project.jobs()] == ["COMPLETED"]


def test_a_second_sentinel_on_the_same_database_is_refused_and_told_who_is_there(project):
    first = project.start_sentinel()
    for command in (["sentinel", "--bind", "tcp://127.0.0.1:*"], ["up", "--bind", "tcp://127.0.0.1:*"]):
        told = project.refuse(*command, status=1)
        assert f"process {first.pid} " in told and project.address in told and "casparian_flow.sqlite3" in told
    first.kill()
    project.start_sentinel().stop()
