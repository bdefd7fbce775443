"""Python values as Arrow columns. What Arrow's own inference would change without a word is kept or refused here."""

from __future__ import annotations

import datetime
import sys
from typing import Any, List, Mapping, Set

import pyarrow as pa


def column(values: Any, name: str, where: str) -> Any:
    """The values of a column, an `Array` or `ChunkedArray`.

    Raises `TypeError` that names the column for what is no list of values and for values without a common type.
    """
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    is_list = hasattr(values, "__len__") and not isinstance(values, (str, bytes, Mapping, set, frozenset))
    if not is_list:
        raise TypeError(
            f"{where}: column '{name}' of a dict is {type_name(values)}, not a list of values; "
            "for rows hand over a list of dicts")
    try:
        if isinstance(values, (list, tuple)):
            return _from_objects(values)
        if str(getattr(values, "dtype", "")) == "object":
            return _from_objects(_items(values))
        if hasattr(type(values), "__arrow_c_stream__") and not hasattr(type(values), "iloc"):
            # Whole over the C interface: item by item would cut nanoseconds off. pandas has a way of its own.
            return pa.chunked_array(values)
        return pa.array(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{where}: the values of column '{name}' have no common type: {error}") from error


def _items(values: Any) -> List[Any]:
    """The objects of a numpy array or pandas column; pandas takes NaN for a missing value."""
    if not hasattr(values, "isna"):
        return values.tolist()
    return [None if is_missing else item for item, is_missing in zip(values.tolist(), values.isna())]


def _from_objects(values: Any) -> pa.Array:
    kinds = set(map(type, values))
    missing = _missing(kinds)
    if missing:
        values = [None if type(value) in missing else value for value in values]
        kinds -= missing
    _check_mixture(kinds)
    if any(issubclass(kind, datetime.datetime) for kind in kinds):
        return _from_moments(values)
    if datetime.time in kinds and any(getattr(value, "tzinfo", None) is not None for value in values):
        raise TypeError("a time of day with a time zone has no column type; make it a text or a timestamp")
    return pa.array(values)


def _missing(kinds: Set[type]) -> Set[type]:
    # Without importing pandas: a plugin that has such a value has imported it.
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "NaT"):
        return set()
    return {type(pandas.NA), type(pandas.NaT)} & kinds


def _check_mixture(kinds: Set[type]) -> None:
    """Refuses mixtures of which Arrow would make one type by changing values."""
    moments = {kind for kind in kinds if issubclass(kind, datetime.datetime)}
    days = {kind for kind in kinds if issubclass(kind, datetime.date)} - moments
    if moments and days:
        raise TypeError("dates and timestamps are mixed")
    if bool in kinds and any(issubclass(kind, float) for kind in kinds):
        raise TypeError("booleans and numbers are mixed")


def _from_moments(values: List[Any]) -> pa.Array:
    moments = [value for value in values if value is not None]
    aware = [moment.tzinfo is not None and moment.utcoffset() is not None for moment in moments]
    if any(aware) and not all(aware):
        raise TypeError("timestamps with and without a time zone are mixed")
    made = pa.array(values)
    # pandas' Timestamp is a datetime with nanoseconds, which Arrow does not look for.
    if any(getattr(moment, "nanosecond", 0) for moment in moments):
        return pa.array(values, pa.timestamp("ns", made.type.tz))
    return made


def type_name(data: Any) -> str:
    """The type of an object as its user would write it."""
    kind = type(data)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
