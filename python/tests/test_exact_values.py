"""Python values that Arrow would change without a word are kept, or refused by name."""
import datetime

import pyarrow as pa
import pytest

IMPORTS = """
import datetime
import decimal
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

day, moment = datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1, 5, 6)
aware = moment.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
exact = pd.Timestamp("2024-01-01 00:00:00.123456789")
"""


MIXTURES = [
    "[day, moment]", "[moment, day]", "[moment, aware]", "[aware, moment]", "[2.5, True]", "[True, 2.5]", "[True, 2]",
    "[2, True]", "[1, 'a']", "[2**53 + 1, 0.5]", "[2**64]", "[decimal.Decimal('1.1'), 0.1]", "[1j]", "['\\ud800']",
    "[object()]", "[datetime.time(1, tzinfo=datetime.timezone.utc)]",
]
NO_COLUMNS = ["{'x': 1, 'y': 2}", "{3, 1, 2}", "'text'", "5", "(n for n in range(3))", "np.zeros((2, 2))"]


@pytest.mark.parametrize("expression", [
    *(f"{{'first': [0], 'bad column': {values}}}" for values in MIXTURES + NO_COLUMNS),
    *(f"[{{'bad column': value}} for value in {values}]" for values in MIXTURES),
])
def test_values_that_no_column_can_hold_as_they_are_are_refused_by_name(plugins, warm_guest, expression):
    plugins.write_execute("maker", f"return {expression}", IMPORTS)
    outcome = warm_guest.run("maker")
    assert not outcome.succeeded and outcome.chunks == {}
    assert outcome.report["code"] == "unsupported_data"
    assert "'bad column'" in outcome.message and "plugin 'maker'" in outcome.message


@pytest.mark.parametrize("values", ["[day, moment]", "[moment, aware]", "[1, 'a']"])
def test_an_object_column_of_pandas_is_held_to_the_same(plugins, warm_guest, values):
    plugins.write_execute("maker", f"return pd.DataFrame({{'bad column': pd.Series({values}, dtype=object)}})", IMPORTS)
    outcome = warm_guest.run("maker")
    assert outcome.report["code"] == "unsupported_data" and "bad column" in outcome.message


@pytest.mark.parametrize("expression", [
    "[{'x': exact}, {'x': None}]", "{'x': [exact, None]}", "{'x': [exact, pd.NaT]}", "{'x': pd.Series([exact, None])}",
    "pd.DataFrame({'x': pd.Series([exact, None], dtype=object)})", "[{'x': exact}, {'x': pd.NaT}]",
    "{'x': pl.Series([exact.value, None]).cast(pl.Datetime('ns'))}",
    "{'x': np.array([exact.to_numpy(), 'NaT'], 'M8[ns]')}",
])
def test_nanoseconds_are_kept(plugins, warm_guest, expression):
    plugins.write_execute("maker", f"return {expression}", IMPORTS)
    outcome = warm_guest.run("maker")
    assert outcome.succeeded, outcome.message
    column = outcome.table().column("x")
    assert column.type == pa.timestamp("ns")
    assert column.cast(pa.int64()).to_pylist() == [1_704_067_200_123_456_789, None]


def test_nanoseconds_beside_a_moment_that_has_no_room_for_them_are_refused(plugins, warm_guest):
    plugins.write_execute("maker", "return {'x': [exact, datetime.datetime(9999, 1, 1)]}", IMPORTS)
    outcome = warm_guest.run("maker")
    assert outcome.report["code"] == "unsupported_data" and "'x'" in outcome.message


def test_moments_of_several_zones_stay_the_same_instants(plugins, warm_guest):
    plugins.write_execute(
        "maker", "return {'x': [aware, moment.replace(tzinfo=datetime.timezone.utc)]}", IMPORTS)
    first, second = (row["x"] for row in warm_guest.run("maker").rows())
    assert first == datetime.datetime(2024, 1, 1, 3, 6, tzinfo=datetime.timezone.utc)
    assert second == datetime.datetime(2024, 1, 1, 5, 6, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize("expression", [
    "{1: [1], '1': [2]}", "[{1: 1, '1': 2}]", "pd.DataFrame([[1, 2]], columns=[1, '1'])",
    "pd.DataFrame([[1, 2]], columns=['1', '1'])",
])
def test_two_columns_of_one_name_are_refused(plugins, warm_guest, expression):
    plugins.write_execute("maker", f"return {expression}", IMPORTS)
    outcome = warm_guest.run("maker")
    assert not outcome.succeeded and outcome.report["code"] == "unsupported_data"
    assert "'1'" in outcome.message


def test_columns_of_different_length_are_refused(plugins, warm_guest):
    plugins.write_execute("maker", "return {'a': [1, 2], 'b': [1]}", IMPORTS)
    outcome = warm_guest.run("maker")
    assert outcome.report["code"] == "unsupported_data" and "'b': 1" in outcome.message


def test_rows_without_any_column_are_refused_rather_than_lost(plugins, warm_guest):
    plugins.write_execute("maker", "return [{}, {}]", IMPORTS)
    outcome = warm_guest.run("maker")
    assert outcome.report["code"] == "unsupported_data" and "2 rows" in outcome.message


def test_python_objects_in_polars_are_refused(plugins, warm_guest):
    plugins.write_execute("maker", "return pl.DataFrame({'x': pl.Series([object()], dtype=pl.Object)})", IMPORTS)
    outcome = warm_guest.run("maker")
    assert outcome.report["code"] == "unsupported_data" and "'x'" in outcome.message
