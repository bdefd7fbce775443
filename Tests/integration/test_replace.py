"""A file is delivered three times with changed content: readers of its table see one version or the next, whole."""
import contextlib
import os
import pathlib
import sqlite3
import sys
import tempfile
import threading

import duckdb
import pytest

from project import ROOT, WAIT_SECONDS, wait_until

sys.path.insert(0, str(ROOT / "Tests/crash"))
import targets  # noqa: E402

ROWS = 5_000
VERSIONS = 3
#: A folder is listed so often for each time its files are read.
LISTINGS = 2_000
TABLES = {
    "parquet": "parquet://sales/t.parquet",
    "sqlite": "sqlite://db/sales.db/orders",
    "postgresql": "postgresql://sales.orders",
    "mssql": "mssql://sales.orders",
}


def query(table: str) -> str:
    return f"SELECT count(*), min(version), max(version) FROM {table}"


def read_parquet(target) -> tuple:
    faults = 0
    for _ in range(LISTINGS):
        names = [name for name in os.listdir(target.output / "sales") if name.endswith(".parquet")]
        # On some file systems one listing may show a folder as it never was.
        faults = faults + 1 if len(names) != 1 else 0
        if faults == 2:
            return tuple(names)
    files = target.output / "sales/t_[0-9]*.parquet"
    return duckdb.connect().execute(query(f"read_parquet('{files}')")).fetchone()


def read_sqlite(target) -> tuple:
    with contextlib.closing(sqlite3.connect(f"file:{target.path()}?mode=ro", uri=True, timeout=30)) as database:
        return database.execute(query("orders")).fetchone()


def read_postgresql(target) -> tuple:
    line, = target.query(query("sales.orders"))
    return tuple(map(int, line.split("|")))


def read_mssql(target) -> tuple:
    """As another session of the test server would: from what is committed in its store."""
    return target.query(query('"sales.orders"'))[0]


READERS = {"parquet": read_parquet, "sqlite": read_sqlite, "postgresql": read_postgresql, "mssql": read_mssql}


@pytest.fixture(scope="module")
def kinds():
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="casparian-replace-"))
        yield {kind.name: kind for kind in targets.open_kinds(stack, pathlib.Path(folder))}


class Reader(threading.Thread):
    """Reads the table over and over, from its first version on."""

    def __init__(self, read, target):
        super().__init__(daemon=True)
        self.read, self.target = read, target
        self.seen, self.problem = [], None
        self.told = threading.Event()

    def run(self):
        try:
            while True:
                is_last = self.told.is_set()
                try:
                    self.seen.append(self.read(self.target))
                except duckdb.IOException:
                    # Renamed after the folder was listed and before the file was opened.
                    pass
                if is_last:
                    return
        except BaseException as problem:
            self.problem = problem

    def end(self) -> list[tuple]:
        self.told.set()
        self.join(WAIT_SECONDS)
        assert not self.is_alive(), "the last reading does not end"
        assert self.problem is None, self.problem
        return self.seen


@pytest.mark.parametrize("name", TABLES)
def test_readers_of_a_replaced_table_see_one_version_or_the_next_never_both_or_neither(name, project, kinds):
    project.environment |= kinds[name].environment
    target = kinds[name].open(project.output)
    project.run("topics", "set", "csv", "output", TABLES[name], "--mode", "replace")
    project.route("*.csv", "csv")
    deliver(project, 1)
    project.up()
    reader = Reader(READERS[name], target)
    reader.start()
    wait_until(lambda: reader.seen, "nothing could be read")
    for version in range(2, VERSIONS + 1):
        deliver(project, version)
        project.up()
    seen = reader.end()
    assert seen[-1] == whole(VERSIONS)
    assert set(seen) <= {whole(version) for version in range(1, VERSIONS + 1)}, set(seen)
    assert len(seen) > 1
    assert [job["status"] for job in project.jobs()] == ["COMPLETED"] * VERSIONS


def deliver(project, version: int) -> None:
    lines = [f"{row},{version}" for row in range(ROWS + version)]
    project.write("in.csv", "\n".join(["n,version", *lines, ""]))


def whole(version: int) -> tuple:
    return ROWS + version, version, version
