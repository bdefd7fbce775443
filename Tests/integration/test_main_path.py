"""From a folder of files to tables, the way the README shows it."""
import hashlib
import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet
import pytest

from conftest import initialised
from project import ROOT, Project

GENERATOR = """
    from casparian_flow.sdk import PluginMetadata

    MANIFEST = PluginMetadata(pattern="*.log", topic="log_lines", version="1.2.0", description="Lines of logs")

    class Handler:
        def execute(self, file_path):
            with open(file_path, encoding="utf-8") as file:
                for number, line in enumerate(file, start=1):
                    level, _, text = line.rstrip("\\n").partition(" ")
                    yield [{"number": number, "level": level, "text": text}]
    """
PUBLISHER = """
    import json
    from casparian_flow.sdk import BasePlugin, PluginMetadata

    MANIFEST = PluginMetadata(pattern="events/*.txt", sinks={"errors": "parquet://side/errors.parquet"})

    class Handler(BasePlugin):
        def consume(self, event):
            good, bad = [], []
            with open(event.path) as file:
                for line in file:
                    try:
                        good.append({"value": int(line)})
                    except ValueError:
                        bad.append({"line": line.strip(), "version": event.file_id})
            self.publish("good", good)
            self.publish("errors", bad)
    """


def fill(project) -> Project:
    """Files of four kinds, one that nobody wants, and one that is ignored."""
    project.write_plugin("log_reader", GENERATOR)
    project.write_plugin("events", PUBLISHER)
    project.route("*.csv", "csv")
    project.route("*.jsonl", "jsonl")
    project.run("ignores", "add", "*.tmp")
    project.write("a.csv", "id,name\n1,Ann\n2,Bob\n")
    project.write("deep/er/b.csv", "id,name\n3,Cé\n")
    project.write("c.jsonl", '{"k": 1}\n{"k": null, "more": "x"}\n')
    project.write("d.log", "INFO all is well\nWARN not so\n")
    project.write("events/e.txt", "1\n2\nthree\n")
    project.write("unwanted.bin", b"\0")
    project.write("ignored.csv.tmp", "id\n1\n")
    return project


@pytest.fixture
def filled(project):
    return fill(project)


@pytest.fixture(scope="module")
def done(program, tmp_path_factory):
    """A filled project after `up`; for tests that only look."""
    project = fill(initialised(program, tmp_path_factory.mktemp("done") / "project"))
    project.up()
    return project


def test_init_makes_a_project_and_a_second_init_leaves_it_as_it_is(project):
    assert (project.folder / "casparian.yaml").exists()
    assert (project.folder / "plugins").is_dir() and (project.folder / "output").is_dir()
    (project.folder / "casparian.yaml").write_text("slots: 1\n")
    project.run("init", project.folder)
    assert (project.folder / "casparian.yaml").read_text() == "slots: 1\n"


def test_files_of_every_kind_end_as_the_tables_of_their_plugins(done):
    jobs = {os.path.relpath(job["file"], done.source): job for job in done.jobs()}
    assert {name: (job["plugin"], job["status"], job["rows"]) for name, job in jobs.items()} == {
        "a.csv": ("csv", "COMPLETED", 2), "deep/er/b.csv": ("csv", "COMPLETED", 1),
        "c.jsonl": ("jsonl", "COMPLETED", 2), "d.log": ("log_reader", "COMPLETED", 2),
        "events/e.txt": ("events", "COMPLETED", 3)}
    artifacts = {(one["job_id"], one["topic"]): one for one in done.rows("artifacts", "list")}

    def cells(name, topic="output"):
        artifact = artifacts[jobs[name]["job_id"], topic]
        assert len(done.cells(artifact["uri"])) == artifact["rows"]
        return done.cells(artifact["uri"])

    assert cells("a.csv") == [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}]
    assert cells("deep/er/b.csv") == [{"id": 3, "name": "Cé"}]
    assert cells("c.jsonl") == [{"k": 1, "more": None}, {"k": None, "more": "x"}]
    assert cells("d.log") == [
        {"number": 1, "level": "INFO", "text": "all is well"}, {"number": 2, "level": "WARN", "text": "not so"}]
    assert cells("events/e.txt", "good") == [{"value": 1}, {"value": 2}]
    assert [row["line"] for row in cells("events/e.txt", "errors")] == ["three"]
    assert len(artifacts) == 6 and done.staging() == []


def test_output_files_are_where_topic_sink_and_job_say(done):
    ids = {os.path.basename(job["file"]): job["job_id"] for job in done.jobs()}
    assert done.output_files() == sorted([
        f"csv_output_{ids['a.csv']}.parquet", f"csv_output_{ids['b.csv']}.parquet",
        f"jsonl_output_{ids['c.jsonl']}.parquet", f"log_lines_{ids['d.log']}.parquet",
        f"events_good_{ids['e.txt']}.parquet", f"side/errors_{ids['e.txt']}.parquet"])
    assert {one["uri"] for one in done.rows("artifacts", "list")} == {
        f"parquet://{done.output / name}" for name in done.output_files()}


def test_every_row_says_which_job_and_which_version_of_which_file_it_is_from(done):
    versions = {one["path"]: one for one in done.rows("files", "list")}
    for artifact in done.rows("artifacts", "list"):
        job = done.job(artifact["job_id"])
        table = done.table(artifact["uri"])
        assert table.schema.names[-2:] == ["_job_id", "_file_version_id"]
        assert set(table.column("_job_id").to_pylist()) == {job["job_id"]}
        assert set(table.column("_file_version_id").to_pylist()) == {versions[job["file"]]["file_version_id"]}
        assert table.schema.field("_job_id").type == table.schema.field("_file_version_id").type == pa.int64()
        with open(job["file"], "rb") as file:
            assert job["content_hash"] == hashlib.sha256(file.read()).hexdigest()


def test_what_nobody_wants_is_known_and_what_is_ignored_is_not(done):
    names = {os.path.basename(one["path"]) for one in done.rows("files", "list")}
    assert "unwanted.bin" in names and "ignored.csv.tmp" not in names


def test_manifests_are_registered_with_version_rule_and_topics(done):
    plugins = {one["plugin"]: one for one in done.rows("plugins", "list")}
    assert (plugins["log_reader"]["version"], plugins["log_reader"]["tags"]) == ("1.2.0", ["auto_log_reader"])
    rules = {(one["pattern"], one["tag"]) for one in done.rows("rules", "list")}
    assert {("*.log", "auto_log_reader"), ("events/*.txt", "auto_events")} <= rules
    topics = {(one["plugin"], one["topic"]): one["uri"] for one in done.rows("topics", "list")}
    assert topics["log_reader", "output"] == "parquet://log_lines.parquet"
    assert topics["events", "errors"] == "parquet://side/errors.parquet"


def test_a_second_up_makes_no_new_job(filled):
    filled.up()
    jobs, files = filled.jobs(), filled.output_files()
    filled.up()
    assert filled.jobs() == jobs and filled.output_files() == files


def test_a_touched_file_with_the_same_content_makes_no_new_job(filled):
    filled.up()
    jobs = filled.jobs()
    os.utime(filled.source / "a.csv", (1, 1))
    filled.up()
    assert filled.jobs() == jobs


def test_a_changed_file_makes_one_new_version_and_one_new_job(filled):
    filled.up()
    before = filled.jobs()
    path = filled.write("a.csv", "id,name\n1,Ann\n2,Bob\n9,New\n")
    filled.up()
    added = [job for job in filled.jobs() if job not in before]
    assert len(added) == 1 and len(filled.jobs()) == len(before) + 1
    assert (added[0]["file"], added[0]["status"], added[0]["rows"]) == (str(path), "COMPLETED", 3)
    old, = [job for job in before if job["file"] == str(path)]
    shown = filled.job(added[0]["job_id"])
    assert shown["file_version_id"] != filled.job(old["job_id"])["file_version_id"]
    assert {row["name"] for row in filled.cells(shown["artifacts"][0]["uri"])} == {"Ann", "Bob", "New"}


def test_a_file_that_changes_while_it_is_read_is_kept_out_and_taken_up_as_it_is_then(project, unwalled):
    project.write_plugin("disturber", """
        class Handler:
            def execute(self, file_path):
                text = open(file_path).read()
                yield [{"text": text}]
                if text == "before":
                    with open(file_path, "a") as file:
                        file.write(" and after")
        """)
    project.route("*.txt", "disturber")
    path = project.write("a.txt", "before")
    project.up()
    first, again = project.jobs()
    assert first["status"] == "SKIPPED" and str(path) in first["error"] and "changed after it was queued" in first["error"]
    assert again["status"] == "COMPLETED" and len(project.output_files()) == 1
    assert project.cells(project.job(again["job_id"])["artifacts"][0]["uri"]) == [{"text": "before and after"}]


def test_up_ends_with_1_when_a_job_fails_and_the_other_jobs_complete(filled):
    filled.write("broken.csv", "id,name\n1\n")
    done = filled.attempt("up", "--until-idle")
    assert done.returncode == 1 and "1 job failed" in done.stderr and "jobs list --status FAILED" in done.stderr
    states = [job["status"] for job in filled.jobs()]
    assert sorted(states) == ["COMPLETED"] * 5 + ["FAILED"]


def test_up_ends_with_1_and_names_the_plugin_that_nobody_offers(project):
    project.route("*.x", "nowhere")
    project.write("a.x", "1")
    done = project.attempt("up", "--until-idle")
    assert done.returncode == 1 and "'nowhere'" in done.stderr
    assert [job["status"] for job in project.jobs()] == ["QUEUED"]


def test_sentinel_scan_and_worker_do_the_same_as_processes_of_their_own(filled):
    filled.run("register", "--plugins", filled.plugins)
    filled.run("scan")
    filled.start_both(slots=2)
    filled.run("jobs", "wait", "--timeout", 40)
    assert {job["status"] for job in filled.jobs()} == {"COMPLETED"} and len(filled.jobs()) == 5
    assert len(filled.output_files()) == 6


def test_scan_makes_a_root_of_a_folder_it_does_not_know(project):
    other = project.folder / "elsewhere"
    other.mkdir()
    (other / "a.csv").write_text("a\n1\n")
    project.route("*.csv", "csv")
    project.run("scan", other)
    assert str(other) in [one["path"] for one in project.rows("roots", "list")]
    assert [job["file"] for job in project.jobs()] == [str(other / "a.csv")]


def everything_below(folder) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


@pytest.mark.parametrize("plugin, name, content, words", [
    ("csv", "a.csv", "id,name\n1,Ann\n2,Bob\n", ["id", "name", "Ann", "Bob"]),
    ("shouter", "a.txt", "quiet\nwords\n", ["loud", "QUIET", "WORDS"]),
])
def test_a_preview_shows_columns_and_rows_and_leaves_nothing_behind(program, tmp_path, plugin, name, content, words):
    project = Project(tmp_path, program)
    project.write_plugin("shouter", """
        class Handler:
            def execute(self, file_path):
                yield [{"loud": line.strip().upper()} for line in open(file_path)]
        """)
    path = project.write(name, content)
    before = everything_below(tmp_path)
    printed = project.run("run", plugin, path, "--preview", 5)
    assert everything_below(tmp_path) == before
    for word in words:
        assert word in printed


def test_a_preview_shows_no_more_rows_than_were_asked_for(program, tmp_path):
    project = Project(tmp_path, program)
    path = project.write("a.csv", "word\n" + "".join(f"row{number:03}\n" for number in range(100)))
    printed = project.run("run", "csv", path, "--preview", 5)
    assert [number for number in range(100) if f"row{number:03}" in printed] == [0, 1, 2, 3, 4]


def test_run_writes_a_table_without_a_database(program, tmp_path):
    project = Project(tmp_path, program)
    path = project.write("a.csv", "id\n1\n2\n")
    project.run("run", "csv", path, "--output", project.output)
    file, = project.output_files()
    assert project.cells(str(project.output / file)) == [{"id": 1}, {"id": 2}]
    assert not list(tmp_path.rglob("*.sqlite3*"))


def test_a_table_says_which_file_plugin_and_version_made_it(program, tmp_path):
    project = Project(tmp_path, program)
    project.write_plugin("log", GENERATOR)
    for plugin, version in (("log", "1.2.0"), ("csv", "1.0.0")):
        path = project.write("a.log", "number,level\n1,INFO\n")
        project.run("run", plugin, path, "--sink", f"parquet://{plugin}.parquet")
        file, = project.output.glob(f"{plugin}_*.parquet")
        kept = pyarrow.parquet.read_metadata(file).metadata
        origin = json.loads(kept[b"casparian.origin"])
        assert (origin["plugin"], origin["plugin_version"], origin["file"]) == (plugin, version, str(path))
        assert kept[b"casparian.writer"].startswith(b"casparian")


def test_run_ends_with_1_and_the_reason_when_a_file_cannot_be_read(program, tmp_path):
    project = Project(tmp_path, program)
    path = project.write("a.csv", "id,name\n1\n")
    done = project.attempt("run", "csv", path, "--output", project.output)
    assert done.returncode == 1 and "line 2" in done.stdout + done.stderr
    assert not project.output.exists() or project.output_files() == []


def test_the_example_plugin_for_dpkgs_log_reads_one(project):
    shutil.copy(ROOT / "Tests/integration/plugins/dpkg_log.py", project.plugins)
    project.route("dpkg.log", "dpkg_log")
    project.write("dpkg.log", "2024-05-01 10:00:00 startup archives unpack\n"
                              "2024-05-01 10:00:01 install libx:amd64 <none> 1.2-3\n")
    project.up()
    job, = project.jobs()
    first, second = project.cells(project.job(job["job_id"])["artifacts"][0]["uri"])
    assert (first["action"], first["kind"], first["command"]) == ("startup", "archives", "unpack")
    assert (second["package"], second["version"], second["new_version"]) == ("libx:amd64", "<none>", "1.2-3")


def test_json_lines_on_standard_output_are_all_that_a_listing_prints(done):
    for noun in ("roots", "rules", "ignores", "plugins", "topics", "files", "jobs", "artifacts", "workers"):
        for line in done.run(noun, "list", "--json").splitlines():
            assert isinstance(json.loads(line), dict)
