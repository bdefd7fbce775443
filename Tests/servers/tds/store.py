"""Tables in a SQLite file, and a catalog of what they are in SQL Server's words.

The table `[s].[t]` is the SQLite table `s.t`, its columns have no affinity, so that a value stays what it is. A reader
of the file needs no more than that. Each connection of a client has one of its own here.
"""
import contextlib
import dataclasses
import re
import sqlite3

from .errors import SQLError, no_object
from .sqltypes import SQLType

BUSY_SECONDS = 120
COLUMNS_MAX = 1024
CATALOG = """
CREATE TABLE IF NOT EXISTS tds_schemas (schema_id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE);
CREATE TABLE IF NOT EXISTS tds_tables (object_id INTEGER PRIMARY KEY AUTOINCREMENT, schema_id INTEGER NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE, UNIQUE (schema_id, name));
CREATE TABLE IF NOT EXISTS tds_columns (object_id INTEGER NOT NULL, column_id INTEGER NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE, type TEXT NOT NULL, length INTEGER, precision INTEGER, scale INTEGER,
    nullable INTEGER NOT NULL, collation TEXT, UNIQUE (object_id, name));
CREATE TABLE IF NOT EXISTS tds_properties (object_id INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
    value TEXT, PRIMARY KEY (object_id, name));
INSERT OR IGNORE INTO tds_schemas VALUES (1, 'dbo'), (3, 'INFORMATION_SCHEMA'), (4, 'sys');
"""


@dataclasses.dataclass(frozen=True)
class Column:
    name: str
    kind: SQLType
    nullable: bool = True
    collation: str | None = None


@dataclasses.dataclass
class Table:
    schema: str
    name: str
    object_id: int
    columns: list

    @property
    def stored(self):
        return quoted(f"{self.schema}.{self.name}")

    def column(self, name):
        return next((column for column in self.columns if same(column.name, name)), None)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def same(left, right):
    """Whether SQL Server takes two names for one."""
    return left.casefold() == right.casefold()


def collate(fold):
    def order(left, right):
        left, right = left.rstrip(" "), right.rstrip(" ")
        if fold:
            left, right = left.casefold(), right.casefold()
        return (left > right) - (left < right)
    return order


class Store:
    def __init__(self, path):
        self.connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self.connection.create_collation("tds_ci", collate(True))
        self.connection.create_collation("tds_bin", collate(False))
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute("PRAGMA temp_store = MEMORY")

    def make_catalog(self):
        self.connection.executescript(CATALOG)

    def run(self, sql, values=()):
        try:
            return self.connection.execute(sql, values)
        except sqlite3.Error as error:
            raise translated(error) from error

    @contextlib.contextmanager
    def statement(self):
        """All of a statement or nothing, inside a transaction or by itself."""
        outer = self.connection.in_transaction
        self.run("SAVEPOINT statement" if outer else "BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:
                self.run("ROLLBACK TO statement" if outer else "ROLLBACK")
                if outer:
                    self.run("RELEASE statement")
            raise
        self.run("RELEASE statement" if outer else "COMMIT")

    def schema_id(self, name):
        row = self.run("SELECT schema_id FROM tds_schemas WHERE name = ?", (name,)).fetchone()
        return row and row[0]

    def create_schema(self, name):
        if self.schema_id(name):
            raise SQLError(2714, f"There is already an object named '{name}' in the database.", 16, 6)
        self.run("INSERT INTO tds_schemas (schema_id, name) SELECT max(4, max(schema_id)) + 1, ? FROM tds_schemas",
                 (name,))

    def find(self, schema, name):
        """The table, or None."""
        row = self.run(
            "SELECT s.name, t.name, object_id FROM tds_tables t JOIN tds_schemas s USING (schema_id) "
            "WHERE s.name = ? AND t.name = ?", (schema, name)).fetchone()
        return row and Table(*row, self.columns(row[2]))

    def columns(self, object_id):
        rows = self.run(
            "SELECT name, type, length, precision, scale, nullable, collation FROM tds_columns WHERE object_id = ? "
            "ORDER BY column_id", (object_id,))
        return [Column(row[0], SQLType(*row[1:5]), bool(row[5]), row[6]) for row in rows]

    def table(self, schema, name):
        found = self.find(schema, name)
        if not found:
            raise no_object(name if schema == "dbo" else f"{schema}.{name}")
        return found

    def create_table(self, schema, name, columns, key):
        schema_id = self.schema_id(schema)
        if not schema_id:
            raise SQLError(2760, f'The specified schema name "{schema}" either does not exist or you do not have '
                                 "permission to use it.")
        if self.find(schema, name):
            raise SQLError(2714, f"There is already an object named '{name}' in the database.", 16, 6)
        check_columns(columns, name)
        # Autoincrement: an id is never used again, as in SQL Server.
        object_id = self.run("INSERT INTO tds_tables (schema_id, name) VALUES (?, ?)", (schema_id, name)).lastrowid
        for number, column in enumerate(columns, 1):
            self.add_to_catalog(object_id, number, column)
        stored = quoted(f"{schema}.{name}")
        parts = [quoted(column.name) + ("" if column.nullable else " NOT NULL") for column in columns]
        self.run(f"CREATE TABLE {stored} ({', '.join(parts)})")
        if key:
            self.run(f"CREATE UNIQUE INDEX {quoted(f'pk.{object_id}')} ON {stored} "
                     f"({', '.join(quoted(name) + ' COLLATE NOCASE' for name in key)})")

    def add_to_catalog(self, object_id, number, column):
        kind = column.kind
        self.run("INSERT INTO tds_columns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (
            object_id, number, column.name, kind.name, kind.length, kind.precision, kind.scale, int(column.nullable),
            column.collation))

    def drop_table(self, table):
        self.run(f"DROP TABLE {table.stored}")
        for part in ("tds_tables", "tds_columns", "tds_properties"):
            self.run(f"DELETE FROM {part} WHERE object_id = ?", (table.object_id,))

    def add_columns(self, table, columns):
        check_columns(table.columns + columns, table.name)
        number = self.run(
            "SELECT max(column_id) FROM tds_columns WHERE object_id = ?", (table.object_id,)).fetchone()[0]
        for step, column in enumerate(columns, 1):
            if not column.nullable and self.run(f"SELECT 1 FROM {table.stored} LIMIT 1").fetchone():
                raise SQLError(4901, "ALTER TABLE only allows columns to be added that can contain nulls. Column "
                                     f"'{column.name}' cannot be added to non-empty table '{table.name}'.")
            self.add_to_catalog(table.object_id, number + step, column)
            self.run(f"ALTER TABLE {table.stored} ADD COLUMN {quoted(column.name)}")

    def change_column(self, table, old, kind, nullable):
        self.run("UPDATE tds_columns SET type = ?, length = ?, precision = ?, scale = ?, nullable = ? "
                 "WHERE object_id = ? AND name = ?", (
                     kind.name, kind.length, kind.precision, kind.scale, int(nullable), table.object_id, old.name))


def check_columns(columns, table):
    seen = set()
    for column in columns:
        if column.name.casefold() in seen:
            raise SQLError(2705, f"Column names in each table must be unique. Column name '{column.name}' in table "
                                 f"'{table}' is specified more than once.", 16, 3)
        seen.add(column.name.casefold())
    if len(columns) > COLUMNS_MAX:
        raise SQLError(1702, f"CREATE TABLE failed because column '{columns[COLUMNS_MAX].name}' in table '{table}' "
                             f"exceeds the maximum of {COLUMNS_MAX} columns.")


def translated(error):
    text = str(error)
    if match := re.search(r"NOT NULL constraint failed: (.*)\.(.*)", text):
        return SQLError(515, f"Cannot insert the value NULL into column '{match[2]}', table '{match[1]}'; column does "
                             "not allow nulls. INSERT fails.", 16, 2)
    if "UNIQUE constraint failed" in text:
        return SQLError(2627, f"Violation of PRIMARY KEY constraint. Cannot insert duplicate key. ({text})", 14)
    if "locked" in text or "busy" in text:
        return SQLError(1222, "Lock request time out period exceeded.", 16, 45)
    return SQLError(50901, f"The test server's store: {text}")
