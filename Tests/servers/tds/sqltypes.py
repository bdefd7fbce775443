"""SQL Server's types: how they are declared, described on the wire, sent and read.

A value is what the store keeps of it: int, float, str or bytes, None for NULL. Decimals, dates and times are texts, so
that no digit is lost: `-12.340`, `0001-01-01`, `23:59:59.1234567`, `2024-02-29T00:00:00.0000000+05:30`.
"""
import dataclasses

from .errors import SQLError, unsupported

MAX = -1
PLP_NULL = (1 << 64) - 1
PLP_UNKNOWN = (1 << 64) - 2
UNSIZED_BYTES = 8000
# Latin1_General_CI_AS, the collation that every text column says it has.
COLLATION = bytes([0x09, 0x04, 0xD0, 0x00, 0x34])

INTEGER_BYTES = {"tinyint": 1, "smallint": 2, "int": 4, "bigint": 8}
FLOAT_BYTES = {"real": 4, "float": 8}
TEXTS = ("nvarchar", "nchar", "varchar", "char", "sysname", "ntext", "text")
BINARIES = ("varbinary", "binary", "image")
TIMES = ("time", "datetime2", "datetimeoffset")


@dataclasses.dataclass(frozen=True)
class SQLType:
    """A type as a column has it.

    `length` is in characters (bytes for varchar and varbinary), -1 for max.
    """
    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    def __str__(self):
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.name in TIMES:
            return f"{self.name}({self.scale})"
        if self.length is not None:
            return f"{self.name}({'max' if self.length == MAX else self.length})"
        return self.name

    @property
    def is_text(self):
        return self.name in ("nvarchar", "varchar", "nchar", "char")

    @property
    def is_wide(self):
        """UTF-16 on the wire."""
        return self.name in ("nvarchar", "nchar")

    @property
    def max_length(self):
        """As sys.columns has it: bytes, -1 for max."""
        if self.length is not None:
            return self.length if self.length == MAX else self.length * (2 if self.is_wide else 1)
        if self.name == "decimal":
            return decimal_bytes(self.precision)
        if self.name in TIMES:
            return time_bytes(self.scale) + {"time": 0, "datetime2": 3, "datetimeoffset": 5}[self.name]
        sizes = {**INTEGER_BYTES, **FLOAT_BYTES, "bit": 1, "date": 3, "uniqueidentifier": 16, "datetime": 8}
        return sizes[self.name]


def decimal_bytes(precision):
    return 5 if precision <= 9 else 9 if precision <= 19 else 13 if precision <= 28 else 17


def time_bytes(scale):
    return 3 if scale <= 2 else 4 if scale <= 4 else 5


INT = SQLType("int")
BIGINT = SQLType("bigint")
BIT = SQLType("bit")
FLOAT = SQLType("float")
NVARCHAR_MAX = SQLType("nvarchar", MAX)


def nvarchar(length):
    return SQLType("nvarchar", length)


def declared(name, arguments):
    """The type of a declaration such as `decimal(38, 5)`; its arguments are numbers or 'max'."""
    name = name.lower()
    sized = {"varchar": 8000, "nvarchar": 4000, "varbinary": 8000, "nchar": 4000, "char": 8000, "binary": 8000}
    simple = {
        "integer": INT, "sysname": nvarchar(128), "text": SQLType("varchar", MAX), "ntext": NVARCHAR_MAX,
        "image": SQLType("varbinary", MAX),
    }
    if name in simple and not arguments:
        return simple[name]
    if name in ("decimal", "numeric"):
        precision, scale = (list(arguments) + [18, 0][len(arguments):])[:2]
        if not 1 <= precision <= 38 or not 0 <= scale <= precision:
            raise SQLError(2750, f"Column or parameter: specified column precision {precision} or scale {scale} is "
                                 "not allowed; the maximum precision is 38.")
        return SQLType("decimal", precision=precision, scale=scale)
    if name in TIMES:
        scale = arguments[0] if arguments else 7
        if scale > 7:
            raise SQLError(1002, f"Line 1: Specified scale {scale} is invalid.")
        return SQLType(name, scale=scale)
    if name in sized:
        length = arguments[0] if arguments else 1
        length = MAX if length == "max" else length
        if length > sized[name] or length == 0:
            raise SQLError(131, f"The size ({length}) given to the type '{name}' exceeds the maximum allowed.")
        return SQLType(name, length)
    if name == "float" and arguments and arguments[0] <= 24:
        return SQLType("real")
    if name in INTEGER_BYTES or name in FLOAT_BYTES or name in ("bit", "date", "uniqueidentifier", "datetime"):
        return SQLType(name)
    raise SQLError(2715, f"Cannot find data type {name}.")


def describe(kind, nullable):
    """TYPE_INFO of a column of that type."""
    name = kind.name
    if name in INTEGER_BYTES:
        size = INTEGER_BYTES[name]
        return bytes([0x26, size]) if nullable else bytes([{1: 0x30, 2: 0x34, 4: 0x38, 8: 0x7F}[size]])
    if name in FLOAT_BYTES:
        size = FLOAT_BYTES[name]
        return bytes([0x6D, size]) if nullable else bytes([{4: 0x3B, 8: 0x3E}[size]])
    if name == "bit":
        return bytes([0x68, 1]) if nullable else b"\x32"
    if name == "decimal":
        return bytes([0x6A, decimal_bytes(kind.precision), kind.precision, kind.scale])
    if name == "date":
        return b"\x28"
    if name in TIMES:
        return bytes([{"time": 0x29, "datetime2": 0x2A, "datetimeoffset": 0x2B}[name], kind.scale])
    if name == "uniqueidentifier":
        return b"\x24\x10"
    if name == "datetime":
        return b"\x6f\x08" if nullable else b"\x3d"
    size = (0xFFFF if kind.length == MAX else kind.max_length).to_bytes(2, "little")
    codes = {"nvarchar": 0xE7, "nchar": 0xEF, "varchar": 0xA7, "char": 0xAF, "varbinary": 0xA5, "binary": 0xAD}
    return bytes([codes[name]]) + size + (COLLATION if kind.is_text else b"")


def read_description(reader):
    """The type that a TYPE_INFO tells of, and whether its values have no length before them."""
    code = reader.u8()
    fixed = {0x30: "tinyint", 0x32: "bit", 0x34: "smallint", 0x38: "int", 0x7F: "bigint", 0x3B: "real", 0x3E: "float",
             0x3D: "datetime"}
    if code in fixed:
        return SQLType(fixed[code]), True
    if code == 0x26:
        return SQLType({1: "tinyint", 2: "smallint", 4: "int", 8: "bigint"}[reader.u8()]), False
    if code == 0x6D:
        return SQLType({4: "real", 8: "float"}[reader.u8()]), False
    if code == 0x68:
        reader.u8()
        return BIT, False
    if code in (0x6A, 0x6C):
        reader.u8()
        precision = reader.u8()
        return SQLType("decimal", precision=precision, scale=reader.u8()), False
    if code == 0x28:
        return SQLType("date"), False
    if code in (0x29, 0x2A, 0x2B):
        return SQLType(TIMES[code - 0x29], scale=reader.u8()), False
    if code == 0x24:
        reader.u8()
        return SQLType("uniqueidentifier"), False
    if code == 0x6F:
        reader.u8()
        return SQLType("datetime"), False
    sized = {0xE7: "nvarchar", 0xEF: "nchar", 0xA7: "varchar", 0xAF: "char", 0xA5: "varbinary", 0xAD: "binary"}
    if code not in sized:
        raise unsupported(f"the wire type {code:#x}")
    size = reader.u16()
    name = sized[code]
    if name not in ("varbinary", "binary"):
        reader.take(5)
    if size == 0xFFFF:
        return SQLType(name, MAX), False
    return SQLType(name, size // 2 if name in ("nvarchar", "nchar") else size), False
