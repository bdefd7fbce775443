import CasparianTestKit
import Columnar
import Testing

@Suite struct RowContractTests {
    typealias Column = RowContract.Column

    func sort(
        _ columns: [(name: String, values: ColumnValues)], by contract: [Column],
        extra: RowContract.ExtraColumns = .keep, firstRow: Int64 = 1
    ) throws -> (accepted: Table, rejected: Table?) {
        let sorted = try RowContract(columns: contract, extraColumns: extra).sort(
            RecordBatch(columns: columns), firstRow: firstRow)
        return (try Table(sorted.accepted), try sorted.rejected.map { try Table($0) })
    }

    /// The reason why a text does not fit a type; nil if it does.
    func reason(_ text: String, _ type: String, format: String? = nil) throws -> String? {
        let sorted = try sort([("c", .string([text]))], by: [Column(name: "c", type: type, format: format)])
        return sorted.rejected?.rows[0][2]
    }

    /// A text as the type, and then as text again.
    func value(_ text: String, _ type: String, format: String? = nil) throws -> String? {
        let sorted = try sort([("c", .string([text]))], by: [Column(name: "c", type: type, format: format)])
        #expect(sorted.rejected == nil, "\(text) as \(type): \(sorted.rejected?.rows[0][2] ?? "")")
        return sorted.accepted.rows.first?[0]
    }

    @Test func `Rows that fit pass, the others are sorted out with column, reason, raw text and the whole row`() throws
    {
        let sorted = try sort(
            [("id", .string(["1", "x", "3", "99999999999"])), ("name", .string(["a", "b", nil, "d"]))],
            by: [Column(name: "id", type: "int32"), Column(name: "name", type: "string", isNullable: false)],
            firstRow: 101)
        #expect(sorted.accepted == Table(columns: ["id:int32", "name:string"], rows: [["1", "a"]]))
        #expect(
            sorted.rejected?.columns == [
                "row_number:int64", "column:string", "reason:string", "raw:string", "record:string",
                "code:string",
            ])
        #expect(
            sorted.rejected?.rows == [
                ["102", "id", "does not fit int32: it is not a number", "x", #"{"id": "x", "name": "b"}"#, "type"],
                ["103", "name", "must not be null", nil, #"{"id": "3", "name": null}"#, "null"],
                [
                    "104", "id", "does not fit int32: it is out of range", "99999999999",
                    #"{"id": "99999999999", "name": "d"}"#, "type",
                ],
            ])
    }

    /// Reason and code of a text under a rule; nil if it fits.
    private func broken(_ text: String?, _ type: String, _ rules: RowContract.Rules) throws -> [String?]? {
        let sorted = try sort([("c", .string([text]))], by: [Column(name: "c", type: type, rules: rules)])
        return sorted.rejected.map { [$0.rows[0][2], $0.rows[0][5]] }
    }

    @Test(arguments: [
        ("int64", "-5", "10", ["-5", "0", "10"], ["-6", "11"]),
        ("uint64", "1", "18446744073709551615", ["1", "18446744073709551615"], ["0"]),
        ("float64", "0.5", "1e3", ["0.5", "1000"], ["0.4", "1001", "nan"]),
        ("decimal(10, 2)", "-0.01", "99.99", ["-0.01", "99.99"], ["-0.02", "100"]),
        ("decimal(50, 1)", "0", "1", ["0.5"], ["1.1"]),
        ("date", "2020-01-01", "2020-12-31", ["2020-01-01"], ["2019-12-31", "2021-01-01"]),
        ("time[us]", "08:00", "18:00", ["08:00", "18:00:00"], ["07:59:59", "18:00:01"]),
        ("timestamp[us]", "2020-01-01", "2020-01-02", ["2020-01-01 12:00"], ["2020-01-02 00:00:01"]),
        (
            "timestamp[us, UTC]", "2020-01-01T00:00Z", "2020-01-02T00:00Z", ["2020-01-01T01:00+01:00"],
            ["2020-01-01T00:00+01:00"]
        ),
    ])
    func `Bounds hold for everything that has an order, themselves included`(
        _ type: String, minimum: String, maximum: String, good: [String], bad: [String]
    ) throws {
        let rules = RowContract.Rules(minimum: minimum, maximum: maximum)
        for text in good { #expect(try broken(text, type, rules) == nil, "\(text)") }
        for text in bad { #expect(try broken(text, type, rules)?[1] == "range", "\(text)") }
        #expect(try broken(nil, type, rules) == nil)
    }

    @Test func `Words and lengths are counted in values and characters, and nulls break no rule`() throws {
        let words = RowContract.Rules(values: ["a", "ä"])
        #expect(try broken("ä", "string", words) == nil && broken(nil, "string", words) == nil)
        #expect(try broken("A", "string", words) == ["is not one of the 2 allowed values", "value"])
        let numbers = RowContract.Rules(values: ["1", "2.0"])
        #expect(try broken("02", "int64", numbers) == nil && broken("3", "int64", numbers)?[1] == "value")
        let lengths = RowContract.Rules(lengthMin: 2, lengthMax: 3)
        #expect(try broken("äö", "string", lengths) == nil)
        #expect(try broken("ä", "string", lengths) == ["has 1 characters, fewer than 2", "length"])
        #expect(try broken("äöü", "binary", lengths) == ["has 6 bytes, more than 3", "length"])
        #expect(try broken("x", "int64", RowContract.Rules(minimum: "1"))?[1] == "type")
    }

    @Test(arguments: [
        ("int64", RowContract.Rules(minimum: "x")), ("string", .init(maximum: "1")), ("bool", .init(lengthMax: 1)),
        ("any", .init(values: ["a"])), ("date", .init(values: ["1.1.2020"])),
    ])
    func `A rule that the type cannot keep is refused`(_ type: String, _ rules: RowContract.Rules) {
        #expect(throws: ColumnarError.self) { try RowContract(columns: [Column(name: "c", type: type, rules: rules)]) }
    }

    @Test func `A row with several faults is rejected once, for the contract's first column`() throws {
        let sorted = try sort(
            [("a", .string(["x", "1"])), ("b", .string(["y", "2"]))],
            by: [Column(name: "b", type: "int64"), Column(name: "a", type: "int64")])
        #expect(sorted.rejected?.rows.map { Array($0[0...1]) } == [["1", "b"]])
        #expect(sorted.accepted == Table(columns: ["b:int64", "a:int64"], rows: [["2", "1"]]))
    }

    @Test func `Columns come in the contract's order, then the others, kept, dropped or refused`() throws {
        let columns: [(name: String, values: ColumnValues)] = [
            ("x", .bool([true])), ("b", .int64([1])), ("a", .int64([2])),
        ]
        let contract = [Column(name: "a", type: "int64"), Column(name: "b", type: "string")]
        #expect(try sort(columns, by: contract).accepted.columns == ["a:int64", "b:string", "x:bool"])
        #expect(try sort(columns, by: contract, extra: .drop).accepted.columns == ["a:int64", "b:string"])
        let error = columnarError { _ = try sort(columns, by: contract, extra: .error) }
        #expect(error?.code == .invalid && error?.message.contains("'x'") == true)
    }

    @Test func `A missing column is null, or the fault of every row; a name in other letters is pointed to`() throws {
        let there: [(name: String, values: ColumnValues)] = [("ID", .int64([7, 8]))]
        let sorted = try sort(there, by: [Column(name: "day", type: "date")], extra: .drop)
        #expect(sorted.accepted == Table(columns: ["day:date32[day]"], rows: [[nil], [nil]]) && sorted.rejected == nil)
        let none = try sort(there, by: [Column(name: "id", type: "int64", isNullable: false)])
        #expect(none.accepted.rows.isEmpty)
        #expect(
            none.rejected?.rows.map { $0[1...3] } == [
                ["id", "is missing; there is 'ID'", nil], ["id", "is missing; there is 'ID'", nil],
            ])
    }

    @Test func `Not null is said in the schema`() throws {
        let sorted = try RowContract(columns: [Column(name: "n", type: "any", isNullable: false)]).sort(
            RecordBatch(columns: [("n", .int64([1, nil]))]), firstRow: 1)
        #expect(sorted.accepted.schema.fields == [Field(name: "n", type: "int64", isNullable: false)])
        #expect(sorted.accepted.rowCount == 1)
    }

    @Test func `A column that fits as it is is not copied`() throws {
        let batch = try RecordBatch(columns: [
            ("n", .int64(Array(0..<10_000))), ("t", .string(["é"] + Array(repeating: "a", count: 9999))),
        ])
        let sorted = try RowContract(columns: [Column(name: "n", type: "int64"), Column(name: "t", type: "string")])
            .sort(batch, firstRow: 1)
        #expect(sorted.accepted.sizeBytes == batch.sizeBytes)
    }

    @Test(arguments: [
        ("7", "int8", "7"), ("007", "int64", "7"), ("+5", "int64", "5"), (" 12 ", "int64", "12"), ("-0", "int64", "0"),
        ("2.0", "int64", "2"), ("1e3", "int64", "1000"), ("18446744073709551615", "uint64", "18446744073709551615"),
        ("-9223372036854775808", "int64", "-9223372036854775808"), ("9.50", "decimal(10, 2)", "9.50"),
        ("9.500", "decimal(10, 2)", "9.50"), ("-0.00", "decimal(5, 2)", "0.00"), ("1e2", "decimal(5, 2)", "100.00"),
        ("0.1", "float64", "0.1"), ("0.1", "float32", "0.1"), ("inf", "float64", "inf"),
        ("-Infinity", "float32", "-inf"),
        ("NaN", "float64", "nan"), ("1.7976931348623157e308", "float64", "1.7976931348623157e+308"),
        ("5e-324", "float64", "5e-324"), ("TRUE", "bool", "true"), ("0", "bool", "false"),
        ("2024-02-29", "date", "2024-02-29"), ("0001-01-01", "date", "0001-01-01"),
        ("9999-12-31", "date", "9999-12-31"), ("10:20", "time[s]", "10:20:00"),
        ("10:20:30.123456", "time[us]", "10:20:30.123456"),
        ("2024-02-29", "timestamp[s]", "2024-02-29 00:00:00"),
        ("2024-02-29T10:20:30.5", "timestamp[ms]", "2024-02-29 10:20:30.500"),
        ("2024-02-29 10:20:30.123456789", "timestamp[ns]", "2024-02-29 10:20:30.123456789"),
        ("2024-03-01T01:00:00+02:00", "timestamp[s, UTC]", "2024-02-29 23:00:00Z"),
        ("2024-03-01T01:00Z", "timestamp[s, UTC]", "2024-03-01 01:00:00Z"),
        ("2024-03-01 01:00:00-0330", "timestamp[s, UTC]", "2024-03-01 04:30:00Z"),
        (#"{"a": [1, 2.5, null]}"#, "json", #"{"a": [1, 2.5, null]}"#), ("🦜", "binary", "🦜"), ("", "string", ""),
    ])
    func `A text is parsed exactly`(_ text: String, _ type: String, _ expected: String) throws {
        #expect(try value(text, type) == expected, "\(text) as \(type)")
    }

    @Test(arguments: [
        ("", "int64", "empty"), ("1 2", "int64", "not a number"), ("1,5", "decimal(5, 2)", "not a number"),
        ("0x1F", "int64", "not a number"), ("1_000", "int64", "not a number"), ("１", "int64", "not a number"),
        ("128", "int8", "out of range"), ("-1", "uint8", "out of range"),
        ("9223372036854775808", "int64", "out of range"),
        ("1e99999", "int64", "out of range"), ("1e400000", "float64", "out of range"), ("1.5", "int64", "fraction"),
        ("9.505", "decimal(10, 2)", "after the point"), ("1000", "decimal(5, 2)", "before the point"),
        ("0.12345678901234567890123", "float64", "rounded"), ("9007199254740993", "float64", "rounded"),
        ("16777217", "float32", "rounded"), ("1e400", "float64", "out of range"), ("1e-400", "float64", "out of range"),
        ("yes", "bool", "true, false"), ("2", "bool", "true, false"), ("2023-02-29", "date", "YYYY-MM-DD"),
        ("29.02.2024", "date", "YYYY-MM-DD"), ("2024-02-29 00:00:01", "date", "time of day"),
        ("2024-02-29T10:00:00Z", "timestamp[us]", "time zone"),
        ("2024-02-29T10:00:00", "timestamp[us, UTC]", "no time zone"),
        ("2024-02-29T10:00:00.1234567", "timestamp[us]", "finer"), ("2024-02-29T23:59:60", "timestamp[us]", "written"),
        ("2300-01-01T00:00:00", "timestamp[ns]", "out of range"), ("24:00", "time[s]", "HH:MM"),
        ("2024-02-29T10:00:00+25:00", "timestamp[s, UTC]", "written"), ("{a: 1}", "json", "JSON"), ("", "json", "JSON"),
    ])
    func `A text that is not exactly that is rejected with the reason`(_ text: String, _ type: String, _ part: String)
        throws
    {
        let reason = try reason(text, type)
        #expect(reason?.contains(part) == true, "\(text) as \(type): \(reason ?? "accepted")")
    }

    @Test(arguments: [
        ("29.2.2024", "date", "%d.%m.%Y", "2024-02-29"), ("29.02.69", "date", "%d.%m.%y", "1969-02-28"),
        ("28.02.69", "date", "%d.%m.%y", "1969-02-28"), ("28.02.68", "date", "%d.%m.%y", "2068-02-28"),
        ("5 Mar 2024", "date", "%d %b %Y", "2024-03-05"), ("20240229", "date", "%Y%m%d", "2024-02-29"),
        ("03/05/2024 7:08:09.5", "timestamp[ms]", "%m/%d/%Y %H:%M:%S.%f", "2024-03-05 07:08:09.500"),
        ("[05/Mar/2024:07:08:09 +0100]", "timestamp[s, UTC]", "[%d/%b/%Y:%H:%M:%S %z]", "2024-03-05 06:08:09Z"),
        ("0708", "time[s]", "%H%M", "07:08:00"), ("100% 2024-01-02", "date", "100%% %Y-%m-%d", "2024-01-02"),
    ])
    func `A format says how dates and times are written`(
        _ text: String, _ type: String, _ format: String, _ expected: String
    ) throws {
        guard text != "29.02.69" else {
            #expect(try reason(text, type, format: format)?.contains("format") == true)
            return
        }
        #expect(try value(text, type, format: format) == expected)
    }

    @Test func `With a format integers are read as they are written`() throws {
        let sorted = try sort(
            [("d", .int64([20_240_229, 20_230_229]))], by: [Column(name: "d", type: "date", format: "%Y%m%d")])
        #expect(sorted.accepted.rows == [["2024-02-29"]])
        #expect(sorted.rejected?.rows[0][3] == "20230229")
    }

    @Test func `Bytes that are no text are shown as hexadecimal digits`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("b.arrow")
        try Python.run(
            """
            import pyarrow as pa, sys
            t = pa.table({'b': pa.array([b'ok', bytes([255, 0])], pa.binary())})
            with pa.ipc.new_stream(sys.argv[1], t.schema) as w: w.write_table(t)
            """, path)
        let batch = try #require(try BatchReader.ipc(path: path).next())
        let sorted = try RowContract(columns: [Column(name: "b", type: "string")]).sort(batch, firstRow: 1)
        #expect(try Table(sorted.accepted).rows == [["ok"]])
        let rejected = try Table(#require(sorted.rejected))
        #expect(
            rejected.rows == [["2", "b", "does not fit string: it is not UTF-8", "FF00", #"{"b": "FF00"}"#, "type"]])
    }

    @Test func `A type that is unknown and a column that stands twice are errors`() throws {
        for type in [
            "int128", "decimal(77, 2)", "decimal(5, 6)", "decimal(5,2)", "time[m]", "timestamp", "timestamp[]", "",
        ] {
            let error = columnarError { _ = try RowContract(columns: [Column(name: "c", type: type)]) }
            #expect(error?.message.contains("'\(type)'") == true, "\(type)")
        }
        let twice = [Column(name: "c", type: "any"), Column(name: "c", type: "any")]
        #expect(columnarError { _ = try RowContract(columns: twice) }?.message.contains("twice") == true)
    }
}
