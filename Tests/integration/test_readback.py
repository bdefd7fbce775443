"""What is written reads the same in pyarrow, DuckDB and polars, to the last value."""
import datetime
import decimal

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet
import pytest

from conftest import initialised

#: The plugin's whole text; `table()` is also what the tests compare with.
TYPED = '''
import datetime
import decimal

import pyarrow as pa

D, T, Z = datetime.date, datetime.datetime, datetime.timezone


def table():
    plus2 = Z(datetime.timedelta(hours=2))
    return pa.table({
        "i8": pa.array([-128, None, 127], pa.int8()),
        "i16": pa.array([-32768, None, 32767], pa.int16()),
        "i32": pa.array([-2**31, None, 2**31 - 1], pa.int32()),
        "i64": pa.array([-2**63, None, 2**63 - 1], pa.int64()),
        "u8": pa.array([0, None, 255], pa.uint8()),
        "u16": pa.array([0, None, 2**16 - 1], pa.uint16()),
        "u32": pa.array([0, None, 2**32 - 1], pa.uint32()),
        "u64": pa.array([0, None, 2**64 - 1], pa.uint64()),
        "exact": pa.array([2**53 + 1, None, -(2**53) - 1], pa.int64()),
        "f32": pa.array([1.5, None, -0.0], pa.float32()),
        "f64": pa.array([0.1, None, 1.7976931348623157e308], pa.float64()),
        "flag": pa.array([True, None, False]),
        "text": pa.array(["", None, "é 😀 \\u0000 日本"]),
        "bytes": pa.array([b"", None, bytes(range(256))]),
        "money": pa.array([decimal.Decimal("-0.01"), None, decimal.Decimal("99999999999999.99")], pa.decimal128(16, 2)),
        "wide": pa.array([decimal.Decimal("-1"), None, decimal.Decimal("9" * 38)], pa.decimal128(38, 0)),
        "day": pa.array([D(1, 1, 1), None, D(9999, 12, 31)]),
        "naive": pa.array([T(1, 1, 1), None, T(9999, 12, 31, 23, 59, 59, 999999)], pa.timestamp("us")),
        "millis": pa.array([T(1970, 1, 1, 0, 0, 0, 1000), None, T(2024, 2, 29, 1, 2, 3, 4000)], pa.timestamp("ms")),
        "nanos": pa.array([1, None, 1_704_067_200_123_456_789], pa.timestamp("ns")),
        "utc": pa.array([T(2024, 1, 1, tzinfo=Z.utc), None, T(1969, 12, 31, 23, tzinfo=Z.utc)],
                        pa.timestamp("us", "UTC")),
        "berlin": pa.array([T(2024, 7, 1, 12, tzinfo=plus2), None, T(2024, 1, 1, tzinfo=Z.utc)],
                           pa.timestamp("us", "Europe/Berlin")),
        "clock": pa.array([datetime.time(0), None, datetime.time(23, 59, 59, 999999)], pa.time64("us")),
        "list": pa.array([[1, None], None, []], pa.list_(pa.int64())),
        "struct": pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}],
                           pa.struct([("a", pa.int64()), ("b", pa.string())])),
        "nothing": pa.array([None, None, None], pa.string()),
    })


class Handler:
    def execute(self, file_path):
        return table()
'''
NAMESPACE: dict = {}
exec(TYPED, NAMESPACE)
EXPECTED: pa.Table = NAMESPACE["table"]()
LINEAGE = ["_job_id", "_file_version_id"]


@pytest.fixture(scope="module")
def typed(program, tmp_path_factory):
    """The path of the table that the plugin made, and its job."""
    project = initialised(program, tmp_path_factory.mktemp("readback") / "project")
    project.write_plugin("typed", TYPED)
    project.route("*.txt", "typed")
    project.write("a.txt", "x")
    project.up()
    job, = project.jobs()
    yield str(project.output / project.output_files()[0]), project.job(job["job_id"])
    project.end()


def test_pyarrow_reads_the_plugins_own_schema_and_cells(typed):
    path, _ = typed
    read = pyarrow.parquet.read_table(path)
    assert read.schema.remove_metadata().names == EXPECTED.schema.names + LINEAGE
    for field in EXPECTED.schema:
        assert read.schema.field(field.name).type == field.type, field.name
        assert read.column(field.name).combine_chunks().equals(EXPECTED.column(field.name).combine_chunks()), field.name


def test_lineage_is_the_last_two_columns_and_never_null(typed):
    path, job = typed
    schema = pyarrow.parquet.read_schema(path)
    assert schema.names[-2:] == LINEAGE
    assert [schema.field(name).type for name in LINEAGE] == [pa.int64(), pa.int64()]
    read = pyarrow.parquet.read_table(path, columns=LINEAGE)
    assert read.column("_job_id").to_pylist() == [job["job_id"]] * 3
    assert read.column("_file_version_id").to_pylist() == [job["file_version_id"]] * 3


def test_duckdb_reads_the_same_names_types_and_cells(typed):
    path, _ = typed
    relation = duckdb.read_parquet(path)
    types = dict(zip(relation.columns, map(str, relation.types)))
    assert list(types) == EXPECTED.schema.names + LINEAGE
    for name, kind in {
        "i8": "TINYINT", "i16": "SMALLINT", "i32": "INTEGER", "i64": "BIGINT", "u8": "UTINYINT", "u16": "USMALLINT",
        "u32": "UINTEGER", "u64": "UBIGINT", "f32": "FLOAT", "f64": "DOUBLE", "flag": "BOOLEAN", "text": "VARCHAR",
        "bytes": "BLOB", "money": "DECIMAL(16,2)", "wide": "DECIMAL(38,0)", "day": "DATE", "naive": "TIMESTAMP",
        "nanos": "TIMESTAMP_NS", "utc": "TIMESTAMP WITH TIME ZONE", "berlin": "TIMESTAMP WITH TIME ZONE",
        "clock": "TIME", "list": "BIGINT[]", "_job_id": "BIGINT", "_file_version_id": "BIGINT",
    }.items():
        assert types[name] == kind, name
    assert same_cells(relation.to_arrow_table()) == []


def test_polars_reads_the_same_names_types_and_cells(typed):
    path, _ = typed
    frame = polars.read_parquet(path)
    assert frame.columns == EXPECTED.schema.names + LINEAGE
    for name, kind in {
        "i8": polars.Int8, "i16": polars.Int16, "i32": polars.Int32, "i64": polars.Int64, "u8": polars.UInt8,
        "u16": polars.UInt16, "u32": polars.UInt32, "u64": polars.UInt64, "f32": polars.Float32, "f64": polars.Float64,
        "flag": polars.Boolean, "text": polars.String, "bytes": polars.Binary, "money": polars.Decimal(16, 2),
        "wide": polars.Decimal(38, 0), "day": polars.Date, "naive": polars.Datetime("us"),
        "millis": polars.Datetime("ms"), "nanos": polars.Datetime("ns"), "utc": polars.Datetime("us", "UTC"),
        "berlin": polars.Datetime("us", "Europe/Berlin"), "list": polars.List(polars.Int64), "_job_id": polars.Int64,
        "_file_version_id": polars.Int64,
    }.items():
        assert frame.schema[name] == kind, name
    assert same_cells(frame.to_arrow()) == []


def same_cells(read: pa.Table) -> list[str]:
    """Names of columns with another value than the plugin gave; instants and numbers compare as such."""
    different = []
    for name in EXPECTED.schema.names:
        kind = EXPECTED.schema.field(name).type
        column = read.column(name)
        if pa.types.is_timestamp(kind):
            # Whatever zone and unit a reader shows, the instant is the same; nanoseconds do not fit Python's datetime.
            unit = pa.timestamp("ns") if kind.unit == "ns" else pa.timestamp("us")
            values = [one.cast(unit).cast(pa.int64()).to_pylist() for one in (column, EXPECTED.column(name))]
        else:
            values = [column.to_pylist(), EXPECTED.column(name).to_pylist()]
        if values[0] != values[1]:
            different.append(f"{name}: {values[0]!r} instead of {values[1]!r}")
    return different


#: What a plugin's `execute` does, the type of its column `n` (None: not looked at), and the rows.
SHAPES = {
    "signs_of_zero_and_no_number": (
        "return {'n': [-0.0, 0.0, float('nan'), float('inf'), None]}", pa.float64(), "[-0.0, 0.0, nan, inf, None]"),
    "pandas_nullable_integers": (
        "return pd.DataFrame({'n': pd.array([2**53 + 1, None], 'Int64')})", pa.int64(), [2**53 + 1, None]),
    "pandas_categories": ("return pd.DataFrame({'n': pd.Categorical(['a', 'b', None])})", None, ["a", "b", None]),
    "pandas_nanoseconds": (
        "return {'n': [pd.Timestamp('2024-01-01 00:00:00.123456789')]}", pa.timestamp("ns"),
        [1_704_067_200_123_456_789]),
    "polars_text": ("return pl.DataFrame({'n': ['a', None]})", pa.large_string(), ["a", None]),
    "polars_categories": (
        "return pl.DataFrame({'n': pl.Series(['a', 'b', 'a'], dtype=pl.Categorical)})", None, ["a", "b", "a"]),
    "polars_arrays": (
        "return pl.DataFrame({'n': pl.Series([['x'], None], dtype=pl.Array(pl.String, 1))})", None, [["x"], None]),
    "duckdb_huge_integers": (
        "return duckdb.sql('SELECT 170141183460469231731687303715884105727::HUGEINT % 1000 AS n')", None,
        [decimal.Decimal(727)]),
    "decimals": (
        "return [{'n': decimal.Decimal('1.10')}, {'n': decimal.Decimal('200')}]", pa.decimal128(5, 2),
        [decimal.Decimal("1.10"), decimal.Decimal("200.00")]),
    "first_and_last_day": (
        "return [{'n': datetime.date(1, 1, 1)}, {'n': datetime.date(9999, 12, 31)}]", pa.date32(),
        [datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]),
    "empty_at_first": ("yield from ([{'n': None}], [{'n': 2**60}])", pa.int64(), [None, 2**60]),
    "wider_later": ("yield from ([{'n': 1}], [{'n': 0.5}])", pa.float64(), [1.0, 0.5]),
    "columns_that_come_and_go": (
        "yield from ([{'n': 1}], [{'n': 2, 'b': 'x'}], [{'b': 'y'}])", pa.int64(), [1, 2, None]),
}
#: The libraries are imported by the job: discovery gives a file less time, and there are many.
MAKER = """
import datetime
import decimal

MANIFEST = {{"pattern": "{name}.txt"}}

class Handler:
    def execute(self, file_path):
        import duckdb
        import pandas as pd
        import polars as pl
        {body}
"""


@pytest.fixture(scope="module")
def shapes(program, tmp_path_factory):
    """The table of each of SHAPES, by its name."""
    project = initialised(program, tmp_path_factory.mktemp("shapes") / "project")
    for name, (body, _, _) in SHAPES.items():
        project.write_plugin(name, MAKER.format(name=name, body=body))
        project.write(f"{name}.txt", name)
    done = project.attempt("up", "--until-idle")
    assert done.returncode == 0, [(job["plugin"], job["error"]) for job in project.jobs("--status", "FAILED")]
    return {one["plugin"]: project.table(one["uri"]) for one in project.rows("artifacts", "list")}


@pytest.mark.parametrize("name", SHAPES)
def test_other_kinds_of_data_arrive_with_type_and_values(shapes, name):
    _, kind, cells = SHAPES[name]
    column = shapes[name].column("n")
    assert kind is None or column.type == kind
    values = (column.cast(pa.int64()) if kind == pa.timestamp("ns") else column).to_pylist()
    # Text, where equality would not tell -0.0 from 0.0 nor one NaN from another.
    assert (str(values) if isinstance(cells, str) else values) == cells


def test_a_later_table_may_bring_a_column_and_leave_one_out(shapes):
    assert shapes["columns_that_come_and_go"].column("b").to_pylist() == [None, "x", "y"]


def test_integers_that_a_wider_float_cannot_hold_are_never_rounded(project):
    project.write_plugin("mixed", """
        class Handler:
            def execute(self, file_path):
                yield [{"a": 2**53 + 1}]
                yield [{"a": 0.5}]
        """)
    project.route("*.txt", "mixed")
    project.write("a.txt", "x")
    project.up(1)
    job, = project.jobs()
    error = project.job(job["job_id"])["error"]
    for text in ("column 'a'", "int64", "double", str(2**53 + 1), str(project.source / "a.txt")):
        assert text in error
    assert project.output_files() == []


def test_two_sinks_on_one_topic_both_receive_all_of_it(project):
    project.write_plugin("many", """
        class Handler:
            def execute(self, file_path):
                for start in range(0, 30_000, 10_000):
                    yield {"n": list(range(start, start + 10_000))}
        """)
    project.route("*.txt", "many")
    project.run("topics", "set", "many", "output", "parquet://first.parquet")
    project.run("topics", "set", "many", "output", "parquet://second/copy.parquet?compression=zstd", "--additional")
    project.write("a.txt", "x")
    project.up()
    job, = project.jobs()
    artifacts = project.job(job["job_id"])["artifacts"]
    assert [one["topic"] for one in artifacts] == ["output", "output"]
    assert project.output_files() == [f"first_{job['job_id']}.parquet", f"second/copy_{job['job_id']}.parquet"]
    first, second = (project.table(one["uri"]) for one in artifacts)
    assert first.column("n").to_pylist() == list(range(30_000)) and first.equals(second)
    packed = pyarrow.parquet.ParquetFile(project.output / project.output_files()[1])
    assert packed.metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_topic_without_rows_makes_no_file_and_is_no_error(project):
    project.write_plugin("empty", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def consume(self, event):
                self.publish("nothing", {"n": []})
                return [{"n": 1}]
        """)
    project.route("*.txt", "empty")
    project.write("a.txt", "x")
    project.up()
    job, = project.jobs()
    assert [one["topic"] for one in project.job(job["job_id"])["artifacts"]] == ["output"]
    assert project.output_files() == [f"empty_output_{job['job_id']}.parquet"]


def test_a_csv_file_keeps_zeros_accounts_and_dates_as_they_are_written(project):
    project.route("*.csv", "csv")
    project.write("a.csv", "code,account,day,amount\n007,12345678901234567890,2024-02-29,1.10\n010,1,2023-01-01,2.5\n")
    project.up()
    assert project.cells(project.rows("artifacts", "list")[0]["uri"]) == [
        {"code": "007", "account": "12345678901234567890", "day": datetime.date(2024, 2, 29), "amount": 1.1},
        {"code": "010", "account": "1", "day": datetime.date(2023, 1, 1), "amount": 2.5}]
