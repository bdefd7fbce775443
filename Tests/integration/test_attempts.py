"""Jobs that are tried again, given up, limited and cancelled, with real processes."""
import os

import pytest

from project import wait_until

pytestmark = pytest.mark.usefixtures("unwalled")

#: Kills its own process for as long as the file says.
CRASHER = """
    import os, signal

    MANIFEST = {"pattern": "*.crash"}

    class Handler:
        def execute(self, file_path):
            marks = file_path + ".tries"
            with open(marks, "a") as file:
                file.write("x")
            if os.path.getsize(marks) <= int(open(file_path).read()):
                os.kill(os.getpid(), signal.SIGKILL)
            yield [{"tries": os.path.getsize(marks)}]
    """
#: Says that it runs, and goes on until it is stopped.
ENDLESS = """
    import os, time

    MANIFEST = {"pattern": "*.endless"}

    class Handler:
        def execute(self, file_path):
            yield [{"n": 1}]
            open(file_path + ".runs", "w").close()
            while True:
                time.sleep(0.05)
    """
#: More than a worker can have been given before the 20th failure is heard: 19, its 2 slots and its backlog of 64.
FILES = 200


@pytest.fixture
def crasher(project):
    project.run("ignores", "add", "*.tries")
    project.write_plugin("crasher", CRASHER)
    project.run("register", "--plugins", project.plugins)
    return project


@pytest.fixture
def endless(project):
    project.run("ignores", "add", "*.runs")
    project.write_plugin("endless", ENDLESS)
    project.run("register", "--plugins", project.plugins)
    return project


def test_a_job_whose_guest_crashes_is_tried_again_and_its_rows_arrive_once(crasher):
    crasher.write("a.crash", "2")
    crasher.up()
    job, = crasher.jobs()
    shown = crasher.job(job["job_id"])
    assert (shown["status"], shown["retry_count"], shown["rows"]) == ("COMPLETED", 2, 1), shown
    assert crasher.cells(shown["artifacts"][0]["uri"]) == [{"tries": 3}]


def test_a_job_that_crashes_every_guest_becomes_a_dead_letter_and_can_be_retried(crasher):
    crasher.run("plugins", "set", "crasher", "--attempts", 2)
    path = crasher.write("a.crash", "2")
    crasher.up(status=1)
    dead, = crasher.rows("jobs", "--dead")
    assert (dead["status"], dead["file"]) == ("FAILED", str(path))
    shown = crasher.job(dead["job_id"])
    assert shown["dead"] and shown["strikes"] == 1 and "SIGKILL" in shown["error"]
    crasher.run("jobs", "retry", "--plugin", "crasher")
    assert crasher.rows("jobs", "--dead") == []
    crasher.up()
    assert [job["status"] for job in crasher.jobs()] == ["COMPLETED"]


def test_a_job_that_waits_is_cancelled_at_once_and_leaves_nothing(endless):
    endless.write("a.endless", "x")
    endless.run("scan")
    job, = endless.jobs()
    endless.run("jobs", "cancel", job["job_id"])
    shown = endless.job(job["job_id"])
    assert shown["status"] == "SKIPPED" and shown["error"].startswith("cancelled by ") and shown["cancelled_by"]
    endless.up()
    assert endless.output_files() == []
    assert "SKIPPED" in endless.run("jobs", "cancel", job["job_id"], status=1)


def test_a_running_job_is_stopped_and_leaves_nothing(endless):
    path = endless.write("a.endless", "x")
    endless.run("scan")
    endless.start_both()
    wait_until(lambda: os.path.exists(f"{path}.runs") and endless.staging(), endless.logs)
    job, = endless.jobs()
    endless.run("jobs", "cancel", job["job_id"], "--timeout", 120)
    assert endless.job(job["job_id"])["status"] == "SKIPPED"
    wait_until(lambda: endless.output_files() == [], lambda: f"{endless.output_files()} is left")
    assert endless.rows("workers", "list")[0]["status"] != "OFFLINE"


def test_a_job_that_is_cancelled_while_its_sentinel_is_away_is_stopped_by_the_next_one(endless):
    path = endless.write("a.endless", "x")
    endless.run("scan")
    sentinel, _ = endless.start_both()
    wait_until(lambda: os.path.exists(f"{path}.runs"), endless.logs)
    sentinel.kill()
    job, = endless.jobs()
    told = endless.run("jobs", "cancel", job["job_id"], "--timeout", 0)
    assert "told to stop" in told and endless.job(job["job_id"])["status"] == "RUNNING"
    endless.start_sentinel()
    shown = endless.wait_for_status(job["job_id"], "SKIPPED")
    assert shown["rows"] in (None, 0)
    wait_until(lambda: endless.output_files() == [], lambda: f"{endless.output_files()} is left")


def test_a_cancel_that_comes_after_the_end_says_so_and_changes_nothing(project):
    project.route("*.csv", "csv")
    project.write("a.csv", "n\n1\n")
    project.up()
    job, = project.jobs()
    assert "COMPLETED" in project.run("jobs", "cancel", job["job_id"], status=1)
    assert project.job(job["job_id"])["status"] == "COMPLETED"
    assert "424242" in project.refuse("jobs", "cancel", 424242, status=64)


def test_no_more_jobs_of_a_plugin_run_at_once_than_it_may_have(project):
    project.write_plugin("slow", """
        import os, time

        MANIFEST = {"pattern": "*.slow"}

        class Handler:
            def execute(self, file_path):
                mark = os.path.join(os.path.dirname(file_path), "..", "running", str(os.getpid()))
                os.makedirs(os.path.dirname(mark), exist_ok=True)
                open(mark, "w").close()
                time.sleep(0.1)
                most = len(os.listdir(os.path.dirname(mark)))
                os.unlink(mark)
                yield [{"most": most}]
        """)
    project.run("register", "--plugins", project.plugins)
    project.run("plugins", "set", "slow", "--concurrency", 1)
    listed, = [row for row in project.rows("plugins", "list") if row["plugin"] == "slow"]
    assert listed["concurrency"] == 1 and listed["deadline_seconds"] is None
    for number in range(8):
        project.write(f"{number}.slow", "x")
    project.run("scan")
    project.start_both(slots=4)
    project.run("jobs", "wait", "--timeout", 120)
    most = [project.cells(artifact["uri"])[0]["most"] for artifact in project.rows("artifacts", "list")]
    assert most == [1] * 8
    for flag, value in [("--deadline", "-1"), ("--concurrency", "x"), ("--retry-failures", "maybe")]:
        assert flag in project.refuse("plugins", "set", "slow", flag, value, status=64)


def test_a_plugin_that_takes_more_of_the_machine_than_it_may_costs_its_job_and_nothing_else(project):
    project.write_plugin("greedy", """
        import os

        MANIFEST = {"pattern": "*.greedy"}

        class Handler:
            def execute(self, file_path):
                what = open(file_path).read()
                if what == "memory":
                    yield [{"bytes": len(bytearray(4 << 30))}]
                while what == "time":
                    pass
                while what == "processes":
                    os.fork()
                yield [{"bytes": 0}]
        """)
    project.run("register", "--plugins", project.plugins)
    project.run("plugins", "set", "greedy", "--memory", 512, "--cpu", 2, "--processes", 8)
    listed, = [row for row in project.rows("plugins", "list") if row["plugin"] == "greedy"]
    assert listed["memory_mib"] == 512 and listed["cpu_seconds"] == 2 and listed["processes"] == 8
    for name in "memory", "fine", "time", "processes":
        project.write(f"{name}.greedy", name)
    project.run("scan")
    _, worker = project.start_both()
    project.attempt("jobs", "wait", "--timeout", 120)
    shown = [project.job(job["job_id"]) for job in project.jobs()]
    ended = {job["file"].rsplit("/", 1)[1]: (job["status"], job["error"] or "") for job in shown}
    assert ended["fine.greedy"] == ("COMPLETED", "")
    status, error = ended["memory.greedy"]
    assert status == "FAILED" and "MemoryError" in error and "may allocate 512 MiB (plugins set --memory)" in error
    status, error = ended["time.greedy"]
    assert status == "FAILED" and "used up the 2 s of processor time that it may use (plugins set --cpu)" in error
    status, error = ended["processes.greedy"]
    assert status == "FAILED" and "processes at once, and may have 8 (plugins set --processes)" in error
    assert [job["retry_count"] for job in shown] == [0, 0, 0, 0], "none was tried again"
    assert worker.is_alive()
    assert "2147483647" in project.refuse("plugins", "set", "greedy", "--memory", 1 << 40, status=64)


def test_an_error_of_the_plugin_is_tried_again_only_where_a_person_said_so(project):
    project.write_plugin("flaky", """
        import os

        MANIFEST = {"pattern": "*.flaky"}

        class Handler:
            def execute(self, file_path):
                marks = file_path + ".tries"
                with open(marks, "a") as file:
                    file.write("x")
                if os.path.getsize(marks) < 2:
                    raise ConnectionError("try me again")
                yield [{"n": 1}]
        """)
    project.run("ignores", "add", "*.tries")
    project.run("register", "--plugins", project.plugins)
    project.write("a.flaky", "x")
    project.up(status=1)
    job, = project.jobs()
    assert job["status"] == "FAILED" and "try me again" in job["error"]
    os.unlink(project.source / "a.flaky.tries")
    project.run("plugins", "set", "flaky", "--retry-failures", "yes")
    project.run("jobs", "retry", job["job_id"])
    project.up()
    assert project.job(job["job_id"])["status"] == "COMPLETED"


def test_a_plugin_that_fails_on_everything_is_paused_and_its_other_jobs_wait_until_it_is_mended(project):
    project.write_plugin("broken", """
        MANIFEST = {"pattern": "*.broken"}

        class Handler:
            def execute(self, file_path):
                raise KeyError("no such column")
        """)
    for number in range(FILES):
        project.write(f"{number}.broken", "x")
    told = project.refuse("up", "--until-idle", status=1)
    assert "'broken' is paused" in told
    count = project.status()["jobs"]
    assert count["FAILED"] >= 20 and count["QUEUED"] > 0 and count["FAILED"] + count["QUEUED"] == FILES
    paused, = project.status()["paused"]
    assert paused["plugin"] == "broken" and "no such column" in paused["reason"]
    project.write_plugin("broken", """
        MANIFEST = {"pattern": "*.broken"}

        class Handler:
            def execute(self, file_path):
                yield [{"n": 1}]
        """)
    project.run("jobs", "retry", "--all")
    project.up()
    assert project.status()["jobs"]["COMPLETED"] == FILES and project.status()["paused"] == []

