"""Sends a table of every type and nasty values through a Python plugin and through the native Parquet reader into every
sink, reads it back with tools nobody here wrote (pyarrow, DuckDB, sqlite3, psql, the TDS server's store) and compares
cell by cell.

    make check-fidelity

Each cell has to be what went in, or what docs/sinks.md says it becomes there; a value that a sink cannot hold has to be
refused with an error that names the column. Prints sink x type. Exit status 1 if a cell differs.
"""
import collections
import contextlib
import pathlib
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "integration"), str(HERE.parent / "servers")]

import stores  # noqa: E402
from project import Project, find_program  # noqa: E402
from values import TYPES  # noqa: E402

#: Yields the table in pieces of different lengths, so that batches end in the middle of everything.
PLUGIN = """
import pyarrow as pa
import pyarrow.ipc

class Handler:
    def execute(self, file_path):
        table = pa.ipc.open_file(pa.memory_map(file_path)).read_all()
        for start, end in [(0, 1), (1, 3), (3, 4), (4, table.num_rows)]:
            yield table.slice(start, end - start)
"""


def table_for(scheme: str) -> pa.Table:
    """Every type with the values that the sink can hold, as long as the longest."""
    kept = {kind.name: [value for place, value in enumerate(kind.values) if place not in kind.refused.get(scheme, [])]
            for kind in TYPES}
    length = max(map(len, kept.values()))
    return pa.table({kind.name: kind.array(kept[kind.name] + [None] * (length - len(kept[kind.name]))) for kind in TYPES})


class Route:
    """A way in: writes a table as an input file of a plugin."""

    def __init__(self, name: str, plugin: str, suffix: str):
        self.name, self.plugin, self.suffix = name, plugin, suffix

    def holds(self, table: pa.Table) -> pa.Table:
        """The table as the input file can say it: Parquet has no timestamps in seconds."""
        return stores.without_seconds(table) if self.suffix == ".parquet" else table

    def write(self, table: pa.Table, path: pathlib.Path) -> None:
        if self.suffix == ".arrow":
            with pa.ipc.new_file(path, table.schema) as file:
                file.write_table(table)
        else:
            pa.parquet.write_table(table, path, row_group_size=5)


ROUTES = [Route("Python plugin", "pieces", ".arrow"), Route("native Parquet reader", "parquet", ".parquet")]


def send(store, route: Route, table: pa.Table, folder: pathlib.Path, program, status: int = 0) -> str:
    """Runs the plugin on the table into the store; what the program said."""
    project = Project(folder, program)
    project.write_plugin("pieces", PLUGIN)
    path = project.source / ("input" + route.suffix)
    route.write(table, path)
    done = project.attempt("run", route.plugin, path, "--plugins", project.plugins, "--output", store.output, "--sink",
                           store.uri, environment=store.environment)
    assert done.returncode == status, f"{store.scheme}: ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def check_held(make, route: Route, folder: pathlib.Path, program) -> dict[str, list[str]]:
    store = make(folder)
    table = route.holds(table_for(store.scheme))
    send(store, route, table, folder, program)
    return store.compare(table, {kind.name: kind for kind in TYPES})


def check_refused(make, route: Route, folder: pathlib.Path, program) -> list[str]:
    """Each value that the sink cannot hold, alone with good ones: refused by its column's name."""
    problems = []
    for kind in TYPES:
        for place in kind.refused.get(make.scheme, []):
            below = folder / f"{kind.name}-{place}".replace("/", "_")
            store = make(below)
            table = pa.table({"good": pa.array([1, 2]), kind.name: kind.array([None, kind.values[place]])})
            try:
                said = send(store, route, table, below, program, status=1)
            except AssertionError as error:
                problems.append(f"{kind.name}: {kind.values[place]!r} was not refused: {error}")
                continue
            if f"'{kind.name}'" not in said:
                problems.append(f"{kind.name}: {kind.values[place]!r} was refused without the column's name: {said}")
    return problems


class Maker:
    """Makes a store of its kind for each check, empty."""

    def __init__(self, kind, server=None, clear=None):
        self.kind, self.scheme, self.server, self.clear = kind, kind.scheme, server, clear

    def __call__(self, folder: pathlib.Path):
        if self.clear:
            self.clear()
        return self.kind(folder, self.server) if self.server else self.kind(folder)


def makers(stack: contextlib.ExitStack, folder: pathlib.Path) -> list[Maker]:
    import postgres_process
    import tds_process
    postgres = stack.enter_context(postgres_process.running(folder / "pg"))
    (folder / "tds").mkdir()
    tds = stack.enter_context(tds_process.running(folder / "tds"))
    return [
        Maker(stores.ParquetStore), Maker(stores.SQLiteStore),
        Maker(stores.PostgreSQLStore, postgres, lambda: postgres.psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")),
        Maker(stores.SQLServerStore, tds, lambda: tds.tsql(
            "IF OBJECT_ID('dbo.t') IS NOT NULL DROP TABLE [dbo].[t]\ngo\n"
            "IF OBJECT_ID('dbo._casparian_ledger') IS NOT NULL DROP TABLE [dbo].[_casparian_ledger]\ngo\n")),
    ]


def cell_text(kind, maker, problems: list[str]) -> str:
    if problems:
        return "DIFFERS"
    mapping = maker.kind.mapping
    text = mapping.get(kind.name) or mapping.get(kind.name.split("(")[0]) or "same"
    return text + (f", {len(kind.refused[maker.scheme])} refused" if maker.scheme in kind.refused else "")


def main() -> int:
    program = find_program()
    cells = differing = 0
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casparian-fidelity-")))
        columns = makers(stack, folder)
        found: dict[tuple, list[str]] = collections.defaultdict(list)
        others: list[str] = []
        for maker in columns:
            for route in ROUTES:
                below = folder / f"{maker.scheme}-{route.plugin}"
                for name, problems in check_held(maker, route, below, program).items():
                    found[maker.scheme, name] += [f"{route.name}: {problem}" for problem in problems]
                table = table_for(maker.scheme)
                cells += table.num_rows * table.num_columns
                others += [f"{maker.scheme}, {route.name}: {problem}"
                           for problem in check_refused(maker, route, below / "refused", program)]
    print("| type | " + " | ".join(maker.scheme for maker in columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for kind in TYPES:
        print(f"| {kind.name} | " + " | ".join(
            cell_text(kind, maker, found[maker.scheme, kind.name]) for maker in columns) + " |")
    for (scheme, name), problems in found.items():
        differing += len(problems)
        for problem in problems[:5]:
            print(f"DIFFERS {scheme} {name}: {problem}")
    for problem in others:
        print(f"NOT REFUSED {problem}")
    print(f"{cells} cells compared, {differing} differ; {len(others)} values not refused as they should be")
    print(f"{cells - differing} passed, {differing + len(others)} failed")
    return 1 if differing or others or not cells else 0


if __name__ == "__main__":
    sys.exit(main())
