"""A file that changes between scan, parse and promotion: what it holds in the end is in the table once, nothing else is."""
import os
import pathlib
import signal

import pyarrow.parquet
import pytest

from project import wait_until

pytestmark = pytest.mark.usefixtures("unwalled")

#: So many that the reader is at it for a while, and its rows are of one length.
ROWS = 3_000_000
#: Reads a file and then does something to it, as often as there is a line left in a list beside the project's source.
MEDDLES = """
import os

class Handler:
    def execute(self, file_path):
        with open(file_path) as file:
            text = file.read()
        with open({list!r}, "r+") as file:
            left = file.read().splitlines()
            file.seek(0)
            file.truncate()
            file.write("".join(line + "\\n" for line in left[1:]))
        if left[:1] == ["touch"]:
            os.utime(file_path)
        elif left:
            with open(file_path, "a") as file:
                file.write(left[0] + "\\n")
        return [{{"line": line}} for line in text.splitlines()]
"""


def write_rows(path: pathlib.Path, digit: int) -> pathlib.Path:
    with open(path, "w") as file:
        file.write("n,digit\n")
        for start in range(0, ROWS, 100_000):
            file.write("".join(f"{n},{digit}\n" for n in range(start, start + 100_000)))
    return path


def meddling(project, *what: str) -> pathlib.Path:
    """A file and a plugin that does these things to it, one at each attempt."""
    todo = project.folder / "todo"
    todo.write_text("".join(line + "\n" for line in what))
    project.write_plugin("meddles", MEDDLES.format(list=str(todo)))
    project.route("*.txt", "meddles")
    return project.write("a.txt", "first\n")


def completed(project) -> list[dict]:
    return [project.job(job["job_id"]) for job in project.jobs() if job["status"] == "COMPLETED"]


def last_attempt(project, job: dict) -> dict:
    told, = project.rows("why", job["job_id"])
    return told["jobs"][0]["attempts"][-1]


def test_a_large_csv_that_is_replaced_while_it_is_parsed_is_read_in_the_same_run(project):
    project.route("*.csv", "csv")
    path = write_rows(project.source / "a.csv", 1)
    other = write_rows(project.folder / "other.csv", 2)
    os.utime(other, ns=(os.stat(path).st_atime_ns, os.stat(path).st_mtime_ns))
    running = project.start("up", "--until-idle")
    wait_until(project.staging, lambda: f"nothing is staged; {project.logs()}")
    other.replace(path)
    assert running.wait(300) == 0, running.log()
    first, second = project.jobs()
    assert (first["status"], second["status"]) == ("SKIPPED", "COMPLETED"), project.jobs()
    attempt = last_attempt(project, first)
    assert (attempt["outcome"], attempt["cause"]) == ("SKIPPED", "changed")
    name, = project.output_files()
    table = pyarrow.parquet.read_table(project.output / name)
    assert table.num_rows == ROWS
    assert table["digit"].unique().to_pylist() == [2]
    assert len(table["n"].unique()) == ROWS
    assert "1 skipped since their files changed" in running.log()
    told, = project.rows("why", first["job_id"])
    assert "its new content has a job of its own" in told["next"][0]


def test_a_file_that_grows_while_a_plugin_reads_it_is_read_again_in_the_same_run(project):
    meddling(project, "second", "third")
    project.up()
    statuses = [job["status"] for job in project.jobs()]
    assert statuses == ["SKIPPED", "SKIPPED", "COMPLETED"]
    job, = completed(project)
    assert [row["line"] for row in project.cells(job["artifacts"][0]["uri"])] == ["first", "second", "third"]


def test_the_settle_time_is_waited_before_a_changed_file_is_scanned_again(project):
    path = meddling(project, "second")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    project.run("up", "--until-idle", environment={"CASPARIAN_SETTLE_SECONDS": "1"})
    job, = completed(project)
    assert [row["line"] for row in project.cells(job["artifacts"][0]["uri"])] == ["first", "second"]


def test_a_file_that_is_only_touched_keeps_its_job_and_gets_its_rows(project):
    meddling(project, "touch")
    project.up()
    job, = completed(project)
    assert len(project.jobs()) == 1
    told, = project.rows("why", job["job_id"])
    assert [one["outcome"] for one in told["jobs"][0]["attempts"]] == ["SKIPPED", "SUCCESS"]
    assert [event["kind"] for event in told["jobs"][0]["events"]] == [
        "queued", "claimed", "changed", "requeued", "claimed", "succeeded"]
    assert [row["line"] for row in project.cells(job["artifacts"][0]["uri"])] == ["first"]


def test_files_that_never_stop_changing_are_named_after_some_rounds(project):
    path = meddling(project, *(f"line {number}" for number in range(40)))
    told = project.refuse("up", "--until-idle", status=1)
    assert "keep changing" in told and str(path) in told
    assert {job["status"] for job in project.jobs()} == {"SKIPPED"} and len(project.jobs()) == 11
    assert project.output_files() == []


def test_a_file_that_is_gone_at_its_turn_fails_its_job_with_the_next_step(project):
    project.route("*.csv", "csv")
    path = project.write("a.csv", "n\n1\n")
    project.run("scan")
    path.unlink()
    project.up(1)
    job, = project.jobs()
    assert job["status"] == "FAILED" and last_attempt(project, job)["cause"] == "file"
    told = project.run("why", path)
    assert "the file is gone: it was moved or deleted after it was queued" in told
    assert f"put it back if it is to be read, then casparian jobs retry {job['job_id']}" in told
    project.write("a.csv", "n\n1\n")
    project.run("jobs", "retry", job["job_id"])
    project.up()
    assert project.jobs()[0]["status"] == "COMPLETED"


def test_workers_and_sentinel_apart_skip_the_job_and_a_watching_scan_finds_the_new_content(project):
    path = meddling(project, "second")
    project.start_both()
    project.start("scan", "--watch")
    wait_until(lambda: completed(project), lambda: f"no job has completed: {project.jobs()}; {project.logs()}")
    job, = completed(project)
    assert [row["line"] for row in project.cells(job["artifacts"][0]["uri"])] == ["first", "second"]
    assert path.read_text() == "first\nsecond\n"
    assert project.processes[-1].stop(signal.SIGTERM) == 0
