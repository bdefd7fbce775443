"""`casparian why`, the event log and `casparian status` tell what became of files and jobs, and what to do next."""
import json
import signal

from project import wait_until

FINE = "class Handler:\n    def execute(self, file_path):\n        return [{'n': 1}]\n"
RAISES = """
class Handler:
    def execute(self, file_path):
        self.deeper(file_path)

    def deeper(self, path):
        raise ValueError(f"cannot read {path}")
"""
WAITS = """
import os
import time

class Handler:
    def execute(self, file_path):
        while not os.path.exists({gate!r}):
            time.sleep(0.02)
        return [{{"n": 1}}]
"""


def why(project, subject, **options) -> dict:
    """The answer as JSON."""
    told, = project.rows("why", subject, **options)
    return told


def why_at_rest(project, subject, **options) -> dict:
    """The same where nothing changes: the text says the same next steps."""
    told, text = why(project, subject, **options), project.run("why", subject, **options)
    assert [line.removeprefix("next: ") for line in text.splitlines() if line.startswith("next: ")] == (
        told["next"] or ["nothing to do"])
    return told


def kinds(job: dict) -> list[str]:
    return [event["kind"] for event in job["events"]]


def has_step(told: dict, words: str) -> bool:
    return any(words in step for step in told["next"])


def test_a_failed_job_is_told_with_its_whole_traceback_and_after_a_retry_with_both_attempts(project):
    project.write_plugin("p", RAISES)
    project.route("*.txt", "p")
    path = project.write("a.txt", "x")
    project.up(1)
    told = why_at_rest(project, path)
    job, = told["jobs"]
    attempt, = job["attempts"]
    number = job["job_id"]
    assert (job["status"], attempt["outcome"], attempt["attempt"]) == ("FAILED", "FAILED", 1)
    assert attempt["worker_pid"] > 0 and attempt["claimed_at"] <= attempt["ended_at"]
    for words in ("Traceback (most recent call last)", "in execute", "self.deeper(file_path)", "in deeper",
                  f"ValueError: cannot read {path}"):
        assert words in attempt["error"] and words in project.run("why", number)
    assert has_step(told, f"casparian jobs retry {number}")
    assert kinds(job) == ["queued", "claimed", "failed"]
    assert "ValueError: cannot read" in job["events"][2]["detail"]
    status = project.run("status")
    assert f"job {number}, 'p' on {path}" in status and f"casparian why {number}" in status
    assert project.rows("status")[0]["failed"] == [number]

    project.write_plugin("p", FINE)
    project.run("jobs", "retry", number)
    project.up()
    told = why_at_rest(project, number)
    job, = told["jobs"]
    assert [one["outcome"] for one in job["attempts"]] == ["FAILED", "SUCCESS"]
    assert kinds(job) == ["queued", "claimed", "failed", "retried", "claimed", "succeeded"]
    assert [event["attempt"] for event in job["events"]] == [1, 1, 1, 2, 2, 2]
    artifact, = job["artifacts"]
    assert (job["rows"], artifact["rows"]) == (1, 1) and artifact["uri"].startswith("parquet://")
    assert told["next"] == []
    output = why(project, artifact["uri"].removeprefix("parquet://"))
    assert output["made_by"][0]["job_id"] == number and has_step(output, f"it is output: casparian why {number}")
    assert kinds(project.job(number)) == kinds(job)
    assert "Failed" not in project.run("status")


def test_rules_versions_and_settledness_of_a_file_are_told_from_wherever_it_is_asked(project):
    project.write_plugin("p", FINE)
    project.route("*.txt", "p")
    path = project.write("in/a.txt", "x")
    project.up()
    project.write("in/a.txt", "longer")
    project.up()
    answers = [why(project, path), why(project, "source/in/a.txt"), why(project, "in/a.txt"),
               why(project, "a.txt", folder=path.parent, environment={
                   "CASPARIAN_DATABASE": str(project.folder / "casparian_flow.sqlite3")})]
    for told in answers:
        assert told["path"] == str(path) and told["settled"]
        place, = told["places"]
        assert [version["size_bytes"] for version in place["versions"]] == [1, 6]
        rule, = place["rules"]
        assert (rule["pattern"], rule["tag"], rule["plugins"]) == ("*.txt", "auto_p", ["p"])
        assert [job["outdated"] for job in told["jobs"]] == [True, False]
        assert told["next"] == []
    told = why(project, path, environment={"CASPARIAN_SETTLE_SECONDS": "86400"})
    assert not told["settled"] and has_step(told, "was left alone for 1440 min")


def test_files_that_get_no_job_are_told_with_the_reason(project):
    project.run("ignores", "add", "*.tmp")
    project.run("ignores", "add", "cache/")
    project.run("rules", "add", "*.csv", "sales")
    for name in ("a.txt", "a.tmp", "cache/deep/b.txt", "a.csv"):
        project.write(name, "x")
    project.run("scan")
    late = project.write("late.txt", "x")
    outside = project.folder / "outside.txt"
    outside.write_text("x")
    link = project.source / "link"
    link.symlink_to(project.folder)
    rules = {rule["pattern"]: rule["id"] for rule in project.rows("ignores", "list")}
    situations = {
        "source/a.txt": "no rule matches it: casparian rules add '*.txt' auto_PLUGIN",
        "source/a.tmp": f"casparian ignores remove {rules['*.tmp']}",
        "source/cache/deep/b.txt": f"casparian ignores remove {rules['cache/']}",
        "source/a.csv": "no plugin subscribes to sales",
        str(late): f"no scan has seen it yet: casparian scan {project.source}",
        str(outside): f"no root covers it: casparian scan {project.folder}",
        "source/nothing.txt": "there is no such file, and no scan has seen one",
        "source": "it is a source root",
        str(link): "those are not followed",
        "casparian_flow.sqlite3": "the system's own file",
    }
    for subject, words in situations.items():
        told = why_at_rest(project, subject)
        assert told["jobs"] == [] and has_step(told, words), (subject, told["next"])
    hit = why(project, "source/cache/deep/b.txt")["places"][0]["ignored_by"]
    assert (hit["pattern"], hit["path"], hit["origin"]) == ("cache/", "cache", "rule")
    project.run("roots", "remove", project.source)
    assert has_step(why(project, late), "is not scanned any more: casparian roots add")
    assert "there is no job 4242" in project.refuse("why", 4242, status=64)


def test_a_job_that_no_worker_can_take_says_so_while_a_worker_runs_and_while_none_does(project):
    project.route("*.txt", "absent")
    path = project.write("a.txt", "x")
    project.run("scan")
    told = why(project, path)
    assert has_step(told, "no worker is connected: start one") and kinds(told["jobs"][0]) == ["queued"]
    project.start_both()
    told = why(project, path)
    assert has_step(told, "no connected worker offers 'absent': put absent.py into a worker's plugins folder")
    assert told["jobs"][0]["status"] == "QUEUED"


def test_waiting_and_running_jobs_are_told_also_after_everything_was_killed(project):
    gate = project.folder / "gate"
    project.write_plugin("p", WAITS.format(gate=str(gate)))
    project.route("*.txt", "p")
    sentinel, worker = project.start_both()
    first = project.write("a.txt", "1")
    project.run("scan")
    running, = project.jobs()
    project.wait_for_status(running["job_id"], "RUNNING")
    second = project.write("b.txt", "22")
    project.run("scan")
    told = why(project, first)
    assert has_step(told, f"it runs: casparian jobs wait {running['job_id']}")
    job, = told["jobs"]
    assert (job["status"], job["worker_pid"], kinds(job)) == ("RUNNING", worker.pid, ["queued", "claimed"])
    assert f"{worker.pid}@" in project.run("why", first)
    assert has_step(why(project, second), "it is next; 1 worker offers the plugin")

    worker_pid = worker.pid
    sentinel.kill()
    worker.kill()
    told = why(project, first)
    assert has_step(told, "its worker is gone: the sentinel hands it out again")
    gate.touch()
    project.start_both()
    for one in project.jobs():
        project.wait_for_status(one["job_id"], "COMPLETED")
    job, = why(project, first)["jobs"]
    assert [kind for kind in kinds(job) if kind != "due"] == [
        "queued", "claimed", "lost", "requeued", "claimed", "succeeded"]
    lost = job["events"][2]
    assert lost["worker"].startswith(f"{worker_pid}@") and "dead" in lost["detail"]
    assert [one["outcome"] for one in job["attempts"]] == ["LOST", "SUCCESS"]


def test_waits_between_attempts_and_a_persons_wish_are_told(project):
    project.write_plugin("p", RAISES)
    project.route("*.txt", "p")
    project.run("plugins", "set", "p", "--retry-failures", "yes")
    path = project.write("a.txt", "x")
    project.run("scan")
    job, = project.jobs()
    sentinel, worker = project.start_both()
    wait_until(lambda: "requeued" in kinds(project.job(job["job_id"])), project.logs)
    sentinel.kill()
    worker.kill()
    told, = why(project, path)["jobs"]
    assert kinds(told)[:4] == ["queued", "claimed", "failed", "requeued"]
    assert told["events"][3]["attempt"] == 2 and told["events"][3]["detail"].startswith("waits until ")
    assert "ValueError: cannot read" in told["attempts"][0]["error"]

    other = project.write("b.txt", "yy")
    project.run("scan")
    number = next(one["job_id"] for one in project.jobs() if one["file"] == str(other))
    project.run("jobs", "cancel", number)
    told = why(project, number)
    assert kinds(told["jobs"][0]) == ["queued", "cancelled"] and told["jobs"][0]["cancelled_by"]
    assert has_step(told, f"a person called it off; to run it after all: casparian jobs retry {number}")


def test_events_are_followed_while_they_happen_and_listed_afterwards(project):
    project.write_plugin("p", FINE)
    project.route("*.txt", "p")
    project.run("scan")
    follower = project.start("events", "--follow", "--json")

    def seen() -> list[dict]:
        return [json.loads(line) for line in follower.log().splitlines(keepends=True) if line.endswith("\n")]

    project.write("a.txt", "1")
    project.up()
    wait_until(lambda: len(seen()) >= 3, lambda: follower.log())
    project.write("b.txt", "22")
    project.up()
    events = wait_until(lambda: seen() if len(seen()) >= 6 else None, lambda: follower.log())
    assert [event["kind"] for event in events] == ["queued", "claimed", "succeeded"] * 2
    assert [event["id"] for event in events] == sorted({event["id"] for event in events})
    assert follower.stop(signal.SIGINT) in (-signal.SIGINT, 130)
    assert project.rows("events") == events
    job = events[-1]["job_id"]
    assert project.rows("events", "--job", job) == events[3:]
    assert project.rows("events", "--limit", 2) == events[4:]
    assert "there is no job 4242" in project.refuse("events", "--job", 4242, status=64)
    text = project.run("events", "--limit", 1)
    assert "succeeded" in text and "1 row" in text
