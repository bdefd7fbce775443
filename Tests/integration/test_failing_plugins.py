"""Whatever a plugin does, it costs its own job: a reason is kept, nothing is left behind, the worker goes on."""
import textwrap

import pytest

from conftest import initialised
from project import wait_until

PRINTS = """line = "x" * 99_999 + "\\n"
for _ in range(1_000):
    sys.stdout.write(line)
print("the last words")
"""
#: Bodies of `execute`. Where it can be, a first table is staged before the plugin fails.
FIRST = "yield [{'n': 1}]\n"
BODIES = {
    "fine": FIRST,
    "raises": FIRST + "self.deeper(file_path)",
    "exits": FIRST + "os._exit(3)",
    "exits_politely": FIRST + "sys.exit(5)",
    "is_killed": FIRST + "os.kill(os.getpid(), signal.SIGKILL)",
    "crashes": FIRST + "ctypes.string_at(0)",
    "returns_an_object": "return object()",
    "yields_an_object": FIRST + "yield 5",
    "writes_into_the_channel": FIRST + "os.write(3, b'no frame of the protocol at all')",
    "closes_the_channel": FIRST + "os.close(3)\ntime.sleep(600)",
    "takes_a_reserved_name": FIRST + "yield [{'_job_id': 5}]",
    "takes_the_other_reserved_name": FIRST + "yield [{'_file_version_id': 5}]",
    "prints_and_raises": FIRST + PRINTS + "raise ValueError('after much printing')",
    "prints": FIRST + PRINTS,
    "will_be_misspelt": FIRST,
    "will_miss_an_import": FIRST,
}
SOURCE = """
import ctypes
import os
import signal
import sys
import time

MANIFEST = {{"pattern": "{name}/*"}}

class Handler:
    def deeper(self, file_path):
        raise ValueError(f"cannot read {{file_path}}")

    def execute(self, file_path):
{body}
"""


def write(project, name: str, body: str) -> None:
    project.write_plugin(name, SOURCE.format(name=name, body=textwrap.indent(body, " " * 8)))


@pytest.fixture(scope="module")
def running(program, tmp_path_factory):
    """One sentinel and one worker of one slot for all of these plugins."""
    project = initialised(program, tmp_path_factory.mktemp("failing") / "project")
    for name, body in BODIES.items():
        write(project, name, body)
    project.sentinel, project.worker = project.start_both()
    # Whether another attempt follows is another test's.
    for name in BODIES:
        project.run("plugins", "set", name, "--attempts", "1")
    project.counter = 0
    yield project
    project.end()


def run_job(project, plugin: str) -> dict:
    """Gives the plugin a new file and waits for its job's end."""
    project.counter += 1
    path = project.write(f"{plugin}/{project.counter}.txt", f"file {project.counter}\n")
    project.run("scan")
    job, = [job for job in project.jobs() if job["file"] == str(path)]
    return project.wait_for_status(job["job_id"], "COMPLETED", "FAILED")


def fail(project, plugin: str) -> str:
    """The error of the plugin's job, after all that every failure has to leave in order."""
    before = project.output_files()
    shown = run_job(project, plugin)
    assert shown["status"] == "FAILED", shown
    assert shown["artifacts"] == [] and shown["retry_count"] == 0
    assert project.output_files() == before
    assert project.worker.is_alive(), project.worker.log()
    assert [row["pid"] for row in project.rows("workers", "list")] == [project.worker.pid]
    following = run_job(project, "fine")
    assert following["status"] == "COMPLETED" and following["worker_pid"] == project.worker.pid
    assert project.staging() == []
    return shown["error"]


def test_a_plugin_that_raises_has_its_whole_traceback_kept(running):
    error = fail(running, "raises")
    for text in ("Traceback (most recent call last)", "raises.py", "in execute", "self.deeper(file_path)",
                 "in deeper", "ValueError: cannot read", "plugin 'raises'"):
        assert text in error
    assert "casparian_flow/guest" not in error


def test_a_plugin_that_exits_is_told_with_its_exit_status(running):
    error = fail(running, "exits")
    assert "exit status 3" in error and "plugin 'exits'" in error


def test_a_plugin_that_calls_sys_exit_fails_with_what_to_do_instead(running):
    error = fail(running, "exits_politely")
    assert "sys.exit(5)" in error and "return from consume or execute" in error


def test_a_plugin_that_is_killed_is_told_with_the_signal(running):
    assert "SIGKILL" in fail(running, "is_killed")


def test_a_plugin_that_crashes_is_told_with_the_signal_and_the_python_lines(running):
    error = fail(running, "crashes")
    assert "SIGSEGV" in error and "crashes.py" in error


@pytest.mark.parametrize("plugin, kind", [("returns_an_object", "object"), ("yields_an_object", "int")])
def test_what_is_no_table_is_told_with_topic_and_type(running, plugin, kind):
    error = fail(running, plugin)
    assert "topic 'output'" in error and f"a table of {kind}" in error and "pandas DataFrame" in error


def test_a_plugin_that_writes_into_the_channel_is_told_to_leave_it_alone(running):
    assert "descriptor 3" in fail(running, "writes_into_the_channel")


def test_a_plugin_that_closes_the_channel_and_stays_is_ended(running):
    assert "descriptor 3" in fail(running, "closes_the_channel")


@pytest.mark.parametrize("plugin, name", [
    ("takes_a_reserved_name", "_job_id"), ("takes_the_other_reserved_name", "_file_version_id")])
def test_a_reserved_column_name_is_refused(running, plugin, name):
    error = fail(running, plugin)
    assert f"'{name}'" in error and "reserved" in error


def test_100_mb_of_prints_before_a_failure_keep_their_end_only(running):
    error = fail(running, "prints_and_raises")
    assert "ValueError: after much printing" in error and "the last words" in error
    assert len(error) < 200_000
    assert running.worker.resident_bytes() < 600_000_000


def test_100_mb_of_prints_are_no_failure(running):
    shown = run_job(running, "prints")
    assert (shown["status"], shown["rows"]) == ("COMPLETED", 1)
    assert len(running.worker.log()) < 1_000_000


def refusal(running, plugin: str) -> str:
    """What the list of plugins says of an edit that cannot be loaded, while the version before goes on."""
    def entry():
        row = next(row for row in running.rows("plugins", "list") if row["plugin"] == plugin)
        return row if row["error"] else None
    row = wait_until(entry, running.logs)
    assert row["status"] == "ACTIVE"
    assert run_job(running, plugin)["status"] == "COMPLETED"
    return row["error"]


def test_a_plugin_that_becomes_misspelt_is_told_with_file_and_line(running):
    running.write_plugin("will_be_misspelt", "class Handler:\n    def execute(self, file_path)\n        return None\n")
    error = refusal(running, "will_be_misspelt")
    assert "SyntaxError" in error and "will_be_misspelt.py" in error and "line 2" in error


def test_a_plugin_that_comes_to_miss_an_import_is_told_with_its_traceback(running):
    running.write_plugin(
        "will_miss_an_import", "import nowhere_to_be_found\n\nclass Handler:\n    def execute(self, path): ...\n")
    error = refusal(running, "will_miss_an_import")
    assert "Traceback" in error and "No module named 'nowhere_to_be_found'" in error


@pytest.mark.parametrize("source, words", [
    ("class Handler:\n    def execute(self, file_path)\n", "SyntaxError"),
    ("import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found'"),
    ("import os\nos._exit(7)\n", "exit status 7"),
])
def test_a_plugin_that_is_broken_from_the_start_is_listed_with_the_reason_and_its_jobs_fail_with_it(
        project, source, words):
    project.write_plugin("broken", source)
    project.write_plugin("whole", "class Handler:\n    def execute(self, file_path):\n        return [{'n': 1}]\n")
    project.route("*.txt", "broken")
    project.route("*.txt", "whole")
    project.write("a.txt", "x")
    done = project.attempt("up", "--until-idle")
    assert done.returncode == 1 and words in done.stderr
    plugins = {one["plugin"]: one for one in project.rows("plugins", "list")}
    assert plugins["broken"]["status"] == "FAILED" and words in plugins["broken"]["error"]
    jobs = {job["plugin"]: job for job in project.jobs()}
    assert {name: job["status"] for name, job in jobs.items()} == {"broken": "FAILED", "whole": "COMPLETED"}
    assert words in project.job(jobs["broken"]["job_id"])["error"]


def test_one_of_two_slots_goes_on_while_the_other_ones_plugin_dies(project):
    write(project, "exits", "os._exit(3)")
    write(project, "fine", FIRST)
    for number in range(10):
        project.write(f"exits/{number}", str(number))
        project.write(f"fine/{number}", str(number))
    project.up(1, "--slots", 2)
    states = {(job["plugin"], job["status"]) for job in project.jobs()}
    assert states == {("exits", "FAILED"), ("fine", "COMPLETED")} and len(project.jobs()) == 20
    assert len(project.output_files()) == 10
