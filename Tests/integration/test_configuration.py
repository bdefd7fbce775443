"""Settings, configuration in the database, listings and exit codes."""
import json

import pytest

from conftest import initialised
from project import WAIT_SECONDS

#: Keys of each listing, in their order; more may follow.
KEYS = {
    "roots": ["id", "path", "type", "active"],
    "rules": ["id", "pattern", "tag", "priority"],
    "ignores": ["id", "pattern", "root", "active"],
    "plugins": ["plugin", "version", "status", "tags", "parameters", "error"],
    "topics": ["id", "plugin", "topic", "uri", "mode", "schema"],
    "files": ["location_id", "path", "size_bytes", "file_version_id", "modified", "tags", "gone_since"],
    "jobs": ["job_id", "status", "plugin", "file", "rows", "size_bytes", "error", "quarantined"],
    "artifacts": ["job_id", "plugin", "topic", "rows", "size_bytes", "uri", "file_version_id"],
    "workers": ["hostname", "pid", "status", "current_job_id", "plugins", "started_at", "last_heartbeat"],
}
JOB_KEYS = [
    "job_id", "status", "plugin", "file", "file_version_id", "content_hash", "priority", "retry_count", "worker_host",
    "worker_pid", "claim_time", "end_time", "rows", "size_bytes", "result", "error", "artifacts",
    "quarantined"]

#: Fails unless its parameters say otherwise.
PICKY = """
    from casparian_flow.sdk import BasePlugin

    class Handler(BasePlugin):
        def consume(self, event):
            if not self.config.get("works"):
                raise ValueError("not configured to work")
            return [{"n": 1}]
    """


# Settings

def test_a_flag_wins_over_the_environment_that_over_the_file_and_that_over_the_default(project):
    def where(*flags, **options):
        before = set(project.folder.glob("*.db"))
        project.run("rules", "add", "*.x", "tag", *flags, **options)
        return [path.name for path in set(project.folder.glob("*.db")) - before]

    (project.folder / "casparian.yaml").write_text("slots: 1\n")
    assert (project.folder / "casparian_flow.sqlite3").exists() and where() == []
    (project.folder / "casparian.yaml").write_text("database: file.db\n")
    assert where() == ["file.db"]
    variable = {"CASPARIAN_DATABASE": "variable.db"}
    assert where(environment=variable) == ["variable.db"]
    assert where("--database", "flag.db", environment=variable) == ["flag.db"]


def test_the_same_holds_for_the_output_of_a_run(project):
    path = project.write("a.csv", "n\n1\n")

    def where(*flags, **options):
        before = {one.name for one in project.folder.iterdir()}
        project.run("run", "csv", path, *flags, **options)
        return [one.name for one in project.folder.iterdir() if one.name not in before]

    (project.folder / "output").rmdir()
    (project.folder / "casparian.yaml").write_text("slots: 1\n")
    assert where() == ["output"]
    (project.folder / "casparian.yaml").write_text("output: from_file\n")
    assert where() == ["from_file"]
    variable = {"CASPARIAN_OUTPUT": "from_variable"}
    assert where(environment=variable) == ["from_variable"]
    assert where("--output", "from_flag", environment=variable) == ["from_flag"]


def test_paths_in_the_file_start_at_its_folder_and_paths_in_flags_where_one_stands(project):
    (project.folder / "casparian.yaml").write_text("database: beside_file.db\n")
    elsewhere = project.folder / "elsewhere"
    elsewhere.mkdir()
    project.run("rules", "add", "*.x", "tag", "--config", "../casparian.yaml", folder=elsewhere)
    assert (project.folder / "beside_file.db").exists()
    project.run(
        "rules", "add", "*.x", "tag", "--config", "../casparian.yaml", "--database", "here.db", folder=elsewhere)
    assert (elsewhere / "here.db").exists()


def test_roots_and_ignored_patterns_of_the_file_count(project):
    other = project.folder / "other"
    other.mkdir()
    (other / "a.csv").write_text("n\n1\n")
    (other / "b.csv").write_text("n\n1\n")
    (project.folder / "casparian.yaml").write_text("roots:\n  - other\nignore:\n  - b.csv\n")
    project.route("*.csv", "csv")
    project.up()
    assert [job["file"] for job in project.jobs()] == [str(other / "a.csv")]


@pytest.mark.parametrize("text, line", [("slots: 1\nslotz: 2\n", 2), ("# hello\n\nworkers: 2\n", 3)])
def test_an_unknown_key_is_refused_with_file_and_line(project, text, line):
    (project.folder / "casparian.yaml").write_text(text)
    said = project.refuse("roots", "list", status=64)
    assert f"{project.folder}/casparian.yaml:{line}" in said
    assert text.splitlines()[line - 1].split(":")[0] in said and "database" in said


@pytest.mark.parametrize("text, words", [
    ("slots: many\n", ["slots", "whole number"]), ("slots: 0\n", ["slots", "256"]),
    ("slots: 257\n", ["slots", "256"]), ("settle_seconds: -1\n", ["settle_seconds"]),
    ("log:\n  level: loud\n", ["level", "loud"]), ("roots: {\n", ["casparian.yaml", "YAML"]),
])
def test_a_value_that_cannot_be_used_is_refused_by_name(project, text, words):
    (project.folder / "casparian.yaml").write_text(text)
    said = project.refuse("roots", "list", environment={"CASPARIAN_SETTLE_SECONDS": ""}, status=64)
    for word in words:
        assert word in said


def test_a_value_of_the_environment_that_cannot_be_used_is_refused_too(project):
    assert "slots" in project.refuse("roots", "list", environment={"CASPARIAN_SLOTS": "many"}, status=64)


def test_log_lines_are_json_where_they_are_asked_to_be(project):
    sentinel = project.start_sentinel("--log-format", "json", "--log-level", "debug")
    for line in sentinel.log().splitlines():
        assert {"time", "level", "source", "message"} <= set(json.loads(line))


# Configuration in the database

def test_a_topic_set_while_the_sentinel_runs_counts_at_the_next_dispatch(project):
    project.route("*.csv", "csv")
    project.start_both()

    def next_uri(name):
        project.write(name, "n\n1\n")
        project.run("scan")
        project.run("jobs", "wait", "--timeout", WAIT_SECONDS)
        return project.rows("artifacts", "list")[-1]["uri"]

    assert next_uri("1.csv").startswith(f"parquet://{project.output}/csv_output_")
    project.run("topics", "set", "csv", "output", "parquet://else/where.parquet")
    assert next_uri("2.csv").startswith(f"parquet://{project.output}/else/where_")
    project.run("topics", "remove", "csv", "output")
    assert next_uri("3.csv").startswith(f"parquet://{project.output}/csv_output_")


def test_parameters_set_while_the_sentinel_runs_count_at_the_next_dispatch(project):
    project.route("*.csv", "csv")
    project.start_both()
    for name, delimiter in (("1.csv", ";"), ("2.csv", "|")):
        project.run("plugins", "set", "csv", "--parameters", json.dumps({"delimiter": delimiter}))
        project.write(name, f"a{delimiter}b\n1{delimiter}2\n")
        project.run("scan")
        project.run("jobs", "wait", "--timeout", WAIT_SECONDS)
        assert project.cells(project.rows("artifacts", "list")[-1]["uri"]) == [{"a": 1, "b": 2}]


def test_what_a_person_set_wins_over_the_manifest(project):
    project.write_plugin("declared", """
        MANIFEST = {"pattern": "*.txt", "topic": "declared_topic"}

        class Handler:
            def execute(self, file_path):
                return [{"n": 1}]
        """)
    project.run("plugins", "set", "declared")
    project.run("topics", "set", "declared", "output", "parquet://mine.parquet")
    project.write("a.txt", "x")
    project.up()
    job, = project.jobs()
    assert project.output_files() == [f"mine_{job['job_id']}.parquet"]


def test_a_rule_added_later_reaches_files_that_are_known_already(project):
    project.write("a.csv", "n\n1\n")
    project.run("scan")
    assert project.jobs() == []
    project.route("*.csv", "csv")
    assert [job["status"] for job in project.jobs()] == ["QUEUED"]


# Waiting, and why

def test_a_job_without_any_worker_stays_queued_and_status_says_why(project):
    project.route("*.csv", "csv")
    project.write("a.csv", "n\n1\n")
    project.run("scan")
    told = project.run("status")
    assert "'csv'" in told and "no worker is connected" in told
    status, = project.rows("status")
    assert status["jobs"]["QUEUED"] == 1 and status["workers"] == 0 and status["roots"] == [str(project.source)]
    waiting, = status["waiting"]
    assert (waiting["plugin"], waiting["jobs"]) == ("csv", 1) and "no worker" in waiting["reason"]


def test_a_job_that_no_worker_can_run_stays_queued_and_status_names_the_plugin(project):
    project.route("*.csv", "csv")
    project.route("*.csv", "nowhere")
    project.start_both()
    project.write("a.csv", "n\n1\n")
    project.run("scan")
    ids = {job["plugin"]: job["job_id"] for job in project.jobs()}
    project.run("jobs", "wait", ids["csv"], "--timeout", WAIT_SECONDS)
    assert project.job(ids["nowhere"])["status"] == "QUEUED"
    waiting, = project.rows("status")[0]["waiting"]
    assert waiting["plugin"] == "nowhere" and "nowhere.py" in waiting["reason"]
    assert "'nowhere'" in project.run("status")


def test_a_retried_job_runs_again_under_its_id(project):
    project.write_plugin("picky", PICKY)
    project.route("*.txt", "picky")
    project.write("a.txt", "x")
    project.up(1)
    job, = project.jobs()
    assert job["status"] == "FAILED" and "not configured to work" in job["error"]
    project.run("plugins", "set", "picky", "--parameters", '{"works": true}')
    project.run("jobs", "retry", job["job_id"])
    assert [one["status"] for one in project.jobs()] == ["QUEUED"]
    project.up()
    shown = project.job(job["job_id"])
    assert (shown["status"], shown["retry_count"], shown["error"], shown["rows"]) == ("COMPLETED", 1, None, 1)
    assert project.output_files() == [f"picky_output_{job['job_id']}.parquet"]
    assert str(job["job_id"]) in project.refuse("jobs", "retry", job["job_id"], status=64)


def test_all_failed_jobs_can_be_retried_at_once(project):
    project.write_plugin("picky", PICKY)
    project.route("*.txt", "picky")
    for number in range(3):
        project.write(f"{number}.txt", str(number))
    project.up(1)
    project.run("plugins", "set", "picky", "--parameters", '{"works": true}')
    project.run("jobs", "retry", "--all-failed")
    project.up()
    assert [job["status"] for job in project.jobs()] == ["COMPLETED"] * 3


def test_waiting_ends_with_the_jobs_and_its_status_says_how(project):
    project.route("*.csv", "csv")
    good, bad = project.write("good.csv", "n\n1\n"), project.write("bad.csv", "a,b\n1\n")
    project.run("scan")
    ids = {job["file"]: job["job_id"] for job in project.jobs()}
    assert "2 jobs" in project.refuse("jobs", "wait", "--timeout", 0.2, status=1)
    project.start_both()
    project.run("jobs", "wait", ids[str(good)], "--timeout", WAIT_SECONDS)
    assert "failed" in project.refuse("jobs", "wait", "--timeout", WAIT_SECONDS, status=1)
    project.refuse("jobs", "wait", ids[str(bad)], status=1)
    assert "999" in project.refuse("jobs", "wait", 999, status=64)


# Listings

@pytest.fixture(scope="module")
def used(program, tmp_path_factory):
    """A project with a row in every listing; for tests that only look."""
    project = initialised(program, tmp_path_factory.mktemp("used") / "project")
    project.route("*.csv", "csv")
    project.run("ignores", "add", "*.tmp")
    project.run("topics", "set", "csv", "output", "parquet://tables.parquet")
    project.write("a.csv", "n\n1\n")
    project.write("b.csv", "a,b\n1\n")
    project.up(1)
    return project


@pytest.mark.parametrize("noun", KEYS)
def test_listings_have_their_keys_in_their_order(used, noun):
    rows = used.rows(noun, "list")
    assert rows
    for row in rows:
        assert list(row)[:len(KEYS[noun])] == KEYS[noun]
    assert used.rows(noun) == rows or noun == "workers"


def test_a_job_is_shown_with_all_its_keys(used):
    for job in used.jobs():
        shown = used.job(job["job_id"])
        assert list(shown)[:len(JOB_KEYS)] == JOB_KEYS
        for artifact in shown["artifacts"]:
            assert list(artifact)[:4] == ["topic", "uri", "rows", "size_bytes"]


def test_a_file_is_shown_with_its_jobs(used):
    shown, *jobs = used.rows("files", "show", used.source / "a.csv")
    assert list(shown)[:8] == KEYS["files"] + ["content_hash"] and len(shown["content_hash"]) == 64
    assert [job["status"] for job in jobs] == ["COMPLETED"]


def test_listings_can_be_narrowed(used):
    assert [job["status"] for job in used.jobs("--status", "failed")] == ["FAILED"]
    assert used.jobs("--plugin", "other") == [] and len(used.jobs("--limit", 1)) == 1
    assert [one["path"] for one in used.rows("files", "list", "--contains", "b.csv")] == [str(used.source / "b.csv")]
    assert len(used.rows("files", "list", "--tag", "auto_csv")) == 2


# Exit codes

def test_a_broken_line_fails_its_job_with_file_line_and_reason_where_a_person_wants_that(project):
    project.route("*.csv", "csv")
    project.run("plugins", "set", "csv", "--parameters", '{"ragged": "error"}')
    path = project.write("broken.csv", "a,b\n" + "1,2\n" * 40 + "1,2,3\n" + "1,2\n" * 10)
    project.up(1)
    job, = project.jobs()
    shown = project.job(job["job_id"])
    assert shown["status"] == "FAILED" and project.output_files() == []
    assert str(path) in shown["error"] and "line 42" in shown["error"]
    assert "expected 2 fields and found 3" in shown["error"]
    assert "line 42" in job["error"]


@pytest.mark.parametrize("arguments, words", [
    (["no-such-command"], "no-such-command"), (["jobs", "list", "--no-such-flag"], "no-such-flag"),
    (["jobs", "show", "999"], "999"), (["jobs", "show", "x"], "x"), (["jobs", "retry"], "job ids"),
    (["rules", "remove", "999"], "999"), (["roots", "remove", "/no/where"], "/no/where"),
    (["topics", "set", "csv", "output", "no uri"], "no uri"), (["rules", "add", "# comment", "tag"], "comment"),
    (["rules", "add", "*.csv", "a,b"], "tag"), (["plugins", "set", "csv", "--parameters", "[1]"], "JSON object"),
    (["ignores", "add", "*.x", "--root", "/no/where"], "/no/where"), (["files", "show", "/no/where"], "/no/where"),
    (["worker", "--slots", "0"], "slots"), (["sentinel", "--bind", "nonsense"], "nonsense"),
])
def test_misuse_ends_with_64_and_names_the_thing(project, arguments, words):
    assert words in project.refuse(*arguments, status=64)


def test_what_cannot_be_reached_ends_with_69_and_names_the_thing(project):
    free = project.address
    for arguments, words in [
        (["roots", "list", "--database", "missing.db"], "missing.db"),
        (["roots", "list", "--database", "no/folder/x.db"], "no/folder"),
        (["roots", "add", "no_folder"], "no_folder"),
        (["scan", "no_folder"], "no_folder"),
        (["worker", "--connect", free, "--connect-timeout", 1, "--output", "output"], free),
        (["worker", "--connect", free, "--plugins", "no_plugins", "--output", "output"], "no_plugins"),
        (["topics", "set", "csv", "output", "parquet://x.parquet", "--schema", "no_file"], "no_file"),
    ]:
        assert words in project.refuse(*arguments, status=69)


def test_a_database_that_is_none_is_told_with_69(project):
    (project.folder / "text.db").write_text("this is no database\n" * 100)
    assert "text.db" in project.refuse("roots", "list", "--database", "text.db", status=69)


def test_an_address_that_is_taken_is_told_with_69(project):
    project.start_sentinel()
    assert project.address in project.refuse(
        "sentinel", "--bind", project.address, "--database", project.folder / "other.sqlite3", status=69)


def test_a_root_that_has_gone_is_told_by_up_with_69_and_the_others_are_done(project):
    other = project.folder / "other"
    other.mkdir()
    project.run("roots", "add", other)
    other.rmdir()
    project.route("*.csv", "csv")
    project.write("a.csv", "n\n1\n")
    assert str(other) in project.refuse("up", "--until-idle", status=69)
    assert [job["status"] for job in project.jobs()] == ["COMPLETED"]
