import CasparianSinks
import CasparianTestKit
import Columnar
import Testing

/// Values of every type, as they stand in the server's store.
@Suite struct FidelityTests {
    /// Column, its array in Python, the type that the table gets, the cells as the store has them.
    static let kinds: [(name: String, array: String, type: String, cells: [String?])] = [
        ("bool", "pa.array([True, None, False])", "bit", ["1", nil, "0"]),
        ("int8", "pa.array([-128, None, 127], pa.int8())", "int", ["-128", nil, "127"]),
        ("uint16", "pa.array([0, None, 65535], pa.uint16())", "int", ["0", nil, "65535"]),
        ("int32", "pa.array([-2**31, None, 2**31 - 1], pa.int32())", "int", ["-2147483648", nil, "2147483647"]),
        ("uint32", "pa.array([0, None, 2**32 - 1], pa.uint32())", "bigint", ["0", nil, "4294967295"]),
        (
            "int64", "pa.array([-2**63, None, 2**63 - 1])", "bigint",
            ["-9223372036854775808", nil, "9223372036854775807"]
        ),
        ("uint64", "pa.array([0, None, 2**64 - 1], pa.uint64())", "decimal(20,0)", ["0", nil, "18446744073709551615"]),
        ("half", "pa.array([0.5, None, -2.0], pa.float16())", "float", ["0.5", nil, "-2.0"]),
        (
            "single", "pa.array([-0.0, None, 1.17549435e-38], pa.float32())", "float",
            ["-0.0", nil, "1.1754943508222875e-38"]
        ),
        (
            "double", "pa.array([5e-324, None, -1.7976931348623157e308])", "float",
            ["5e-324", nil, "-1.7976931348623157e+308"]
        ),
        ("d1", "pa.array([D('-0.01'), None, D('9.99')], pa.decimal128(3, 2))", "decimal(3,2)", ["-0.01", nil, "9.99"]),
        (
            "d9", "pa.array([D(10**9 - 1), None, D(1 - 10**9)], pa.decimal128(9, 0))", "decimal(9,0)",
            ["999999999", nil, "-999999999"]
        ),
        (
            "d19", "pa.array([D('123456789012345.6789'), None, D(0)], pa.decimal128(19, 4))", "decimal(19,4)",
            ["123456789012345.6789", nil, "0.0000"]
        ),
        (
            "d28", "pa.array([D(10**28 - 1), None, D(1 - 10**28)], pa.decimal128(28, 0))", "decimal(28,0)",
            [String(repeating: "9", count: 28), nil, "-" + String(repeating: "9", count: 28)]
        ),
        (
            "d38", "pa.array([D('9.' + '9' * 37), None, D('-0.' + '0' * 36 + '1')], pa.decimal128(38, 37))",
            "decimal(38,37)",
            ["9." + String(repeating: "9", count: 37), nil, "-0." + String(repeating: "0", count: 36) + "1"]
        ),
        (
            "negative", "pa.array([D(1200), None, D(-99900)], pa.decimal128(5, -2))", "decimal(7,0)",
            ["1200", nil, "-99900"]
        ),
        (
            "wide",
            "pa.array([D('9' * 35 + '.999'), None, D('-' + '9' * 35 + '.999')], pa.decimal256(76, 3))",
            "decimal(38,3)",
            [String(repeating: "9", count: 35) + ".999", nil, "-" + String(repeating: "9", count: 35) + ".999"]
        ),
        (
            "date", "pa.array([datetime.date(1, 1, 1), None, datetime.date(9999, 12, 31)])", "date",
            ["0001-01-01", nil, "9999-12-31"]
        ),
        (
            "seconds", "pa.array([0, None, 86399], pa.time32('s'))", "time(7)",
            ["00:00:00.0000000", nil, "23:59:59.0000000"]
        ),
        (
            "nanoseconds", "pa.array([100, None, 86399999999900], pa.time64('ns'))", "time(7)",
            ["00:00:00.0000001", nil, "23:59:59.9999999"]
        ),
        (
            "moment",
            "pa.array([-62135596800000000, None, 253402300799999999], pa.timestamp('us'))",
            "datetime2(7)", ["0001-01-01T00:00:00.0000000", nil, "9999-12-31T23:59:59.9999990"]
        ),
        (
            "precise", "pa.array([-100, None, 1709164800123456700], pa.timestamp('ns'))", "datetime2(7)",
            ["1969-12-31T23:59:59.9999999", nil, "2024-02-29T00:00:00.1234567"]
        ),
        (
            "utc", "pa.array([-1, None, 1], pa.timestamp('ms', 'UTC'))", "datetimeoffset(7)",
            ["1969-12-31T23:59:59.9990000+00:00", nil, "1970-01-01T00:00:00.0010000+00:00"]
        ),
        (
            "zoned", "pa.array([0, None, 1], pa.timestamp('s', '-09:30'))", "datetimeoffset(7)",
            ["1969-12-31T14:30:00.0000000-09:30", nil, "1969-12-31T14:30:01.0000000-09:30"]
        ),
        (
            "named", "pa.array([0, None, 1], pa.timestamp('s', 'Europe/Berlin'))", "datetimeoffset(7)",
            ["1970-01-01T00:00:00.0000000+00:00", nil, "1970-01-01T00:00:01.0000000+00:00"]
        ),
        ("span", "pa.array([-5, None, 5], pa.duration('s'))", "bigint", ["-5000000000", nil, "5000000000"]),
        ("text", "pa.array(['', None, 'a\\0é漢🦉'])", "nvarchar(max)", ["", nil, "a\u{0}é漢🦉"]),
        (
            "long", "pa.array(['🦉' * 50000, None, 'x' * 100001])", "nvarchar(max)",
            [String(repeating: "🦉", count: 50000), nil, String(repeating: "x", count: 100_001)]
        ),
        ("dictionary", "pa.array(['red', None, 'red']).dictionary_encode()", "nvarchar(max)", ["red", nil, "red"]),
        ("binary", "pa.array([b'', None, b'\\0\\xff'])", "varbinary(max)", ["", nil, "00ff"]),
        (
            "uuid",
            "pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(range(16)), None, bytes(16)], pa.binary(16)))",
            "uniqueidentifier", ["00010203-0405-0607-0809-0A0B0C0D0E0F", nil, "00000000-0000-0000-0000-000000000000"]
        ),
        ("list", "pa.array([[1, None], None, []])", "nvarchar(max)", ["[1, null]", nil, "[]"]),
        (
            "record", "pa.array([{'a': 'q\"'}, None, {'a': None}])", "nvarchar(max)",
            ["{\"a\": \"q\\\"\"}", nil, "{\"a\": null}"]
        ),
    ]

    @Test func `Values of every type stand in the table as they were`() throws {
        let server = try TDSServer()
        let columns = Self.kinds.map { "'\($0.name)': \($0.array)" }.joined(separator: ", ")
        #expect(try Job(server: server).run(Arrow.batch("{\(columns)}"))?.rows == 3)
        let store = Store(path: server.store)
        #expect(try store.columns("t").dropLast(2) == Self.kinds.map { "\($0.name):\($0.type)" }[...])
        let rows = try store.rows("SELECT * FROM \"dbo.t\" ORDER BY rowid")
        for (index, kind) in Self.kinds.enumerated() {
            #expect(rows.map { $0[index] } == kind.cells, "\(kind.name)")
        }
    }

    /// Values that SQL Server does not have, and a part of what is said about them.
    static let refused: [(array: String, reason: String)] = [
        ("pa.array([1.0, float('nan')])", "row 2: nan"),
        ("pa.array([1.0, float('-inf')], pa.float32())", "row 2: -inf"),
        ("pa.array([100, 101], pa.timestamp('ns'))", "row 2: SQL Server keeps tenths of microseconds"),
        ("pa.array([0, 199], pa.time64('ns'))", "row 2: SQL Server keeps tenths of microseconds"),
        ("pa.array([0, -62135596801], pa.timestamp('s'))", "row 2: it is outside the years 1 to 9999"),
        ("pa.array([0, 253402300800], pa.timestamp('s', 'UTC'))", "row 2: it is outside the years 1 to 9999"),
        ("pa.array([0, 253402300799], pa.timestamp('s', '+01:00'))", "row 2: it is outside the years 1 to 9999"),
        ("pa.array([0, 2932897], pa.date32())", "row 2: it is outside the years 1 to 9999"),
        ("pa.array([0, 2**62], pa.duration('s'))", "row 2: 4611686018427387904 s is more than bigint"),
        ("pa.array([0], pa.timestamp('s', '+15:00'))", "more than 14 hours from UTC"),
        ("pa.array([D(0)], pa.decimal256(76, 39))", "decimals have 38 digits"),
        (
            "pa.array([D(1), D(10**38)], pa.decimal256(76, 0))",
            "row 2: 1" + String(repeating: "0", count: 38) + " has more"
        ),
        ("pa.array([D(1), D(-2**200)], pa.decimal256(76, 0))", "row 2: -16069"),
        ("pa.array([D(100), D(99 * 10**37)], pa.decimal256(40, -2))", "row 2: 99"),
    ]

    @Test(arguments: refused.indices)
    func `A value that the server cannot hold is an error with column and row, and leaves nothing`(_ index: Int) throws
    {
        let server = try TDSServer()
        let (array, reason) = Self.refused[index]
        let error = try #require(Job(server: server).failure(Arrow.batch("{'a b': \(array)}")))
        #expect(error.message.contains("column 'a b'") && error.message.contains(reason), "\(error)")
        #expect(error.message.contains("/in/a.csv") && !error.isTransient)
        let store = Store(path: server.store)
        #expect(try store.columns("t").isEmpty && store.staging().isEmpty)
    }

    @Test func `Decimals of every precision and scale arrive digit by digit`() throws {
        let server = try TDSServer()
        let columns = """
            {f'd{p}_{s}': pa.array([D(sign * (10**p - 1 - k)).scaleb(-s, decimal.Context(60)) for sign in (1, -1) \
            for k in (0, 1, p)], pa.decimal128(p, s)) for p in range(1, 39) for s in {0, p // 2, p}}
            """
        try Job(server: server).run(Arrow.batch(columns))
        let checked = try Python.run(
            """
            import sqlite3, sys, decimal
            connection = sqlite3.connect(sys.argv[1])
            names = [row[1] for row in connection.execute('PRAGMA table_info("dbo.t")')][:-2]
            checked = 0
            for name in names:
                p, s = (int(part) for part in name[1:].split('_'))
                wanted = [sign * (10**p - 1 - k) for sign in (1, -1) for k in (0, 1, p)]
                cells = [row[0] for row in connection.execute(f'SELECT "{name}" FROM "dbo.t" ORDER BY rowid')]
                for cell, units in zip(cells, wanted, strict=True):
                    assert int(cell.replace('.', '')) == units and len(cell.partition('.')[2]) == s, (name, cell, units)
                    checked += 1
            print(checked)
            """, server.store)
        #expect(Int(checked) ?? 0 > 600)
    }

    @Test func `Names with brackets, quotes, emoji and keywords are taken as they are`() throws {
        let server = try TDSServer()
        let names = ["select", "a]b", "[x]", "it's", "\"q\"", "🦉", "a;DROP TABLE t--", "a\nb", "a.b", "?", "%s", " "]
        let batch = try RecordBatch(columns: names.map { ($0, .int64([1])) })
        for table in ["select", "a b", "x]y", "it's", "a;DROP", "%s", "🦉"] {
            let quoted = table.replacing("]", with: "]]")
            #expect(try Job(server: server, uri: "mssql://[\(quoted)]").run(batch)?.rows == 1)
            #expect(
                try Store(path: server.store).rows(
                    "SELECT name FROM tds_tables WHERE name = '\(table.replacing("'", with: "''"))'"
                ).count == 1)
        }
        #expect(try Store(path: server.store).columns("%s").dropLast(2) == names.map { $0 + ":bigint" }[...])
        #expect(try Store(path: server.store).staging().isEmpty)
    }

    @Test func `Columns that SQL Server takes for one, and more of them than it has, are errors`() throws {
        let server = try TDSServer()
        let twins = try RecordBatch(columns: [("Name", .int64([1])), ("name", .int64([2]))])
        #expect(Job(server: server).failure(twins)?.message.contains("'name'") == true)
        let many = try RecordBatch(columns: (0..<1023).map { ("c\($0)", .int64([1])) })
        #expect(Job(server: server).failure(many)?.message.contains("1025 columns") == true)
        let most = try RecordBatch(columns: (0..<1022).map { ("c\($0)", .int64([Int64($0)])) })
        #expect(try Job(server: server).run(most)?.rows == 1)
        #expect(try Store(path: server.store).rows("SELECT c1021 FROM \"dbo.t\"") == [["1021"]])
    }

    @Test func `A column of nulls only waits until values say what it is`() throws {
        let server = try TDSServer()
        try Job(server: server, id: 1).run(Arrow.batch("{'a': pa.nulls(2), 'b': pa.array([1, 2])}"))
        #expect(try Store(path: server.store).columns("t").first == "b:bigint")
        try Job(server: server, id: 2).run(
            Arrow.batch("{'a': pa.nulls(1), 'b': pa.array([3])}"),
            Arrow.batch("{'a': pa.array([True]), 'b': pa.array([4])}"))
        #expect(
            try Store(path: server.store).rows("SELECT b, a FROM \"dbo.t\" ORDER BY rowid") == [
                ["1", nil], ["2", nil], ["3", nil], ["4", "1"],
            ])
    }
}
