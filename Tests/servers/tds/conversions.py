"""A value from one type to another, as an assignment or CAST makes it; what would not fit is SQL Server's error."""
import re
import struct

from .errors import SQLError, cannot_convert, overflow
from .sqltypes import FLOAT_BYTES, INTEGER_BYTES, MAX
from .values import decimal_text, decimal_units

NUMBER = re.compile(r"\s*([+-]?)(\d*)(?:\.(\d*))?\s*$")


def convert(value, source, target):
    """A value of the type `source` as `target` keeps it."""
    if value is None or source == target:
        return value
    name = target.name
    if name in INTEGER_BYTES or name == "bit":
        return to_integer(value, source, target)
    if name in FLOAT_BYTES:
        return to_float(value, source, target)
    if name == "decimal":
        return to_decimal(value, source, target)
    if target.is_text:
        return to_text(value, source, target)
    if name in ("varbinary", "binary"):
        return to_binary(value, source, target)
    return to_moment(value, source, target)


def to_integer(value, source, target):
    if source.is_text:
        if not re.fullmatch(r"\s*[+-]?\d+\s*", value):
            raise SQLError(245, f"Conversion failed when converting the {source.name} value '{value}' to data type "
                                f"{target.name}.")
        value = int(value)
    elif source.name == "decimal":
        value = decimal_units(value, 0)
    elif source.name in FLOAT_BYTES or source.name in INTEGER_BYTES or source.name == "bit":
        value = int(value)
    else:
        raise clash(source, target)
    if target.name == "bit":
        return 1 if value else 0
    bits = INTEGER_BYTES[target.name] * 8
    low, high = (0, 256) if bits == 8 else (-(1 << bits - 1), 1 << bits - 1)
    if not low <= value < high:
        raise overflow(target.name)
    return value


def to_float(value, source, target):
    if source.is_text or source.name == "decimal":
        try:
            value = float(value)
        except ValueError:
            raise cannot_convert(source, target) from None
    elif source.name in INTEGER_BYTES or source.name in FLOAT_BYTES or source.name == "bit":
        value = float(value)
    else:
        raise clash(source, target)
    return struct.unpack("<f", struct.pack("<f", value))[0] if target.name == "real" else value


def to_decimal(value, source, target):
    if source.name in FLOAT_BYTES:
        value = f"{value:.{target.scale}f}"
    elif not (source.is_text or source.name == "decimal" or source.name in INTEGER_BYTES or source.name == "bit"):
        raise clash(source, target)
    match = NUMBER.match(str(value))
    if not match or not (match[2] or match[3]):
        raise cannot_convert(source, target)
    fraction = (match[3] or "")
    units = int((match[2] or "0") + fraction[:target.scale].ljust(target.scale, "0"))
    if fraction[target.scale:target.scale + 1] >= "5":
        units += 1
    if units >= 10 ** target.precision:
        raise overflow("numeric")
    return decimal_text(-units if match[1] == "-" else units, target.scale)


def to_text(value, source, target):
    if isinstance(value, bytes):
        value = value.decode("utf-16-le" if target.is_wide else "cp1252")
    text = value if isinstance(value, str) else format(value, ".17g") if isinstance(value, float) else str(value)
    units = len(text.encode("utf-16-le")) // 2 if target.is_wide else len(text)
    if target.length != MAX and units > target.length:
        raise SQLError(2628, "String or binary data would be truncated.")
    return text


def to_binary(value, source, target):
    if not isinstance(value, bytes):
        raise clash(source, target)
    if target.length != MAX and len(value) > target.length:
        raise SQLError(2628, "String or binary data would be truncated.")
    return value


def to_moment(value, source, target):
    """Dates, times and identifiers; a text is taken in the form that the store has, also with less."""
    if not isinstance(value, str):
        raise clash(source, target)
    name = target.name
    if name == "uniqueidentifier":
        return value.upper()
    if name == "time" and source.name in ("datetime2", "datetimeoffset"):
        return value[11:27]
    if name == "time":
        return fraction(value)
    day, clock = value[:10], value[11:]
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise SQLError(241, "Conversion failed when converting date and/or time from character string.")
    if name == "date":
        return day
    zone = re.search(r"\s*([+-]\d\d:\d\d)$", clock)
    clock = fraction(clock[:zone.start()] if zone else clock)
    if name == "datetimeoffset":
        return f"{day}T{clock}{zone[1] if zone else '+00:00'}"
    return f"{day}T{clock[:12] if name == 'datetime' else clock}"


def fraction(clock):
    match = re.fullmatch(r"(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?|", clock)
    if not match:
        raise SQLError(241, "Conversion failed when converting date and/or time from character string.")
    whole = (match[1] or "00:00:00") if len(match[1] or "") != 5 else match[1] + ":00"
    return f"{whole}.{(match[2] or '')[:7].ljust(7, '0')}"


def clash(source, target):
    return SQLError(206, f"Operand type clash: {source.name} is incompatible with {target.name}")
