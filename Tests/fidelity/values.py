"""Every type and nasty values of it: what check_fidelity.py sends through every sink."""
import dataclasses
import datetime
import decimal
import uuid

import pyarrow as pa

D = decimal.Decimal


@dataclasses.dataclass
class Type:
    name: str
    arrow: pa.DataType
    values: list
    #: Places in `values` that a sink must refuse by name, by scheme.
    refused: dict = dataclasses.field(default_factory=dict)

    def array(self, values: list) -> pa.Array:
        if self.name == "uuid":
            return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(values, pa.binary(16)))
        if self.name == "dictionary":
            return pa.array(values, pa.string()).dictionary_encode()
        return pa.array(values, self.arrow)


def integers(bits: int, signed: bool = True) -> list:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return [low, high, 0, 1, None]


TEXTS = ["", " ", "a", "NULL", "null", "\\N", "\"quoted\"", "it's", "semi;colon", "tab\tline\nreturn\r\n", "🦉 Ünïcödé ☃",
         "x" * 100_000, "1e5", "0012", "-0", "%s %d", "2016-12-31T23:59:60Z", "﻿bom", None]
NUL_TEXT = "a\0b"

TYPES = [
    Type("bool", pa.bool_(), [True, False, None]),
    Type("int8", pa.int8(), integers(8)), Type("int16", pa.int16(), integers(16)),
    Type("int32", pa.int32(), integers(32)), Type("int64", pa.int64(), integers(64) + [2**53 + 1, -(2**53) - 1]),
    Type("uint8", pa.uint8(), integers(8, False)), Type("uint16", pa.uint16(), integers(16, False)),
    Type("uint32", pa.uint32(), integers(32, False)),
    Type("uint64", pa.uint64(), [0, 2**63 - 1, None, 2**63, 2**64 - 1], {"sqlite": [3, 4]}),
    Type("float", pa.float32(), [0.5, -1.25, 3.4028234663852886e38, 1e-45, None, float("inf"), float("-inf"),
                                 float("nan"), -0.0], {"mssql": [5, 6, 7]}),
    Type("double", pa.float64(), [0.1, 1e308, 5e-324, 2.0**53 + 2, -1e-7, None, float("inf"), float("-inf"),
                                  float("nan"), -0.0], {"mssql": [6, 7, 8]}),
    Type("decimal(38,37)", pa.decimal128(38, 37), [D("9." + "9" * 37), D("-0." + "0" * 36 + "1"), D(0), None]),
    Type("decimal(38,0)", pa.decimal128(38, 0), [D("9" * 38), D("-" + "9" * 38), D(0), None]),
    Type("decimal(9,2)", pa.decimal128(9, 2), [D("1.50"), D("-0.01"), D("9999999.99"), None]),
    Type("decimal(76,3)", pa.decimal256(76, 3), [D("9" * 73 + ".999"), D("-0.001"), None], {"mssql": [0]}),
    Type("string", pa.string(), TEXTS + [NUL_TEXT], {"postgresql": [len(TEXTS)]}),
    Type("large_string", pa.large_string(), ["large", "", None]),
    Type("dictionary", pa.dictionary(pa.int32(), pa.string()), ["red", "blue", "red", None]),
    Type("binary", pa.binary(), [b"", b"\0", bytes(range(256)), b"\\x41", None]),
    Type("fixed_binary", pa.binary(3), [b"abc", b"\0\0\0", None]),
    Type("uuid", pa.uuid(), [uuid.UUID(int=0).bytes, uuid.UUID(int=2**128 - 2).bytes, None]),
    Type("date", pa.date32(), [datetime.date(1, 1, 1), datetime.date(1582, 10, 10), datetime.date(1970, 1, 1),
                               datetime.date(2024, 2, 29), datetime.date(9999, 12, 31), None]),
    Type("time(ms)", pa.time32("ms"), [datetime.time(0), datetime.time(23, 59, 59, 999_000), None]),
    Type("time(us)", pa.time64("us"), [datetime.time(0), datetime.time(23, 59, 59, 999_999), None]),
    Type("timestamp(s)", pa.timestamp("s"), [-62135596800, 253402300799, -1, 0, None]),
    Type("timestamp(us)", pa.timestamp("us"), [-62135596800_000_000, 253402300799_999_999, -1, 0, None]),
    Type("timestamp(ns)", pa.timestamp("ns"), [1_700_000_000_000_000_000, -1000, None, 1_700_000_000_123_456_700,
                                               1_700_000_000_123_456_789], {"postgresql": [3, 4], "mssql": [4]}),
    Type("timestamp(us, UTC)", pa.timestamp("us", "UTC"), [-62135596800_000_000, 253402300799_999_999, -1, None]),
    Type("timestamp(us, Berlin)", pa.timestamp("us", "Europe/Berlin"), [1_711_846_800_000_001, 0, None]),
    Type("duration(us)", pa.duration("us"), [-1, 0, 86_400_000_000, None]),
    Type("list", pa.list_(pa.int64()), [[1, None, -(2**63)], [], None]),
    Type("struct", pa.struct({"a": pa.string(), "b": pa.decimal128(5, 2)}),
         [{"a": "q\"\n🦉", "b": D("1.50")}, {"a": None, "b": None}, None]),
    Type("nulls", pa.null(), [None]),
]
