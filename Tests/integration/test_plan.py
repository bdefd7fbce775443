"""What would run and why, queued on demand: `plan`, `apply` and `backfill`."""
import collections
import os
import sqlite3

import duckdb
import pytest
from conftest import initialised

FILES = 1_000
PLUGINS = {"first": "*.a", "second": "*.a", "third": "in/*.a"}
SOURCE = '''
MANIFEST = {{"pattern": "{pattern}", "topic": "{name}", "version": "{version}"}}


class Handler:
    def execute(self, file_path):
        yield [{{"text": open(file_path).read(), "version": "{version}"}}]
'''


def write_plugin(project, name, version=1):
    project.write_plugin(name, SOURCE.format(name=name, pattern=PLUGINS[name], version=version))


def plan(project, *flags):
    return project.rows("plan", *flags)


def reasons(project, *flags):
    return collections.Counter((job["plugin"], job["reason"]) for job in plan(project, *flags))


def everything_is_done(project):
    project.up()
    assert {job["status"] for job in project.jobs("--limit", 10_000)} == {"COMPLETED"}


@pytest.fixture(scope="module")
def thousand(program, tmp_path_factory):
    """A thousand files that three plugins have processed."""
    project = initialised(program, tmp_path_factory.mktemp("plan") / "project")
    for name in PLUGINS:
        write_plugin(project, name)
    for number in range(FILES):
        project.write(f"in/{number}.a", f"{number}")
    project.write("in/other.b", "b")
    assert reasons(project) == {(name, "new_file"): FILES for name in PLUGINS}
    assert project.rows("files", "list") == [], "a plan records nothing"
    everything_is_done(project)
    assert plan(project) == []
    yield project
    project.end()


def test_one_plugin_edited_gives_a_job_for_each_of_its_files(thousand):
    write_plugin(thousand, "second", version=2)
    assert reasons(thousand) == {("second", "plugin_changed"): FILES}
    assert reasons(thousand, "--plugin", "first") == {}
    told = thousand.run("plan", "--limit", 3)
    assert f"second: {FILES} jobs ({FILES} plugin changed)" in told and f"and {FILES - 3} more" in told
    assert thousand.run("apply").splitlines()[-1] == f"Queued {FILES} jobs"
    assert plan(thousand) == [] and "Queued 0 jobs" in thousand.run("apply")
    everything_is_done(thousand)
    assert plan(thousand) == []
    assert len(thousand.jobs("--limit", 10_000)) == 4 * FILES


def test_a_touch_on_all_files_gives_nothing(thousand):
    for number in range(FILES):
        os.utime(thousand.source / f"in/{number}.a")
    assert plan(thousand) == []
    thousand.run("scan")
    assert plan(thousand) == []


def test_a_rule_that_is_widened_gives_exactly_the_new_matches(thousand):
    for number in range(7):
        thousand.write(f"in/more{number}.c", f"c{number}")
    thousand.run("scan")
    assert plan(thousand) == []
    thousand.run("rules", "add", "*.c", "auto_first", "--no-queue")
    listed = plan(thousand)
    assert {(job["plugin"], job["reason"]) for job in listed} == {("first", "new_plugin")}
    assert sorted(os.path.basename(job["path"]) for job in listed) == [f"more{number}.c" for number in range(7)]
    assert "Queued 7 jobs" in thousand.run("apply")


def test_other_topics_or_parameters_give_a_job_for_each_file(project):
    write_plugin(project, "first")
    for number in range(3):
        project.write(f"{number}.a", f"{number}")
    everything_is_done(project)
    project.run("topics", "set", "first", "output", "parquet://elsewhere.parquet")
    assert reasons(project) == {("first", "configuration_changed"): 3}
    everything_is_done(project)
    assert reasons(project) == {("first", "configuration_changed"): 3}, "up queues only what has no job"
    project.run("apply")
    everything_is_done(project)
    assert plan(project) == []
    project.run("plugins", "set", "first", "--parameters", '{"a": 1}')
    assert reasons(project) == {("first", "configuration_changed"): 3}


def test_new_content_and_a_plugin_that_comes_later_are_told_as_such(project):
    write_plugin(project, "first")
    for number in range(3):
        project.write(f"{number}.a", f"{number}")
    everything_is_done(project)
    project.write("1.a", "other")
    project.write("new.a", "new")
    write_plugin(project, "second")
    assert reasons(project) == {
        ("first", "new_content"): 1, ("first", "new_file"): 1, ("second", "new_plugin"): 3, ("second", "new_file"): 1}
    (project.source / "2.a").unlink()
    assert reasons(project)[("second", "new_plugin")] == 2
    assert "Queued 5 jobs" in project.run("apply")
    everything_is_done(project)
    assert plan(project) == [] and len(project.jobs()) == 3 + 5


def table(project, column):
    """All of a column of `t`, which is in a database if there is one."""
    if (project.output / "t.db").exists():
        with sqlite3.connect(project.output / "t.db") as database:
            rows = database.execute(f"SELECT {column} FROM t ORDER BY 1").fetchall()
    else:
        rows = duckdb.sql(f"SELECT {column} FROM '{project.output}/t_*.parquet' ORDER BY 1").fetchall()
    return [value for value, in rows]


@pytest.mark.parametrize("mode, versions", [("replace", ["2", "2", "2"]), ("append", ["1", "1", "1", "2", "2", "2"])])
@pytest.mark.parametrize("uri", ["parquet://t.parquet", "sqlite://t.db/t"])
def test_a_rerun_takes_the_place_of_earlier_rows_or_adds_to_them_as_the_topic_says(project, mode, versions, uri):
    write_plugin(project, "first")
    project.run("register")
    project.run("topics", "set", "first", "output", uri, "--mode", mode)
    for number in range(3):
        project.write(f"{number}.a", f"{number}")
    everything_is_done(project)
    write_plugin(project, "first", version=2)
    project.run("apply")
    everything_is_done(project)
    assert table(project, "version") == versions


@pytest.mark.parametrize("mode, texts", [("replace", ["old"]), ("append", ["new", "old"])])
@pytest.mark.parametrize("uri", ["parquet://t.parquet", "sqlite://t.db/t"])
def test_a_table_says_what_the_file_says_also_when_earlier_content_comes_back(project, mode, texts, uri):
    write_plugin(project, "first")
    project.run("register")
    project.run("topics", "set", "first", "output", uri, "--mode", mode)
    for text in "old", "new", "old":
        project.write("1.a", text)
        everything_is_done(project)
    assert table(project, "text") == texts
    assert plan(project) == []


def test_a_plugin_that_skips_duplicates_is_given_a_content_once(project):
    write_plugin(project, "first")
    write_plugin(project, "second")
    project.run("register")
    project.run("plugins", "set", "first", "--duplicate-content", "skip")
    assert "duplicate-content" in project.refuse("plugins", "set", "first", "--duplicate-content", "maybe", status=64)
    for name in "abcd":
        project.write(f"{name}.a", "same")
    project.write("e.a", "other")
    assert reasons(project) == {("first", "new_file"): 2, ("second", "new_file"): 5}
    project.up()
    states = collections.Counter((job["plugin"], job["status"]) for job in project.jobs())
    assert states == {("first", "COMPLETED"): 2, ("first", "SKIPPED"): 3, ("second", "COMPLETED"): 5}
    why = project.run("why", project.source / "d.a")
    assert f"the same content as {project.source}/a.a" in why and "skips duplicate content" in why
    assert plan(project) == []
    # A copy that comes later; and the policy's end.
    project.write("f.a", "same")
    assert reasons(project) == {("second", "new_file"): 1}
    project.up()
    project.run("plugins", "set", "first", "--duplicate-content", "process")
    project.up()
    assert collections.Counter(job["status"] for job in project.jobs()) == {"COMPLETED": 12}
    assert {row["duplicate_content"] for row in project.rows("plugins", "list")} == {"process"}


def test_a_backfill_gives_a_plugin_what_it_lacks_and_everything_by_force(project):
    write_plugin(project, "first")
    for number in range(4):
        project.write(f"{number}.a", f"{number}")
    everything_is_done(project)
    assert project.rows("backfill", "first") == []
    assert "first: 4 jobs (4 forced)" in project.run("backfill", "first", "--force", "--dry-run")
    assert project.rows("backfill", "first", "--force", "--since", "2999-01-01") == []
    write_plugin(project, "first", version=2)
    project.run("register")
    assert [job["reason"] for job in project.rows("backfill", "first", "--dry-run")] == ["plugin_changed"] * 4
    assert len(project.jobs()) == 4
    assert "Queued 4 jobs" in project.run("backfill", "first")
    assert project.rows("backfill", "first", "--force") == [], "they wait already"
    everything_is_done(project)
    assert "no plugin 'nobody'" in project.refuse("backfill", "nobody", status=64)
    assert "no day" in project.refuse("backfill", "first", "--since", "yesterday", status=64)
