"""Whatever a plugin hands over, as Arrow record batches."""

from __future__ import annotations

import sys
from typing import Any, Dict, Iterable, Iterator, List, Mapping

import pyarrow as pa

from casparian_flow.guest import columns
from casparian_flow.guest.columns import type_name
from casparian_flow.guest.layouts import plain

#: Bounds of one chunk on its way to the worker.
CHUNK_ROWS_MAX = 65_536
CHUNK_BYTES_MAX = 8 * 1024 * 1024

ACCEPTED = (
    "a pandas DataFrame, a pyarrow Table, RecordBatch or RecordBatchReader, an object with __arrow_c_stream__ or "
    "__arrow_c_array__ (polars, duckdb), a list of dicts or a dict of columns"
)


def is_table(data: Any) -> bool:
    """Whether it is one table, as against an iterable of tables."""
    if isinstance(data, (pa.Table, pa.RecordBatch, pa.RecordBatchReader, Mapping)) or _is_pandas(data):
        return True
    if hasattr(type(data), "__arrow_c_stream__") or hasattr(type(data), "__arrow_c_array__"):
        return True
    return isinstance(data, list) and bool(data) and all(isinstance(row, Mapping) for row in data)


def batches(data: Any, plugin: str, topic: str) -> Iterator[pa.RecordBatch]:
    """The rows of a table in chunks of bounded size.

    Raises `TypeError` that names plugin, topic and type for what is no table or holds values without a common type.
    """
    where = f"plugin '{plugin}', topic '{topic}'"
    for batch in _whole_batches(data, where):
        yield from chunks(plain(batch))


def chunks(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Slices of at most `CHUNK_ROWS_MAX` rows and about `CHUNK_BYTES_MAX` bytes; a slice has one row at least."""
    for start in range(0, batch.num_rows, CHUNK_ROWS_MAX):
        yield from _halves(batch.slice(start, CHUNK_ROWS_MAX))


def _halves(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    # Rows differ in size: halved until each part is small enough, a long row weighs on its own part only.
    size, rows = batch.nbytes, batch.num_rows
    if size <= CHUNK_BYTES_MAX or rows == 1:
        yield batch
        return
    parts = [batch.slice(0, rows // 2), batch.slice(rows // 2)]
    if all(part.nbytes > size * 3 // 4 for part in parts):
        # What is large does not belong to rows (a nested dictionary): slicing would only repeat it.
        yield batch
        return
    for part in parts:
        yield from _halves(part)


def _whole_batches(data: Any, where: str) -> Iterable[pa.RecordBatch]:
    if isinstance(data, pa.RecordBatch):
        return [data]
    if isinstance(data, pa.Table):
        return data.to_batches()
    if isinstance(data, pa.RecordBatchReader):
        return data
    if _is_pandas(data):
        return _from_pandas(data, where).to_batches()
    if hasattr(type(data), "__arrow_c_stream__"):
        return _from_stream(data, where)
    if hasattr(type(data), "__arrow_c_array__"):
        return [_guarded(lambda: pa.record_batch(data), where, data)]
    if isinstance(data, Mapping):
        return _from_columns(data, where).to_batches()
    if isinstance(data, list) and all(isinstance(row, Mapping) for row in data):
        return _from_rows(data, where).to_batches()
    raise TypeError(f"{where}: cannot make a table of {type_name(data)}; hand over {ACCEPTED}")


def _from_stream(data: Any, where: str) -> pa.RecordBatchReader:
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(data, polars.DataFrame):
        # polars would hand over the objects' addresses as bytes.
        objects = [name for name, kind in data.schema.items() if kind == polars.Object]
        if objects:
            raise TypeError(f"{where}: column '{objects[0]}' holds Python objects; give it a type")
    return _guarded(lambda: pa.RecordBatchReader.from_stream(data), where, data)


def _guarded(make: Any, where: str, data: Any) -> Any:
    try:
        return make()
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise TypeError(f"{where}: cannot make a table of {type_name(data)}: {error}") from error


def _is_pandas(data: Any) -> bool:
    # Without importing pandas: a plugin that has a frame has imported it.
    pandas = sys.modules.get("pandas")
    frame = getattr(pandas, "DataFrame", None)
    return frame is not None and isinstance(data, frame)


def _from_pandas(frame: Any, where: str) -> pa.Table:
    # A named index holds data and becomes columns. An unnamed one only counts or remembers row numbers.
    named = [name for name in frame.index.names if name is not None]
    unnamed = [level for level, name in enumerate(frame.index.names) if name is None]
    if named and unnamed:
        frame = frame.reset_index(level=unnamed, drop=True)
    if named:
        frame = _guarded(lambda: frame.reset_index(), where, frame)
    _names(frame.columns, where)
    table = _guarded(lambda: pa.Table.from_pandas(frame, preserve_index=False), where, frame)
    for position, field in enumerate(table.schema):
        is_guessed = pa.types.is_temporal(field.type) or pa.types.is_floating(field.type)
        if is_guessed and frame.dtypes.iloc[position] == object:
            table = table.set_column(
                position, field.name, columns.column(frame.iloc[:, position], field.name, where))
    return table.replace_schema_metadata(None)


def _from_columns(data: Mapping, where: str) -> pa.Table:
    names = _names(data, where)
    arrays = [columns.column(values, name, where) for name, values in zip(names, data.values())]
    lengths = {name: len(array) for name, array in zip(names, arrays)}
    if len(set(lengths.values())) > 1:
        raise TypeError(f"{where}: the columns of a dict differ in length: {lengths}")
    return pa.table(arrays, names=names)


def _from_rows(rows: List[Mapping], where: str) -> pa.Table:
    # pyarrow's from_pylist looks at the first row's keys only and would drop what later rows add.
    keys = list(dict.fromkeys(key for row in rows for key in row))
    if rows and not keys:
        raise TypeError(f"{where}: {len(rows)} rows have no column; leave them out, or give them one")
    names = _names(keys, where)
    arrays = [columns.column([row.get(key) for row in rows], name, where) for key, name in zip(keys, names)]
    return pa.table(arrays, names=names)


def _names(keys: Iterable[Any], where: str) -> List[str]:
    names: Dict[str, None] = {}
    for name in map(str, keys):
        if name in names:
            raise TypeError(f"{where}: two columns are named '{name}'")
        names[name] = None
    return list(names)
