import CasparianTestKit
import Columnar
import Testing

/// Values as psql shows them, beside what pyarrow was told to make.
@Suite(.enabled(if: PostgreSQLServer.programs != nil))
struct TypeTests {
    /// Type of the column, and its three cells as text; `-` is null. Rows come sliced from the middle of their buffers.
    private static let make = """
        import sys, datetime, decimal, uuid
        import pyarrow as pa
        D = decimal.Decimal
        def rows(values, type): return pa.array([values[0]] + values, type)
        columns = {
            "bool": rows([True, None, False], pa.bool_()),
            "int8": rows([-128, None, 127], pa.int8()),
            "uint8": rows([0, None, 255], pa.uint8()),
            "int16": rows([-32768, None, 32767], pa.int16()),
            "uint16": rows([0, None, 65535], pa.uint16()),
            "int32": rows([-2**31, None, 2**31 - 1], pa.int32()),
            "uint32": rows([0, None, 2**32 - 1], pa.uint32()),
            "int64": rows([-2**63, None, 2**63 - 1], pa.int64()),
            "uint64": rows([0, None, 2**64 - 1], pa.uint64()),
            "half": rows([0.5, None, -2.0], pa.float16()),
            "float": rows([0.1, None, float("-inf")], pa.float32()),
            "double": rows([-0.0, None, 0.1], pa.float64()),
            "special": rows([float("nan"), float("inf"), 5e-324], pa.float64()),
            "decimal": rows([D("-0.01"), None, D("12345.60")], pa.decimal128(10, 2)),
            "decimal32": rows([D("1.5"), None, D("-9.9")], pa.decimal32(2, 1)),
            "decimal38": rows([D("0." + "0" * 36 + "1"), None, D("-9." + "9" * 37)], pa.decimal128(38, 37)),
            "decimal76": rows([D("9" * 76), None, D("-1" + "0" * 75)], pa.decimal256(76, 0)),
            "fraction76": rows([D("0." + "9" * 76), None, D("-0." + "0" * 75 + "1")], pa.decimal256(76, 76)),
            "negative": rows([D("1200"), None, D("-9999900")], pa.decimal128(5, -2)),
            "small": pa.Array.from_buffers(pa.decimal128(3, 6), 4, [None, pa.py_buffer(b"".join(
                digits.to_bytes(16, "little", signed=True) for digits in (120, 120, -999, 0)))]),
            "text": rows(["", None, "a\\\\b🦉"], pa.string()),
            "large": rows(["x", None, "y"], pa.large_string()),
            "view": rows(["short", None, "longer than a view holds itself"], pa.string_view()),
            "binary": rows([b"", None, b"\\0\\xff"], pa.binary()),
            "fixed": rows([b"ab", None, b"cd"], pa.binary(2)),
            "uuid": pa.ExtensionArray.from_storage(pa.uuid(), rows([bytes(range(16)), None, bytes(16)], pa.binary(16))),
            "dictionary": rows(["red", None, "blue"], pa.string()).dictionary_encode(),
            "date": rows([datetime.date(1, 1, 1), None, datetime.date(9999, 12, 31)], pa.date32()),
            "days": rows([-719163, None, 2145042905], pa.date32()),
            "time32": rows([1, None, 86399999], pa.time32("ms")),
            "time64": rows([1000, None, 86399999999000], pa.time64("ns")),
            "stamp": rows([-1, None, 253402300799999999], pa.timestamp("us", "Europe/Berlin")),
            "local": rows([-1000, None, 1], pa.timestamp("ms")),
            "nanos": rows([-1000, None, 1000], pa.timestamp("ns")),
            "seconds": rows([-62135596800, None, 253402300799], pa.timestamp("s")),
            "span": rows([-5, None, 90061], pa.duration("s")),
            "list": rows([[1, None], None, []], pa.list_(pa.int64())),
            "record": rows([{"a": "q\\"\\0", "b": 1e300}, None, {"a": None, "b": 0.1}],
                           pa.struct({"a": pa.string(), "b": pa.float64()})),
            "nothing": pa.nulls(4),
        }
        batch = pa.record_batch(list(columns.values()), list(columns)).slice(1)
        with pa.ipc.new_stream(sys.argv[1], batch.schema) as stream: stream.write(batch)
        """

    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    private static let expected: [(name: String, type: String, cells: [String])] = [
        ("bool", "boolean", ["true", "-", "false"]),
        ("int8", "integer", ["-128", "-", "127"]),
        ("uint8", "integer", ["0", "-", "255"]),
        ("int16", "integer", ["-32768", "-", "32767"]),
        ("uint16", "integer", ["0", "-", "65535"]),
        ("int32", "integer", ["-2147483648", "-", "2147483647"]),
        ("uint32", "bigint", ["0", "-", "4294967295"]),
        ("int64", "bigint", ["-9223372036854775808", "-", "9223372036854775807"]),
        ("uint64", "numeric(20,0)", ["0", "-", "18446744073709551615"]),
        ("half", "real", ["0.5", "-", "-2"]),
        ("float", "real", ["0.1", "-", "-Infinity"]),
        ("double", "double precision", ["-0", "-", "0.1"]),
        ("special", "double precision", ["NaN", "Infinity", "5e-324"]),
        ("decimal", "numeric(10,2)", ["-0.01", "-", "12345.60"]),
        ("decimal32", "numeric(2,1)", ["1.5", "-", "-9.9"]),
        ("decimal38", "numeric(38,37)", ["0." + repeated("0", 36) + "1", "-", "-9." + repeated("9", 37)]),
        ("decimal76", "numeric(76,0)", [repeated("9", 76), "-", "-1" + repeated("0", 75)]),
        ("fraction76", "numeric(76,76)", ["0." + repeated("9", 76), "-", "-0." + repeated("0", 75) + "1"]),
        ("negative", "numeric(7,0)", ["1200", "-", "-9999900"]),
        ("small", "numeric(6,6)", ["0.000120", "-0.000999", "0.000000"]),
        ("text", "text", ["", "-", #"a\b🦉"#]),
        ("large", "text", ["x", "-", "y"]),
        ("view", "text", ["short", "-", "longer than a view holds itself"]),
        ("binary", "bytea", [#"\x"#, "-", #"\x00ff"#]),
        ("fixed", "bytea", [#"\x6162"#, "-", #"\x6364"#]),
        (
            "uuid", "uuid",
            ["00010203-0405-0607-0809-0a0b0c0d0e0f", "-", "00000000-0000-0000-0000-000000000000"]
        ),
        ("dictionary", "text", ["red", "-", "blue"]),
        ("date", "date", ["0001-01-01", "-", "9999-12-31"]),
        ("days", "date", ["0001-12-31 BC", "-", "5874897-12-31"]),
        ("time32", "time without time zone", ["00:00:00.001", "-", "23:59:59.999"]),
        ("time64", "time without time zone", ["00:00:00.000001", "-", "23:59:59.999999"]),
        (
            "stamp", "timestamp with time zone",
            ["1969-12-31 23:59:59.999999+00", "-", "9999-12-31 23:59:59.999999+00"]
        ),
        ("local", "timestamp without time zone", ["1969-12-31 23:59:59", "-", "1970-01-01 00:00:00.001"]),
        ("nanos", "timestamp without time zone", ["1969-12-31 23:59:59.999999", "-", "1970-01-01 00:00:00.000001"]),
        ("seconds", "timestamp without time zone", ["0001-01-01 00:00:00", "-", "9999-12-31 23:59:59"]),
        ("span", "interval", ["-00:00:05", "-", "25:01:01"]),
        ("list", "json", ["[1, null]", "-", "[]"]),
        ("record", "json", [#"{"a": "q\"\u0000", "b": 1e+300}"#, "-", #"{"a": null, "b": 0.1}"#]),
        ("nothing", "text", ["-", "-", "-"]),
    ]

    @Test func `Every type arrives as it is documented, with nulls, and no value changes`() throws {
        let folder = try TemporaryFolder()
        try Python.run(Self.make, folder.file("all.arrow"))
        let batch = try #require(try BatchReader.ipc(path: folder.file("all.arrow")).next())
        let database = try PostgreSQLDatabase()
        #expect(try database.job().run(batch)?.rows == 3)
        let wanted = Self.expected.map { "\($0.name) \($0.type)" } + ["_job_id bigint", "_file_version_id bigint"]
        #expect(try database.columns() == wanted)
        for (name, _, cells) in Self.expected {
            let there = try database.psql(
                "SET timezone = 'UTC'; SELECT coalesce(\(PostgreSQLDatabase.quoted(name))::text, '-') FROM t ORDER BY ctid"
            )
            #expect(there == cells.joined(separator: "\n"), "\(name)")
        }
    }

    @Test func `Decimals of every width and scale are the digits that Arrow has`() throws {
        let folder = try TemporaryFolder()
        let script = """
            import sys, random, decimal
            import pyarrow as pa
            random.seed(5)
            decimal.getcontext().prec = 100
            columns = {}
            for precision in (1, 4, 5, 9, 18, 19, 20, 38, 39, 57, 76):
                for scale in sorted({0, 1, 2, 3, 4, precision // 2, precision - 1, precision}):
                    if scale > precision: continue
                    type = pa.decimal128(precision, scale) if precision <= 38 else pa.decimal256(precision, scale)
                    cells = []
                    for row in range(50):
                        digits = random.randrange(10 ** random.randint(1, precision))
                        if row % 7 == 0: digits = 10 ** random.randint(0, precision - 1)
                        if row % 11 == 0: digits = 10 ** precision - 1
                        cells.append(decimal.Decimal(random.choice((digits, -digits))).scaleb(-scale))
                    columns[f"p{precision}s{scale}"] = pa.array(cells, type)
            batch = pa.record_batch(list(columns.values()), list(columns))
            with pa.ipc.new_stream(sys.argv[1], batch.schema) as stream: stream.write(batch)
            """
        try Python.run(script, folder.file("decimals.arrow"))
        let batch = try #require(try BatchReader.ipc(path: folder.file("decimals.arrow")).next())
        let database = try PostgreSQLDatabase()
        #expect(try database.job().run(batch)?.rows == 50)
        let plain = try batch.plainColumns()
        try withExtendedLifetime(plain) {
            for column in plain.columns {
                let there = try database.psql("SELECT \(column.name) FROM t ORDER BY ctid")
                #expect(there == (0..<50).map { column.decimalText($0) }.joined(separator: "\n"), "\(column.name)")
            }
        }
    }

    @Test(arguments: [
        ("pa.timestamp('ns')", "1500", "microseconds"), ("pa.time64('ns')", "1", "microseconds"),
        ("pa.duration('ns')", "-1", "microseconds"), ("pa.timestamp('s')", "2**62", "timestamp"),
        ("pa.timestamp('us')", "-2**63", "timestamp"), ("pa.timestamp('ms', 'UTC')", "2**61", "timestamp"),
        ("pa.date32()", "2**31 - 1", "date"), ("pa.duration('s')", "2**62", "interval"),
    ])
    func `A time that PostgreSQL cannot hold is an error with column, row and what to do`(
        type: String, value: String, word: String
    ) throws {
        let folder = try TemporaryFolder()
        let script = """
            import sys, pyarrow as pa
            type = \(type)
            stored = pa.int32() if type == pa.date32() else pa.int64()
            batch = pa.record_batch([pa.array([0, None, \(value)], stored).view(type)], ["at"])
            with pa.ipc.new_stream(sys.argv[1], batch.schema) as stream: stream.write(batch)
            """
        try Python.run(script, folder.file("time.arrow"))
        let batch = try #require(try BatchReader.ipc(path: folder.file("time.arrow")).next())
        let database = try PostgreSQLDatabase()
        let error = try database.job().failure(try Job.numbers(0..<4), batch)
        #expect(error?.code == .rejected && error?.isTransient == false)
        for part in ["column 'at'", "row 7", word, "yield"] {
            #expect(error?.message.contains(part) == true, "\(part) in \(error?.message ?? "")")
        }
        #expect(try database.staged().isEmpty)
    }
}
