"""Every kind of data that a plugin may hand over arrives with its values and types."""
import datetime
import decimal

import pyarrow as pa
import pytest

ROWS = [{"n": 1, "t": "a"}, {"n": None, "t": "😀"}, {"n": 3, "t": None}]

#: Expressions that give ROWS.
TABLES = {
    "pyarrow Table": "pa.table({'n': pa.array([1, None, 3], pa.int64()), 't': ['a', '😀', None]})",
    "pyarrow Table of several chunks":
        "pa.concat_tables([pa.table({'n': pa.array([1, None], pa.int64()), 't': ['a', '😀']}), "
        "pa.table({'n': pa.array([3], pa.int64()), 't': pa.array([None], pa.string())})])",
    "pyarrow RecordBatch": "pa.record_batch({'n': pa.array([1, None, 3], pa.int64()), 't': ['a', '😀', None]})",
    "pyarrow RecordBatchReader":
        "pa.table({'n': pa.array([1, None, 3], pa.int64()), 't': ['a', '😀', None]}).to_reader(1)",
    "pandas with a nullable integer": "pd.DataFrame({'n': pd.array([1, None, 3], 'Int64'), 't': ['a', '😀', None]})",
    "polars": "pl.DataFrame({'n': [1, None, 3], 't': ['a', '😀', None]})",
    "duckdb": "duckdb.sql(\"FROM (VALUES (1::BIGINT, 'a'), (NULL, '😀'), (3, NULL)) AS t(n, t)\")",
    "__arrow_c_stream__": "Stream(pa.table({'n': pa.array([1, None, 3], pa.int64()), 't': ['a', '😀', None]}))",
    "__arrow_c_array__": "Array(pa.record_batch({'n': pa.array([1, None, 3], pa.int64()), 't': ['a', '😀', None]}))",
    "list of dicts": "[{'n': 1, 't': 'a'}, {'n': None, 't': '😀'}, {'n': 3, 't': None}]",
    "list of dicts with missing keys": "[{'n': 1, 't': 'a'}, {'t': '😀'}, {'n': 3}]",
    "dict of lists": "{'n': [1, None, 3], 't': ['a', '😀', None]}",
    "dict of arrays": "{'n': pa.array([1, None, 3]), 't': pa.chunked_array([['a'], ['😀', None]])}",
    "dict of pandas columns": "{'n': pd.Series([1, None, 3], dtype='Int64'), 't': pd.Series(['a', '😀', None])}",
    "dict of polars columns": "{'n': pl.Series([1, None, 3]), 't': pl.Series(['a', '😀', None])}",
}
IMPORTS = """
import datetime
import decimal
from decimal import Decimal
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

class Stream:
    def __init__(self, table):
        self.table = table
    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)

class Array:
    def __init__(self, batch):
        self.batch = batch
    def __arrow_c_array__(self, requested_schema=None):
        return self.batch.__arrow_c_array__(requested_schema)
"""


def made(plugins, warm_guest, expression, body="return {}"):
    plugins.write_execute("maker", body.format(expression), IMPORTS)
    outcome = warm_guest.run("maker")
    assert outcome.succeeded, outcome.message
    return outcome


@pytest.mark.parametrize("expression", TABLES.values(), ids=TABLES.keys())
@pytest.mark.parametrize("body", ["return {}", "yield {}", "return iter([{}])"])
def test_each_kind_of_table_arrives_returned_yielded_or_from_an_iterator(plugins, warm_guest, expression, body):
    outcome = made(plugins, warm_guest, expression, body)
    assert outcome.rows() == ROWS
    assert outcome.table().schema.field("n").type == pa.int64()
    assert outcome.report["rows"] == 3


@pytest.mark.parametrize("expression", TABLES.values(), ids=TABLES.keys())
def test_each_kind_of_table_arrives_when_it_is_published(plugins, warm_guest, expression):
    plugins.write("publisher", IMPORTS + f"""
from casparian_flow.sdk import BasePlugin

class Handler(BasePlugin):
    def consume(self, event):
        self.publish("side", {expression})
""")
    outcome = warm_guest.run("publisher")
    assert outcome.succeeded, outcome.message
    assert outcome.rows("side") == ROWS and list(outcome.chunks) == ["side"]


@pytest.mark.parametrize("expression", [
    "None", "[]", "()", "{}", "{'n': []}", "pd.DataFrame()", "pd.DataFrame({'n': []})", "pl.DataFrame({'n': []})",
    "pa.table({'n': pa.array([], pa.int64())})", "pa.record_batch({'n': pa.array([], pa.int64())})",
    "pa.table({'n': pa.array([], pa.int64())}).to_reader()", "duckdb.sql('SELECT 1 AS n WHERE false')", "[None, None]",
    "(table for table in [])", "(table for table in [None, [], {'n': []}])",
])
def test_what_holds_no_rows_sends_nothing_and_is_no_error(plugins, warm_guest, expression):
    outcome = made(plugins, warm_guest, expression)
    assert outcome.chunks == {} and outcome.report["rows"] == 0


@pytest.mark.parametrize("expression", [
    "pa.table({'n': [2**53 + 1, None]})", "pd.DataFrame({'n': pd.array([2**53 + 1, None], 'Int64')})",
    "pl.DataFrame({'n': [2**53 + 1, None]})", "[{'n': 2**53 + 1}, {'n': None}]", "[{'n': 2**53 + 1}, {}]",
    "{'n': [2**53 + 1, None]}", "pd.DataFrame({'n': pd.Series([2**53 + 1, None], dtype=object)})",
    "duckdb.sql('FROM (VALUES (9007199254740993), (NULL)) AS t(n)')", "[{'n': 2**53 + 1}, {'n': pd.NA}]",
    "{'n': [2**53 + 1, pd.NA]}",
])
def test_integers_beside_nulls_stay_integers(plugins, warm_guest, expression):
    outcome = made(plugins, warm_guest, expression)
    assert outcome.table().schema.field("n").type == pa.int64()
    assert outcome.rows() == [{"n": 2**53 + 1}, {"n": None}]


def test_values_of_every_python_type_arrive_as_they_are(plugins, warm_guest):
    zone = datetime.timezone.utc
    row = {
        "bool": True, "int": -(2**63), "float": 0.1, "text": "é\0😀", "bytes": b"\0\xff",
        "amount": decimal.Decimal("12345678901234567890.12"), "first_day": datetime.date(1, 1, 1),
        "last_day": datetime.date(9999, 12, 31), "first": datetime.datetime(1, 1, 1),
        "last": datetime.datetime(9999, 12, 31, 23, 59, 59, 999999),
        "aware": datetime.datetime(2024, 6, 1, 12, tzinfo=zone), "time": datetime.time(1, 2, 3, 4),
        "span": datetime.timedelta(days=1, microseconds=1), "list": [1, None], "struct": {"a": 1, "b": None}}
    for expression in (f"[{row!r}]", f"{ {name: [value] for name, value in row.items()}!r}"):
        outcome = made(plugins, warm_guest, expression)
        assert outcome.rows() == [row]


def test_a_named_index_becomes_columns_and_an_unnamed_one_does_not(plugins, warm_guest):
    named = "pd.DataFrame({'n': [1, 2]}, index=pd.Index(['x', 'y'], name='key'))"
    assert made(plugins, warm_guest, named).rows() == [{"key": "x", "n": 1}, {"key": "y", "n": 2}]
    unnamed = "pd.DataFrame({'n': [1, 2, 3]}).iloc[1:]"
    assert made(plugins, warm_guest, unnamed).rows() == [{"n": 2}, {"n": 3}]


@pytest.mark.parametrize("expression, kind", [
    ("pl.DataFrame({'x': ['a', None]})", pa.large_string()),
    ("pl.DataFrame({'x': [b'a', None]})", pa.large_binary()),
    ("pl.DataFrame({'x': [['a'], None]})", pa.large_list(pa.large_string())),
    ("pl.DataFrame({'x': pl.Series([['a'], None], dtype=pl.Array(pl.String, 1))})", pa.list_(pa.large_string(), 1)),
    ("pl.DataFrame({'x': [{'k': 'a'}, {'k': None}]})", pa.struct({"k": pa.large_string()})),
    ("pl.DataFrame({'x': pl.Series(['a', None], dtype=pl.Categorical)})",
     pa.dictionary(pa.uint32(), pa.large_string())),
    ("pl.DataFrame({'x': pl.Series([['a'], None], dtype=pl.List(pl.Categorical))})",
     pa.large_list(pa.dictionary(pa.uint32(), pa.large_string()))),
    ("pa.table({'x': pa.array([[('k', 'v')], None], pa.map_(pa.string_view(), pa.string_view()))})",
     pa.map_(pa.large_string(), pa.large_string())),
])
def test_texts_and_bytes_leave_the_guest_in_the_plain_layout(plugins, warm_guest, expression, kind):
    outcome = made(plugins, warm_guest, expression)
    assert outcome.table().schema.field("x").type == kind
    assert len(outcome.rows()) == 2 and "a" in str(outcome.rows()[0]) or "v" in str(outcome.rows()[0])


def test_a_large_table_is_split_into_chunks_of_bounded_rows(plugins, warm_guest):
    outcome = made(plugins, warm_guest, "pa.table({'n': pa.array(range(200_000))})")
    sizes = [chunk.num_rows for chunk in outcome.chunks["output"]]
    assert max(sizes) <= 65_536 and len(sizes) >= 4
    assert outcome.table().column("n").to_pylist() == list(range(200_000))
    assert outcome.report["rows"] == 200_000


def test_wide_rows_are_split_by_bytes(plugins, warm_guest):
    outcome = made(plugins, warm_guest, "[{'n': n, 'x': bytes(1 << 20)} for n in range(40)]")
    assert max(chunk.nbytes for chunk in outcome.chunks["output"]) <= 8 << 20
    assert outcome.table().column("n").to_pylist() == list(range(40))


def test_one_row_longer_than_a_chunk_is_sent_alone(plugins, warm_guest):
    outcome = made(plugins, warm_guest, "[{'x': b'1'}, {'x': bytes(20 << 20)}, {'x': b'3'}]")
    assert [len(row["x"]) for row in outcome.rows()] == [1, 20 << 20, 1]


def test_a_row_that_fits_into_no_frame_fails_the_job_and_the_guest_lives(plugins, warm_guest):
    plugins.write_execute("huge", "return pa.table({'x': pa.array([bytes(513 << 20)])})", "import pyarrow as pa")
    outcome = warm_guest.run("huge")
    assert not outcome.succeeded and outcome.chunks == {}
    assert "too large" in outcome.message and "topic 'output'" in outcome.message
    assert made(plugins, warm_guest, "{'n': [1]}").rows() == [{"n": 1}]


def test_a_large_dictionary_is_not_repeated_in_every_chunk(plugins, warm_guest):
    outcome = made(
        plugins, warm_guest,
        "pa.table({'x': pa.DictionaryArray.from_arrays(pa.array([0, 1] * 100_000, pa.int32()), "
        "pa.array(['a' * (2 << 20), 'b']))}).slice(0, 3)")
    assert [row["x"][:1] for row in outcome.rows()] == ["a", "b", "a"]
    assert outcome.table().schema.field("x").type == pa.string()


def test_a_topics_name_may_be_any_text(plugins, warm_guest):
    plugins.write("namer", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def consume(self, event):
                for topic in ("größe", "x" * 255, "名前"):
                    self.publish(topic, [{"t": topic}])
        """)
    outcome = warm_guest.run("namer")
    assert outcome.succeeded, outcome.message
    assert {topic: outcome.rows(topic) for topic in outcome.chunks} == {
        topic: [{"t": topic}] for topic in ("größe", "x" * 255, "名前")}
