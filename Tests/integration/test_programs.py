"""Plugins that are programs of their own: one in Swift, and one that speaks the guest protocol with nothing of ours."""
import hashlib
import os
import pathlib
import shutil
import stat

import pytest

from project import PYTHON, ROOT, wait_until


def put(project, source: pathlib.Path, name: str) -> pathlib.Path:
    """A program in the plugins folder, executable, replaced as a whole."""
    project.plugins.mkdir(exist_ok=True)
    path, part = project.plugins / f"{name}.plugin", project.plugins / f".{name}"
    shutil.copyfile(source, part)
    part.chmod(0o755)
    part.replace(path)
    return path


@pytest.fixture
def swift(program):
    built = pathlib.Path(program).parent / "Sales"
    if not built.exists():
        built = ROOT / ".build/debug/Sales"
    assert built.exists(), "swift build makes it: Examples/swift-plugin"
    return built


@pytest.fixture
def plain(project):
    """The example, run by the interpreter that has pyarrow."""
    text = (ROOT / "Examples/plain_guest.py").read_text().split("\n", 1)[1]
    path = project.folder / "plain_guest"
    path.write_text(f"#!{PYTHON}\n{text}")
    return path


def test_a_swift_plugin_makes_typed_rows_and_rejects_what_it_cannot_read(project, swift):
    path = put(project, swift, "sales")
    project.write("monday.sales", "book;2;9.50\nfilm;1;20\nno sale\nbook;x;1\n")
    project.up()
    job, = project.jobs()
    shown = project.job(job["job_id"])
    made = {artifact["topic"]: artifact["uri"] for artifact in shown["artifacts"]}
    assert project.cells(made["output"]) == [
        {"article": "book", "pieces": 2, "price": 9.5}, {"article": "film", "pieces": 1, "price": 20.0}]
    assert [row["line"] for row in project.cells(made["rejected"])] == [3, 4]
    source = hashlib.sha256(path.read_bytes()).hexdigest()
    listed, = [row for row in project.rows("plugins", "list") if row["plugin"] == "sales"]
    assert (listed["status"], listed["version"], listed["source"]) == ("ACTIVE", "1.0.0", source[:12])
    assert f"plugin source {source[:12]}" in project.run("why", job["job_id"])


def test_a_swift_plugin_takes_parameters_and_its_errors_are_the_jobs(project, swift):
    put(project, swift, "sales")
    path = project.write("a.sales", "book;2;9.50\nfilm;1;20\n")
    told = project.run("run", "sales", path, "--preview", 5, "--parameters", '{"price_max": 10}')
    assert "book" in told and "topic rejected" in told
    wrong = project.refuse("run", "sales", path, "--preview", 5, "--parameters", '{"price_max": "x"}', status=1)
    assert "price_max" in wrong, wrong
    path.write_bytes(b"\xff\xfe\xff")
    error = project.refuse("run", "sales", path, "--preview", 5, status=1)
    assert "plugin 'sales'" in error


def test_a_guest_without_our_sdk_serves_jobs_and_tells_its_failures(project, plain):
    put(project, plain, "words")
    project.write("a.words", "to be or not to be")
    project.up()
    assert {row["word"]: row["count"] for row in project.cells(f"{project.output}/words_1.parquet")} == {
        "to": 2, "be": 2, "or": 1, "not": 1}
    (project.source / "b.words").write_bytes(b"\xff\xff")
    project.up(1)
    assert "UnicodeDecodeError" in project.job(2)["error"]


def test_a_program_that_is_replaced_is_taken_up_and_one_that_is_no_guest_is_refused(project, plain):
    path = put(project, plain, "words")
    project.environment["CASPARIAN_ENVIRONMENTS"] = str(project.folder / "environments")
    sentinel, worker = project.start_both()
    first = hashlib.sha256(path.read_bytes()).hexdigest()
    other = project.folder / "other"
    other.write_text(plain.read_text().replace('"1.0.0"', '"2.0.0"'))
    second = hashlib.sha256(put(project, other, "words").read_bytes()).hexdigest()

    def listed():
        return next(row for row in project.rows("plugins", "list") if row["plugin"] == "words")
    wait_until(lambda: listed()["source"] == second[:12], project.logs)
    assert listed()["version"] == "2.0.0" and first != second
    (project.folder / "no_guest").write_text("#!/bin/sh\necho hello\n")
    put(project, project.folder / "no_guest", "words")
    wait_until(lambda: listed()["error"], project.logs)
    assert "cannot be loaded and is not used" in listed()["error"]
    # The last good version goes on, from a copy of it.
    project.write("a.words", "a b")
    project.run("scan")
    project.wait_for_status(1, "COMPLETED")
    assert f"plugin source {second[:12]}" in project.run("why", "1") and worker.is_alive()


def test_a_file_that_is_not_executable_is_no_plugin(project, plain):
    path = put(project, plain, "words")
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert os.access(path, os.R_OK)
    assert [row["plugin"] for row in project.rows("register")] == []
