"""Where a table went, read back with tools nobody here wrote, and what each cell has to be there."""
import csv
import datetime
import decimal
import io
import json
import math
import pathlib
import sqlite3
import struct
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def iso(units: int, unit: str, digits: int | None = None, separator: str = "T") -> str:
    """A point in time as ISO 8601, with as many digits as the unit has, or `digits`."""
    seconds, fraction = divmod(units, UNITS[unit])
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    places = len(str(UNITS[unit])) - 1
    text = f"{fraction:0{places}}" if places else ""
    if digits is not None:
        assert set(text[digits:]) <= {"0"}
        text = text[:digits].ljust(digits, "0")
    return moment.strftime(f"%Y-%m-%d{separator}%H:%M:%S").rjust(19, "0") + (f".{text}" if text else "")


def json_value(value):
    """A nested cell as our JSON says it: decimals and times as texts."""
    if isinstance(value, dict):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_value(item) for item in value]
    return str(value) if isinstance(value, decimal.Decimal) else value


def same_float(found, wanted) -> bool:
    """Bit by bit; NaN is NaN."""
    if math.isnan(wanted):
        return isinstance(found, float) and math.isnan(found)
    return struct.pack("<d", found) == struct.pack("<d", wanted)


def without_seconds(table: pa.Table) -> pa.Table:
    """With milliseconds in the place of seconds."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "s":
            table = table.set_column(place, field.name, table[field.name].cast(pa.timestamp("ms", field.type.tz)))
    return table


class ParquetStore:
    """Compared as Arrow's own values and types with pyarrow, and as Python's values with DuckDB."""
    scheme = "parquet"
    uri = "parquet://t.parquet"
    mapping = {"timestamp(s)": "timestamp[ms], Parquet has no seconds"}

    def __init__(self, folder: pathlib.Path):
        self.output = folder / "out"
        self.environment: dict = {}

    def compare(self, table: pa.Table, types: dict) -> dict[str, list[str]]:
        """Differing cells by column."""
        table = without_seconds(table)
        path, = self.output.glob("t_*.parquet")
        read = pyarrow.parquet.read_table(path)
        problems: dict[str, list[str]] = {}
        for name in table.column_names:
            wanted, found = table[name].combine_chunks(), read[name].combine_chunks()
            if isinstance(wanted, pa.ChunkedArray):
                wanted, found = wanted.chunk(0), found.chunk(0)
            if not equal_types(found.type, wanted.type):
                problems.setdefault(name, []).append(f"{found.type} instead of {wanted.type}")
            for row, (one, other) in enumerate(zip(found, wanted)):
                if not self.equal(one, other):
                    problems.setdefault(name, []).append(f"row {row + 1}: {one!r:.80} instead of {other!r:.80}")
        for name, why in self.compare_with_duckdb(path, table).items():
            problems.setdefault(name, []).extend(why)
        return problems

    def equal(self, found: pa.Scalar, wanted: pa.Scalar) -> bool:
        if wanted.is_valid and pa.types.is_floating(wanted.type):
            return found.is_valid and same_float(found.as_py(), wanted.as_py())
        if isinstance(wanted, pa.DictionaryScalar):
            return found.as_py() == wanted.as_py()
        if isinstance(wanted, pa.ExtensionScalar):
            return found.is_valid == wanted.is_valid and found.as_py() == wanted.as_py()
        return found.equals(wanted) or (not found.is_valid and not wanted.is_valid)

    #: DuckDB has these types and Python's values for them.
    DUCKDB = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "double",
              "decimal(38,37)", "decimal(38,0)", "decimal(9,2)", "string", "binary", "date", "list")

    def compare_with_duckdb(self, path, table: pa.Table) -> dict[str, list[str]]:
        problems = {}
        for name in self.DUCKDB:
            found = [row[0] for row in duckdb.execute(f'SELECT "{name}" FROM read_parquet(?)', [str(path)]).fetchall()]
            for row, (one, other) in enumerate(zip(found, table[name].to_pylist(), strict=True)):
                same = same_float(one, other) if isinstance(other, float) and one is not None else one == other
                if not same:
                    problems.setdefault(name, []).append(f"DuckDB, row {row + 1}: {one!r:.80} instead of {other!r:.80}")
        return problems


def equal_types(found: pa.DataType, wanted: pa.DataType) -> bool:
    return found.equals(wanted) or (pa.types.is_dictionary(wanted) and found in (wanted, wanted.value_type))


class SQLStore:
    """A database; `expected` gives what its reader has to print for a cell."""
    scheme = ""
    #: Types that do not arrive as themselves, and how.
    mapping: dict[str, str] = {}

    def columns(self, names: list[str]) -> list[list]:
        """Cells by column, in the order of the rows."""
        raise NotImplementedError

    def expected(self, name: str, cell: pa.Scalar):
        raise NotImplementedError

    def equal(self, found, wanted) -> bool:
        if isinstance(wanted, JSONText):
            return isinstance(found, str) and json.loads(found) == wanted.value
        if isinstance(wanted, float):
            return isinstance(found, float) and same_float(found, wanted)
        return type(found) is type(wanted) and found == wanted

    def compare(self, table: pa.Table, types: dict) -> dict[str, list[str]]:
        problems: dict[str, list[str]] = {}
        for name, cells in zip(table.column_names, self.columns(table.column_names), strict=True):
            for row, (found, cell) in enumerate(zip(cells, table[name], strict=True)):
                wanted = self.expected(name, cell) if cell.is_valid else None
                if not self.equal(found, wanted):
                    problems.setdefault(name, []).append(f"row {row + 1}: {found!r:.80} instead of {wanted!r:.80}")
        return problems


class SQLiteStore(SQLStore):
    scheme = "sqlite"
    uri = "sqlite://t.db/t"
    mapping = {
        "bool": "0, 1", "decimal": "text", "uuid": "text", "date": "ISO text", "time": "ISO text",
        "timestamp": "ISO text", "duration": "integer", "list": "JSON", "struct": "JSON",
        "float": "NaN text, -0.0 is 0.0", "double": "NaN text, -0.0 is 0.0",
    }

    def __init__(self, folder: pathlib.Path):
        self.output = folder / "out"
        self.environment: dict = {}

    def columns(self, names):
        connection = sqlite3.connect(self.output / "t.db")
        quoted = ", ".join('"' + name + '"' for name in names)
        rows = connection.execute(f"SELECT {quoted} FROM t ORDER BY rowid").fetchall()
        connection.close()
        return [list(column) for column in zip(*rows)]

    def expected(self, name, cell):
        kind = cell.type
        if name == "uuid":
            return str(cell.as_py())
        if pa.types.is_boolean(kind):
            return int(cell.as_py())
        if pa.types.is_floating(kind):
            value = cell.as_py()
            return "NaN" if math.isnan(value) else value + 0.0
        if pa.types.is_decimal(kind):
            return format(cell.as_py(), "f")
        if pa.types.is_date(kind):
            return cell.as_py().isoformat()
        if pa.types.is_time(kind):
            return cell.as_py().isoformat("milliseconds" if kind.unit == "ms" else "microseconds")
        if pa.types.is_timestamp(kind):
            zone = {None: "", "UTC": "Z"}.get(kind.tz, f"Z[{kind.tz}]")
            return iso(cell.value, kind.unit) + zone
        if pa.types.is_duration(kind):
            return cell.value
        if pa.types.is_nested(kind):
            return JSONText(json_value(cell.as_py()))
        return cell.as_py()



class JSONText:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return json.dumps(self.value)


class PostgreSQLStore(SQLStore):
    scheme = "postgresql"
    uri = "postgresql://t"
    mapping = {
        "uint64": "numeric", "timestamp(us, Berlin)": "timestamptz (UTC)", "timestamp(us, UTC)": "timestamptz",
        "duration": "interval", "list": "json", "struct": "json",
    }

    def __init__(self, folder: pathlib.Path, server):
        self.output, self.server = folder / "out", server
        self.environment = server.environment()

    def columns(self, names):
        quoted = ", ".join('"' + name + '"' for name in names)
        text = self.server.psql(
            f"SET timezone = 'UTC'; SET intervalstyle = 'iso_8601'; COPY (SELECT {quoted} FROM t ORDER BY ctid) TO STDOUT "
            "(FORMAT csv, NULL '<NULL>', FORCE_QUOTE *)")
        csv.field_size_limit(10**8)
        rows = list(csv.reader(io.StringIO(text, newline="")))
        # Every value is quoted, so that the text <NULL> is not taken for NULL: none of our values is that text.
        return [[None if cell == "<NULL>" else cell for cell in column] for column in zip(*rows)]

    def expected(self, name, cell):
        kind = cell.type
        if name == "uuid":
            return str(cell.as_py())
        if pa.types.is_boolean(kind):
            return "t" if cell.as_py() else "f"
        if pa.types.is_floating(kind):
            return cell.as_py() if kind == pa.float64() else Single(cell.as_py())
        if pa.types.is_decimal(kind):
            return format(cell.as_py(), "f")
        if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
            return "\\x" + cell.as_py().hex()
        if pa.types.is_date(kind):
            return cell.as_py().isoformat()
        if pa.types.is_time(kind):
            return Trimmed(cell.as_py().isoformat("microseconds"))
        if pa.types.is_timestamp(kind):
            return Trimmed(iso(cell.value, kind.unit, 6, " "), "+00" if kind.tz else "")
        if pa.types.is_duration(kind):
            return Interval(cell.value)
        if pa.types.is_nested(kind):
            return JSONText(json_value(cell.as_py()))
        return str(cell.as_py())

    def equal(self, found, wanted):
        if isinstance(wanted, Single):
            return found is not None and (struct.pack("<f", float(found)) == struct.pack("<f", wanted.value) or (
                math.isnan(wanted.value) and found == "NaN"))
        if isinstance(wanted, float):
            return found is not None and same_float(float(found), wanted)
        if isinstance(wanted, Trimmed):
            return found == wanted.text
        if isinstance(wanted, Interval):
            return found is not None and wanted.matches(found)
        return super().equal(found, wanted)


class Single:
    """A float of 32 bits."""

    def __init__(self, value: float):
        self.value = value


class Trimmed:
    """A time as PostgreSQL prints it: without zeros at the end of the fraction."""

    def __init__(self, text: str, suffix: str = ""):
        self.text = text.rstrip("0").rstrip(".") + suffix if "." in text else text + suffix

    def __repr__(self):
        return self.text


class Interval:
    """Microseconds, as an ISO 8601 interval of hours, minutes and seconds."""

    def __init__(self, microseconds: int):
        self.microseconds = microseconds

    def matches(self, text: str) -> bool:
        total, number = decimal.Decimal(0), ""
        for character in text.removeprefix("PT"):
            if character in "HMS":
                total += decimal.Decimal(number) * {"H": 3600, "M": 60, "S": 1}[character]
                number = ""
            else:
                number += character
        return total * 10**6 == self.microseconds


class SQLServerStore(SQLStore):
    """The test server's own file."""
    scheme = "mssql"
    uri = "mssql://t"
    mapping = {
        "uint64": "decimal(20,0)", "timestamp(us, Berlin)": "datetimeoffset (UTC)",
        "timestamp(us, UTC)": "datetimeoffset", "duration": "bigint, in ns", "nulls": "no column yet", "list": "JSON", "struct": "JSON",
    }

    def __init__(self, folder: pathlib.Path, server):
        self.output, self.server = folder / "out", server
        self.environment = server.client_environment()

    def columns(self, names):
        connection = sqlite3.connect(self.server.store)
        # A column that has held nothing but null has no type, and is not made before it has one.
        there = {name for name, in connection.execute("SELECT name FROM pragma_table_info('dbo.t')")}
        assert set(names) - there <= {"nulls"}
        quoted = ", ".join('"' + name + '"' if name in there else "NULL" for name in names)
        rows = connection.execute(f'SELECT {quoted} FROM "dbo.t" ORDER BY rowid').fetchall()
        connection.close()
        return [list(column) for column in zip(*rows)]

    def expected(self, name, cell):
        kind = cell.type
        if name == "uuid":
            return str(cell.as_py()).upper()
        if name == "uint64" or pa.types.is_decimal(kind):
            return format(decimal.Decimal(cell.as_py()), "f")
        if pa.types.is_boolean(kind):
            return int(cell.as_py())
        if pa.types.is_date(kind):
            return cell.as_py().isoformat()
        if pa.types.is_time(kind):
            return cell.as_py().isoformat("microseconds") + "0"
        if pa.types.is_timestamp(kind):
            return iso(cell.value, kind.unit, 7) + ("+00:00" if kind.tz else "")
        if pa.types.is_duration(kind):
            return cell.value * 10**9 // UNITS[kind.unit]
        if pa.types.is_nested(kind):
            return JSONText(json_value(cell.as_py()))
        return cell.as_py()

