"""Plugins that change, come and go while a worker runs."""
import hashlib
import os
import sqlite3

import duckdb
import pyarrow.parquet

from project import wait_until

JOBS = int(os.environ.get("CASPARIAN_RELOAD_JOBS", "4000"))

#: Says its version when its module is loaded, when a job begins and when it ends.
PLUGIN = '''
LOADED = {version}
MANIFEST = {{"pattern": "*.n", "topic": "n", "version": "{version}.0.0"}}

class Handler:
    def execute(self, file_path):
        yield [{{"loaded": LOADED, "began": {version}, "ended": {version}}}]
'''


def write_version(project, name: str, version: int) -> str:
    """Replaces the plugin's file; returns the hash of what it has now."""
    source = PLUGIN.format(version=version)
    project.write_plugin(name, source)
    return hashlib.sha256((project.plugins / f"{name}.py").read_bytes()).hexdigest()


def shown(project, name: str) -> dict:
    return next(row for row in project.rows("plugins", "list") if row["plugin"] == name)


def wait_for_source(project, name: str, source: str) -> None:
    wait_until(lambda: shown(project, name)["source"] == source[:12], lambda: f"{shown(project, name)}{project.logs()}")


def test_every_job_runs_one_whole_version_while_the_plugin_changes_and_breaks_under_load(project):
    hashes = {write_version(project, "counter", 0): 0}
    for number in range(JOBS):
        (project.source / f"{number}.n").write_text("x")
    sentinel, worker = project.start_both(slots=2)
    project.run("scan")
    for version in range(1, 6):
        done = project.status()["jobs"]["COMPLETED"] if version > 1 else 0
        if version == 3:
            (project.plugins / "counter.py").write_text("def broken(")
            wait_until(lambda: shown(project, "counter")["error"], lambda: f"no error shown{project.logs()}")
            assert "cannot be loaded and is not used" in shown(project, "counter")["error"]
            assert shown(project, "counter")["status"] == "ACTIVE"
        else:
            source = write_version(project, "counter", version)
            hashes[source] = version
            wait_for_source(project, "counter", source)
        # Some jobs of each version, if any are left.
        wait_until(lambda: (now := project.status()["jobs"])["COMPLETED"] > done or now["QUEUED"] == 0, project.logs)
    project.run("jobs", "wait", "--timeout", 250)
    assert project.status()["jobs"]["COMPLETED"] == JOBS and worker.is_alive()
    assert [row["pid"] for row in project.rows("workers", "list")] == [worker.pid]
    with sqlite3.connect(project.folder / "casparian_flow.sqlite3") as state:
        attempts = state.execute("SELECT job_id, plugin_hash, outcome FROM cf_job_attempt").fetchall()
        broken = state.execute("SELECT status, validation_error FROM cf_plugin_manifest WHERE status = 'FAILED'").fetchall()
    assert len(attempts) == JOBS and {outcome for _, _, outcome in attempts} == {"SUCCESS"}
    version_of = {job: hashes[source] for job, source, _ in attempts}
    rows = duckdb.sql(
        f"SELECT _job_id, loaded, began, ended FROM read_parquet('{project.output}/n_*.parquet')").fetchall()
    assert len(rows) == JOBS
    assert all(loaded == began == ended == version_of[job] for job, loaded, began, ended in rows)
    assert len(set(version_of.values())) >= 3, "the load was over before the plugin had changed often enough"
    assert len(broken) == 1 and "was never closed" in broken[0][1]


def test_a_plugin_that_is_put_there_gets_the_files_that_are_known_and_one_that_is_taken_away_gets_none(project):
    write_version(project, "first", 1)
    sentinel, worker = project.start_both()
    project.write("a.m", "x")
    project.run("scan")
    project.write_plugin("second", PLUGIN.format(version=2).replace("*.n", "*.m").replace('"n"', '"m"'))
    wait_until(lambda: project.jobs(), lambda: f"no job{project.logs()}")
    assert project.wait_for_status(1, "COMPLETED")["plugin"] == "second"
    (project.plugins / "second.py").unlink()
    wait_until(lambda: "second" not in project.rows("workers", "list")[0]["plugins"], project.logs)
    project.write("b.m", "x")
    project.run("scan")
    why = project.run("why", "2")
    assert project.job(2)["status"] == "QUEUED" and "no connected worker offers 'second'" in why
    project.write_plugin("second", PLUGIN.format(version=3).replace("*.n", "*.m").replace('"n"', '"m"'))
    project.wait_for_status(2, "COMPLETED")
    assert worker.is_alive()


def test_a_version_that_was_broken_and_is_mended_is_used_and_why_tells_which_one_made_a_row(project):
    first = write_version(project, "p", 1)
    sentinel, worker = project.start_both()
    (project.plugins / "p.py").write_text("raise ValueError('not today')")
    wait_until(lambda: "not today" in (shown(project, "p")["error"] or ""), project.logs)
    project.write("a.n", "x")
    project.run("scan")
    project.wait_for_status(1, "COMPLETED")
    assert f"plugin source {first[:12]}" in project.run("why", "1")
    second = write_version(project, "p", 2)
    wait_for_source(project, "p", second)
    assert shown(project, "p")["error"] is None
    project.write("b.n", "x")
    project.run("scan")
    project.wait_for_status(2, "COMPLETED")
    assert project.cells(f"{project.output}/n_2.parquet") == [{"loaded": 2, "began": 2, "ended": 2}]
    metadata = pyarrow.parquet.read_metadata(project.output / "n_2.parquet").metadata
    assert any(second.encode() in value for value in metadata.values())


def test_a_plugin_that_never_could_be_loaded_is_named_and_runs_once_it_can(project):
    project.write_plugin("p", "import nothing_of_that_name")
    sentinel, worker = project.start_both()
    assert shown(project, "p")["status"] == "FAILED"
    source = write_version(project, "p", 1)
    wait_for_source(project, "p", source)
    project.write("a.n", "x")
    project.run("scan")
    project.wait_for_status(1, "COMPLETED")
