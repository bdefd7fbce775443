"""The tokens of a reply."""
from . import sqltypes, values

DONE, DONE_PROC, DONE_IN_PROC = 0xFD, 0xFE, 0xFF
MORE, ERROR, IN_TRANSACTION, COUNT, ATTENTION = 0x01, 0x02, 0x04, 0x10, 0x20
SERVER = "tds-test"
VERSION = bytes([16, 0, 0x10, 0x00])


def short_text(text):
    return bytes([len(text.encode("utf-16-le")) // 2]) + text.encode("utf-16-le")


def long_text(text):
    data = text.encode("utf-16-le")
    return (len(data) // 2).to_bytes(2, "little") + data


def sized(token, body):
    return bytes([token]) + len(body).to_bytes(2, "little") + body


def login_acknowledged():
    return sized(0xAD, bytes([1]) + bytes([0x74, 0, 0, 4]) + short_text("Microsoft SQL Server") + VERSION)


def environment(kind, new, old=b""):
    """ENVCHANGE with values as they stand on the wire after their lengths; texts are given as str."""
    def value(part):
        return short_text(part) if isinstance(part, str) else bytes([len(part)]) + part
    return sized(0xE3, bytes([kind]) + value(new) + value(old))


def message(error, session, line=1):
    body = error.number.to_bytes(4, "little") + bytes([error.state, error.severity]) + long_text(error.message)
    body += short_text(SERVER) + short_text("") + line.to_bytes(4, "little")
    return sized(0xAA if error.severity > 10 else 0xAB, body)


def done(status, count=None, token=DONE, command=0):
    if count is not None:
        status |= COUNT
    return bytes([token]) + status.to_bytes(2, "little") + command.to_bytes(2, "little") + (count or 0).to_bytes(
        8, "little")


def return_status(value):
    return bytes([0x79]) + value.to_bytes(4, "little", signed=True)


def return_value(name, kind, value, ordinal=0):
    body = ordinal.to_bytes(2, "little") + short_text(name) + b"\x01" + bytes(6)
    return bytes([0xAC]) + body + sqltypes.describe(kind, True) + values.write(value, kind, False)


def columns(result):
    """COLMETADATA."""
    parts = [bytes([0x81]), len(result.columns).to_bytes(2, "little")]
    for column in result.columns:
        flags = (1 if column.nullable else 0) | 8
        parts += [bytes(4), flags.to_bytes(2, "little"), sqltypes.describe(column.kind, column.nullable),
                  short_text(column.name)]
    return b"".join(parts)


def rows(result):
    """One ROW for each."""
    plans = [(column.kind, is_fixed(column)) for column in result.columns]
    for row in result.rows:
        yield b"\xd1" + b"".join(
            values.write(value, kind, fixed) for value, (kind, fixed) in zip(row, plans, strict=True))


def is_fixed(column):
    """Whether its values have no length before them."""
    kind = column.kind
    return not column.nullable and (
        kind.name in sqltypes.INTEGER_BYTES or kind.name in sqltypes.FLOAT_BYTES or kind.name in ("bit", "datetime"))
