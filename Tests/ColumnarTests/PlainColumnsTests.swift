import CasparianTestKit
import Columnar
import Testing

@Suite struct PlainColumnsTests {
    /// Writes columns of many layouts with pyarrow, sliced so that no cell lies at the start of its buffer.
    private static let make = """
        import sys, datetime, decimal, uuid
        import pyarrow as pa
        D = decimal.Decimal
        def rows(values, type): return pa.array([values[0]] + values, type)
        columns = {
            "bool": rows([True, None, False], pa.bool_()),
            "int8": rows([-128, None, 127], pa.int8()),
            "uint32": rows([0, None, 2**32 - 1], pa.uint32()),
            "int64": rows([-2**63, None, 2**63 - 1], pa.int64()),
            "uint64": rows([0, None, 2**64 - 1], pa.uint64()),
            "half": rows([0.5, None, -2.0], pa.float16()),
            "float": rows([0.5, None, float("-inf")], pa.float32()),
            "double": rows([-0.0, None, 1e300], pa.float64()),
            "decimal": rows([D("-0.01"), None, D("12345.60")], pa.decimal128(10, 2)),
            "decimal32": rows([D("1.5"), None, D("-9.9")], pa.decimal32(2, 1)),
            "decimal38": rows([D("0." + "0" * 36 + "1"), None, D("-9." + "9" * 37)], pa.decimal128(38, 37)),
            "decimal76": rows([D("9" * 76), None, D("0")], pa.decimal256(76, 0)),
            "negative": rows([D("1200"), None, D("0")], pa.decimal128(5, -2)),
            "text": rows(["", None, "a\\0🦉"], pa.string()),
            "large": rows(["x", None, "y"], pa.large_string()),
            "view": rows(["short", None, "longer than a view holds itself"], pa.string_view()),
            "binary": rows([b"", None, b"\\0\\xff"], pa.binary()),
            "fixed": rows([b"ab", None, b"cd"], pa.binary(2)),
            "uuid": pa.ExtensionArray.from_storage(pa.uuid(), rows([bytes(range(16)), None, bytes(16)], pa.binary(16))),
            "dictionary": rows(["red", None, "blue"], pa.string()).dictionary_encode(),
            "runs": pa.RunEndEncodedArray.from_arrays([2, 3, 4], pa.array([7, None, 9], pa.int64())),
            "date": rows([datetime.date(1, 1, 1), None, datetime.date(9999, 12, 31)], pa.date32()),
            "date64": rows([datetime.date(1969, 12, 31), None, datetime.date(2000, 1, 1)], pa.date64()),
            "time32": rows([1, None, 86399999], pa.time32("ms")),
            "time64": rows([1, None, 86399999999999], pa.time64("ns")),
            "stamp": rows([-1, None, 1], pa.timestamp("us", "Europe/Berlin")),
            "local": rows([-1, None, 1], pa.timestamp("ns")),
            "span": rows([-5, None, 5], pa.duration("s")),
            "list": rows([[1, None], None, []], pa.list_(pa.int64())),
            "record": rows([{"a": "q\\"", "b": float("nan")}, None, {"a": None, "b": 0.1}],
                           pa.struct({"a": pa.string(), "b": pa.float64()})),
            "map": rows([[("k", b"\\x01")], None, []], pa.map_(pa.string(), pa.binary())),
            "nothing": pa.nulls(4),
        }
        batch = pa.record_batch(list(columns.values()), list(columns)).slice(1)
        with pa.ipc.new_stream(sys.argv[1], batch.schema) as stream: stream.write(batch)
        """

    private static let expected: [String: (type: String, cells: [String?])] = [
        "bool": ("bool", ["true", nil, "false"]),
        "int8": ("int8", ["-128", nil, "127"]),
        "uint32": ("uint32", ["0", nil, "4294967295"]),
        "int64": ("int64", ["-9223372036854775808", nil, "9223372036854775807"]),
        "uint64": ("uint64", ["0", nil, "18446744073709551615"]),
        "half": ("halffloat", ["0.5", nil, "-2.0"]),
        "float": ("float", ["0.5", nil, "-inf"]),
        "double": ("double", ["-0.0", nil, "1e+300"]),
        "decimal": ("decimal(10, 2)", ["-0.01", nil, "12345.60"]),
        "decimal32": ("decimal(2, 1)", ["1.5", nil, "-9.9"]),
        "decimal38": (
            "decimal(38, 37)",
            ["0." + String(repeating: "0", count: 36) + "1", nil, "-9." + String(repeating: "9", count: 37)]
        ),
        "decimal76": ("decimal(76, 0)", [String(repeating: "9", count: 76), nil, "0"]),
        "negative": ("decimal(5, -2)", ["1200", nil, "0"]),
        "text": ("string", ["", nil, "a\0🦉"]),
        "large": ("string", ["x", nil, "y"]),
        "view": ("string", ["short", nil, "longer than a view holds itself"]),
        "binary": ("binary", ["", nil, "00ff"]),
        "fixed": ("binary", ["6162", nil, "6364"]),
        "uuid": ("uuid", ["000102030405060708090a0b0c0d0e0f", nil, String(repeating: "0", count: 32)]),
        "dictionary": ("string", ["red", nil, "blue"]),
        "runs": ("int64", ["7", nil, "9"]),
        "date": ("date", ["-719162", nil, "2932896"]),
        "date64": ("date", ["-1", nil, "10957"]),
        "time32": ("time[ms]", ["1", nil, "86399999"]),
        "time64": ("time[ns]", ["1", nil, "86399999999999"]),
        "stamp": ("timestamp[us, tz=Europe/Berlin]", ["-1", nil, "1"]),
        "local": ("timestamp[ns]", ["-1", nil, "1"]),
        "span": ("duration[s]", ["-5", nil, "5"]),
        "list": ("json", ["[1, null]", nil, "[]"]),
        "record": ("json", [#"{"a": "q\"", "b": "nan"}"#, nil, #"{"a": null, "b": 0.1}"#]),
        "map": ("json", [#"[{"key": "k", "value": "01"}]"#, nil, "[]"]),
        "nothing": ("null", [nil, nil, nil]),
    ]

    @Test func `Every layout is read as its values, with nulls, from the middle of its buffers`() throws {
        let folder = try TemporaryFolder()
        try Python.run(Self.make, folder.file("all.arrow"))
        let batch = try #require(try BatchReader.ipc(path: folder.file("all.arrow")).next())
        let plain = try batch.plainColumns()
        #expect(plain.rowCount == 3 && plain.columns.count == Self.expected.count)
        for column in plain.columns {
            let expected = try #require(Self.expected[column.name])
            #expect(column.type.description == expected.type, "\(column.name)")
            #expect((0..<3).map { column.isNull($0) ? nil : text(column, $0) } == expected.cells, "\(column.name)")
        }
    }

    private func text(_ column: PlainColumn, _ row: Int) -> String {
        switch column.type {
        case .null: "null"
        case .bool: "\(column.bool(row))"
        case .integer(bits: 64, isSigned: false): "\(column.uint64(row))"
        case .integer, .date, .time, .timestamp, .duration: "\(column.int64(row))"
        case .float: "\(column.double(row))"
        case .decimal: column.decimalText(row)
        case .text, .json: String(decoding: column.bytes(row), as: UTF8.self)
        case .binary, .uuid:
            column.bytes(row).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        }
    }
}
