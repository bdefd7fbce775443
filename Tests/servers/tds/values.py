"""Values on the wire, and from one type to another, without a digit lost."""
import datetime
import struct
import uuid

from .errors import SQLError, overflow
from .sqltypes import FLOAT_BYTES, INTEGER_BYTES, MAX, PLP_NULL, PLP_UNKNOWN, decimal_bytes, time_bytes

PLP_CHUNK_BYTES = 8000
TICKS_PER_SECOND = 10_000_000


def date_days(text):
    """Days since 0001-01-01."""
    return datetime.date.fromisoformat(text[:10]).toordinal() - 1


def days_date(days):
    return datetime.date.fromordinal(days + 1).isoformat()


def time_ticks(text):
    """Tenths of microseconds since midnight, of `hh:mm:ss.nnnnnnn`."""
    hours, minutes, seconds = text.split(":")
    whole, _, fraction = seconds.partition(".")
    return (int(hours) * 3600 + int(minutes) * 60 + int(whole)) * TICKS_PER_SECOND + int(fraction.ljust(7, "0"))


def ticks_time(ticks):
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:07}"


def offset_text(minutes):
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def offset_minutes(text):
    return (-1 if text[0] == "-" else 1) * (int(text[1:3]) * 60 + int(text[4:6]))


def shifted(day, ticks, minutes):
    """Day and ticks some minutes later."""
    ticks += minutes * 60 * TICKS_PER_SECOND
    days, ticks = divmod(ticks, 86400 * TICKS_PER_SECOND)
    return day + days, ticks


def decimal_text(units, scale):
    """The text of a whole number of 10^-scale."""
    digits = str(abs(units)).rjust(scale + 1, "0")
    text = digits if scale == 0 else f"{digits[:-scale]}.{digits[-scale:]}"
    return "-" + text if units < 0 else text


def decimal_units(text, scale):
    """The reverse; digits beyond the scale are cut."""
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("+-").partition(".")
    return sign * int((whole or "0") + fraction[:scale].ljust(scale, "0"))


def read(reader, kind, fixed=False):
    """One value of a ROW."""
    if kind.length is not None:
        return read_sized(reader, kind)
    size = kind.max_length if fixed else reader.u8()
    if size == 0:
        return None
    data = reader.take(size)
    name = kind.name
    if name in INTEGER_BYTES:
        return int.from_bytes(data, "little", signed=name != "tinyint")
    if name in FLOAT_BYTES:
        value = struct.unpack("<f" if len(data) == 4 else "<d", data)[0]
        if value != value or value in (float("inf"), float("-inf")):
            raise SQLError(4816, "Invalid column value from bcp client: a float is not finite.")
        return value
    if name == "bit":
        return data[0] & 1
    if name == "decimal":
        units = int.from_bytes(data[1:], "little") * (1 if data[0] else -1)
        if abs(units) >= 10 ** kind.precision:
            raise overflow("numeric")
        return decimal_text(units, kind.scale)
    if name == "uniqueidentifier":
        return str(uuid.UUID(bytes_le=data)).upper()
    return read_time(data, kind)


def read_time(data, kind):
    if kind.name == "datetime":
        days, ticks = struct.unpack("<iI", data)
        day = datetime.date(1900, 1, 1) + datetime.timedelta(days)
        return f"{day.isoformat()}T{ticks_time(round(ticks * TICKS_PER_SECOND / 300, -4))[:12]}"
    if kind.name == "date":
        return days_date(int.from_bytes(data, "little"))
    size = time_bytes(kind.scale)
    ticks = int.from_bytes(data[:size], "little") * 10 ** (7 - kind.scale)
    if kind.name == "time":
        return ticks_time(ticks)
    day = int.from_bytes(data[size:size + 3], "little")
    if kind.name == "datetime2":
        return f"{days_date(day)}T{ticks_time(ticks)}"
    minutes = int.from_bytes(data[size + 3:], "little", signed=True)
    day, ticks = shifted(day, ticks, minutes)
    return f"{days_date(day)}T{ticks_time(ticks)}{offset_text(minutes)}"


def read_sized(reader, kind):
    if kind.length == MAX:
        total = reader.u64()
        if total == PLP_NULL:
            return None
        parts = []
        while size := reader.u32():
            parts.append(reader.take(size))
        data = b"".join(parts)
        if total not in (PLP_UNKNOWN, len(data)):
            raise SQLError(4804, "Invalid column value from bcp client: chunks of another length than announced.")
    else:
        size = reader.u16()
        if size == 0xFFFF:
            return None
        data = reader.take(size)
    if kind.is_wide:
        if len(data) % 2:
            raise SQLError(4804, "Invalid column value from bcp client: half a character.")
        return data.decode("utf-16-le")
    return data.decode("cp1252") if kind.is_text else data


def write(value, kind, fixed):
    """The bytes of one value in a ROW."""
    if kind.length == MAX:
        if value is None:
            return PLP_NULL.to_bytes(8, "little")
        data = sized_bytes(value, kind)
        parts = [len(data).to_bytes(8, "little")]
        for start in range(0, len(data), PLP_CHUNK_BYTES):
            part = data[start:start + PLP_CHUNK_BYTES]
            parts += [len(part).to_bytes(4, "little"), part]
        return b"".join(parts) + bytes(4)
    if kind.length is not None:
        if value is None:
            return b"\xff\xff"
        data = sized_bytes(value, kind)
        return len(data).to_bytes(2, "little") + data
    if value is None:
        return b"\x00"
    data = plain_bytes(value, kind)
    return data if fixed else bytes([len(data)]) + data


def sized_bytes(value, kind):
    if kind.is_wide:
        return str(value).encode("utf-16-le")
    return str(value).encode("cp1252", "replace") if kind.is_text else bytes(value)


def plain_bytes(value, kind):
    name = kind.name
    if name in INTEGER_BYTES:
        return int(value).to_bytes(INTEGER_BYTES[name], "little", signed=name != "tinyint")
    if name in FLOAT_BYTES:
        return struct.pack("<f" if name == "real" else "<d", value)
    if name == "bit":
        return bytes([1 if value else 0])
    if name == "decimal":
        units = decimal_units(str(value), kind.scale)
        return bytes([0 if units < 0 else 1]) + abs(units).to_bytes(decimal_bytes(kind.precision) - 1, "little")
    if name == "uniqueidentifier":
        return uuid.UUID(value).bytes_le
    if name == "date":
        return date_days(value).to_bytes(3, "little")
    if name == "datetime":
        day = (datetime.date.fromisoformat(value[:10]) - datetime.date(1900, 1, 1)).days
        return struct.pack("<iI", day, round(time_ticks(value[11:]) * 300 / TICKS_PER_SECOND))
    if name == "time":
        return time_units(time_ticks(value), kind)
    return moment_bytes(value, kind)


def time_units(ticks, kind):
    return (ticks // 10 ** (7 - kind.scale)).to_bytes(time_bytes(kind.scale), "little")


def moment_bytes(value, kind):
    day, clock = date_days(value), time_ticks(value[11:27])
    if kind.name == "datetime2":
        return time_units(clock, kind) + day.to_bytes(3, "little")
    minutes = offset_minutes(value[27:])
    day, clock = shifted(day, clock, -minutes)
    return time_units(clock, kind) + day.to_bytes(3, "little") + minutes.to_bytes(2, "little", signed=True)
