"""What a check needs to know of each kind of sink: its URI, its rows read with others' tools, what is left over."""
import contextlib
import io
import pathlib
import sqlite3
import sys

import duckdb
import pyarrow.parquet

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "servers"))
LEDGER = "_casparian_ledger"


class ParquetTarget:
    scheme = name = "parquet"
    uri = "parquet://sales/t.parquet"

    def __init__(self, output: pathlib.Path, server=None):
        self.output, self.server = output, server

    def reset(self) -> None:
        """Makes the target as it was in the beginning; the output folder is a new one already."""

    def keep(self) -> None:
        """Remembers the target as it is now."""

    def restore(self) -> None:
        """Puts it back; the output folder is put back already."""

    def rows(self) -> list[tuple]:
        """Every row without lineage, sorted; a missing column is None."""
        files = [str(path) for path in self.output.rglob("*.parquet")]
        if not files:
            return []
        query = "SELECT n, text, extra FROM read_parquet($files, union_by_name = true)"
        return sorted(duckdb.execute(query, {"files": files}).fetchall(), key=str)

    def jobs(self) -> list[int]:
        """One entry for each job whose rows the target says it holds, doubles included."""
        files = [str(path) for path in self.output.rglob("*.parquet")]
        return [duckdb.execute("SELECT min(_job_id) FROM read_parquet(?)", [path]).fetchall()[0][0] for path in files]

    def leftovers(self) -> list[str]:
        return [str(path) for path in self.output.rglob("*") if ".stg" in path.name]


class PartitionedTarget(ParquetTarget):
    """A folder for each text."""
    name, steps = "parquet, partitioned", "parquet?partition"
    uri = "parquet://sales/t.parquet?partition=text"

    def rows(self):
        files = [str(path) for path in self.output.rglob("*.parquet")]
        query = """SELECT n, text, extra FROM read_parquet($files, union_by_name = true, hive_partitioning = true,
                   hive_types_autocast = false)"""
        return sorted(duckdb.execute(query, {"files": files}).fetchall(), key=str) if files else []

    def jobs(self):
        return sorted(set(super().jobs()))


class ObjectTarget(ParquetTarget):
    """Objects of a bucket."""
    scheme = name = "parquet+s3"
    uri = "parquet+s3://tables/sales/t.parquet"
    objects: dict[str, bytes] = {}

    def reset(self):
        self.server.put_back({})

    def keep(self):
        self.objects = self.server.objects()

    def restore(self):
        self.server.put_back(self.objects)

    def tables(self) -> list:
        return [pyarrow.parquet.read_table(io.BytesIO(body)) for key, body in self.server.objects().items()
                if key.endswith(".parquet")]

    def leftovers(self):
        # An empty object `sales/` is how folders are told there.
        return super().leftovers() + [key for key in self.server.objects() if not key.endswith((".parquet", "/"))]

    def rows(self):
        names = ("n", "text", "extra")
        return sorted((tuple(row.get(name) for name in names) for table in self.tables() for row in table.to_pylist()),
                      key=str)

    def jobs(self):
        return [table["_job_id"][0].as_py() for table in self.tables()]


class SQLiteTarget(ParquetTarget):
    scheme = name = "sqlite"
    uri = "sqlite://db/sales.db/orders"

    def path(self) -> pathlib.Path:
        return self.output / "db/sales.db"

    def query(self, text: str) -> list[tuple]:
        if not self.path().exists():
            return []
        connection = sqlite3.connect(self.path())
        try:
            return connection.execute(text).fetchall()
        finally:
            connection.close()

    def rows(self):
        return sorted(self.query("SELECT n, text, extra FROM orders"), key=str)

    def jobs(self):
        return [job for job, in self.query(f"SELECT job_id FROM {LEDGER} WHERE replaced_by IS NULL")]

    def leftovers(self):
        tables = self.query("SELECT name FROM sqlite_master WHERE name LIKE '%stg%'")
        journals = [str(path) for path in self.output.rglob("*") if path.name.endswith(("-journal", "-wal"))]
        return super().leftovers() + [name for name, in tables] + journals


class PostgreSQLTarget(ParquetTarget):
    scheme = name = "postgresql"
    uri = "postgresql://sales.orders"
    database, kept = "checked", "kept"

    def reset(self):
        self.server.psql(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        self.server.psql(f"CREATE DATABASE {self.database}")

    def keep(self):
        self.server.psql(f"DROP DATABASE IF EXISTS {self.kept}")
        self.server.psql(f"CREATE DATABASE {self.kept} TEMPLATE {self.database}")

    def restore(self):
        self.server.psql(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        self.server.psql(f"CREATE DATABASE {self.database} TEMPLATE {self.kept}")

    def query(self, text: str) -> list[str]:
        return self.server.psql(text, self.database, "-At", "-F", "|").splitlines()

    def rows(self):
        found = [line.split("|") for line in self.query("SELECT n, text, extra FROM sales.orders")]
        return sorted([(int(n), text, float(extra) if extra else None) for n, text, extra in found], key=str)

    def jobs(self):
        return [int(job) for job in self.query(f"SELECT job_id FROM sales.{LEDGER} WHERE replaced_by IS NULL")]

    def leftovers(self):
        return self.query("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE '%stg%'")


class SQLServerTarget(ParquetTarget):
    """In the test server's own store."""
    scheme = name = "mssql"
    uri = "mssql://sales.orders"

    def reset(self):
        copy_database(self.server.store.with_suffix(".first"), self.server.store)

    def keep(self):
        copy_database(self.server.store, self.server.store.with_suffix(".kept"))

    def restore(self):
        copy_database(self.server.store.with_suffix(".kept"), self.server.store)

    def query(self, text: str) -> list[tuple]:
        connection = sqlite3.connect(self.server.store)
        try:
            return connection.execute(text).fetchall()
        finally:
            connection.close()

    def rows(self):
        return sorted(self.query('SELECT n, text, extra FROM "sales.orders"'), key=str)

    def jobs(self):
        return [job for job, in self.query(f'SELECT job_id FROM "sales.{LEDGER}" WHERE replaced_by IS NULL')]

    def leftovers(self):
        return [name for name, in self.query("SELECT name FROM tds_tables WHERE name LIKE '%stg%'")]


def copy_database(source: pathlib.Path, target: pathlib.Path) -> None:
    """With what is in its write-ahead log, and while others have it open."""
    with contextlib.closing(sqlite3.connect(source)) as one, contextlib.closing(sqlite3.connect(target)) as other:
        one.backup(other)


class Kind:
    """A kind of target with its server, ready to be opened for an output folder."""

    def __init__(self, target, server=None, environment: dict | None = None):
        self.target, self.server, self.environment = target, server, environment or {}
        self.scheme, self.name = target.scheme, target.name
        #: Under what its steps are listed.
        self.steps = getattr(target, "steps", target.scheme)
        #: Jobs write to one table.
        self.is_shared = "parquet" not in target.scheme

    def open(self, output: pathlib.Path):
        target = self.target(output, self.server)
        target.reset()
        return target


def open_kinds(stack: contextlib.ExitStack, folder: pathlib.Path) -> list[Kind]:
    """All kinds, with their servers started."""
    import moto_process
    import postgres_process
    import tds_process
    postgres = stack.enter_context(postgres_process.running(folder / "pg"))
    postgres.psql(f"CREATE DATABASE {PostgreSQLTarget.database}")
    (folder / "tds").mkdir()
    tds = stack.enter_context(tds_process.running(folder / "tds"))
    copy_database(tds.store, tds.store.with_suffix(".first"))
    moto = stack.enter_context(moto_process.running())
    return [
        Kind(ParquetTarget), Kind(PartitionedTarget), Kind(ObjectTarget, moto, moto.environment()), Kind(SQLiteTarget),
        Kind(PostgreSQLTarget, postgres, postgres.environment(PostgreSQLTarget.database)),
        Kind(SQLServerTarget, tds, tds.client_environment()),
    ]
