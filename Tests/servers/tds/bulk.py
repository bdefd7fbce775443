"""BULK_LOAD: COLMETADATA and rows, with or without a DONE at the end."""
from . import values
from .conversions import convert
from .errors import SQLError, log_full, unsupported
from .sqltypes import MAX, read_description
from .store import quoted

ROWS_AT_ONCE = 5000
METADATA, ROW, ROW_WITH_NULLS, DONE = 0x81, 0xD1, 0xD2, 0xFD


def load(session, stream):
    """Takes a bulk load's rows into the table that INSERT BULK named; returns how many."""
    if session.bulk is None:
        raise SQLError(4002, "The incoming tabular data stream (TDS) protocol stream is incorrect: bulk data without "
                             "INSERT BULK.")
    table, columns = session.bulk
    session.bulk = None
    kinds = read_metadata(stream, columns)
    session.server.faults.fail("log_full", log_full(session.server.database))
    staging = f"bulk_{session.wire.session}"
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    session.store.run(f"CREATE TEMP TABLE {staging} ({names})")
    try:
        count = 0
        marks = ", ".join("?" * len(columns))
        for rows in read_rows(stream, kinds, columns):
            session.store.connection.executemany(f"INSERT INTO temp.{staging} VALUES ({marks})", rows)
            count += len(rows)
        session.enter_store()
        with session.store.statement():
            session.store.run(
                f"INSERT INTO {table.stored} ({', '.join(quoted(column.name) for column in columns)}) "
                f"SELECT {names} FROM temp.{staging}")
        return count
    finally:
        session.store.run(f"DROP TABLE temp.{staging}")


def read_metadata(stream, columns):
    if stream.u8() != METADATA:
        raise SQLError(4002, "The incoming tabular data stream (TDS) protocol stream is incorrect: no COLMETADATA.")
    count = stream.u16()
    if count != len(columns):
        raise SQLError(4819, f"Cannot bulk load. {count} columns came, INSERT BULK named {len(columns)}.")
    kinds = []
    for _ in range(count):
        stream.take(6)
        kinds.append(read_description(stream))
        stream.short_text()
    return kinds


def read_rows(stream, kinds, columns):
    """Rows as the store keeps them, some at a time."""
    plans = [(kind, fixed, column.kind) for (kind, fixed), column in zip(kinds, columns, strict=True)]
    rows = []
    while not stream.at_end():
        token = stream.u8()
        if token == DONE:
            # Clients differ in how wide its count is.
            stream.skip_rest()
            break
        if token not in (ROW, ROW_WITH_NULLS):
            raise unsupported(f"the token {token:#x} in a bulk load")
        nulls = stream.take((len(plans) + 7) // 8) if token == ROW_WITH_NULLS else None
        row = []
        for number, (kind, fixed, wanted) in enumerate(plans):
            if nulls and nulls[number // 8] >> number % 8 & 1:
                row.append(None)
                continue
            value = values.read(stream, kind, fixed)
            row.append(fitted(value, kind, wanted, columns[number].name))
        rows.append(row)
        if len(rows) >= ROWS_AT_ONCE:
            yield rows
            rows = []
    yield rows


def fitted(value, kind, wanted, name):
    if value is None:
        return None
    if kind != wanted:
        return convert(value, kind, wanted)
    if wanted.length not in (None, MAX):
        units = len(value.encode("utf-16-le")) // 2 if wanted.is_wide else len(value)
        if units > wanted.length:
            raise SQLError(4815, f"Received an invalid column length from the bcp client for column '{name}'.")
    return value
