import CasparianModel
import Testing

@Suite struct ContractTests {
    @Test(arguments: [
        ("int64", "int64"), ("INTEGER", "int64"), (" bigint ", "int64"), ("uint8", "uint8"), ("smallint", "int16"),
        ("float", "float64"), ("double", "float64"), ("Double  Precision", "float64"), ("float32", "float32"),
        ("boolean", "bool"), ("text", "string"), ("varchar", "string"), ("bytes", "binary"), ("json", "json"),
        ("decimal(12,2)", "decimal(12, 2)"), ("NUMERIC( 9 , 0 )", "decimal(9, 0)"), ("decimal(5)", "decimal(5, 0)"),
        ("decimal128(38, 37)", "decimal(38, 37)"), ("decimal(76, 76)", "decimal(76, 76)"),
        ("date32[day]", "date"), ("date", "date"), ("time", "time[us]"), ("time64[ns]", "time[ns]"),
        ("time(0)", "time[s]"),
        ("timestamp", "timestamp[us]"), ("datetime", "timestamp[us]"), ("timestamp[ms]", "timestamp[ms]"),
        ("timestamp(3)", "timestamp[ms]"), ("timestamp[us, UTC]", "timestamp[us, UTC]"),
        ("timestamp[ns, tz=Europe/Berlin]", "timestamp[ns, Europe/Berlin]"), ("timestamptz", "timestamp[us, UTC]"),
        ("timestamp with time zone", "timestamp[us, UTC]"), ("timestamptz(9)", "timestamp[ns, UTC]"),
        ("timestamp[s, Z]", "timestamp[s, UTC]"), ("timestamp[s, +02:00]", "timestamp[s, +02:00]"), ("any", "any"),
    ])
    func `Types are named as people, Arrow and databases do`(_ written: String, _ name: String) throws {
        let type = try ContractType(written)
        #expect(type.name == name)
        #expect(try ContractType(type.name) == type)
    }

    @Test(arguments: [
        ("int46", "int8 to int64"), ("", "unknown"), ("decimal", "digits"), ("decimal(x)", "digits"),
        ("decimal(1,2,3)", "digits"), ("decimal(77, 1)", "76"), ("decimal(5, 6)", "cannot be"),
        ("decimal(5, -1)", "cannot be"),
        ("time[m]", "units are"), ("timestamp[us, ]", "time zone"), ("timestamp[us, a b]", "time zone"),
        ("timestamp[us, UTC, 3]", "unknown"), ("varchar(20)", "write string"), ("list<int64>", "json"),
        ("int64[]", "unknown"),
        ("int64(", "unknown"), ("halffloat", "unknown"),
    ])
    func `A type that is not there is told with what is possible`(_ written: String, _ part: String) {
        let error = #expect(throws: ContractError.self) { _ = try ContractType(written) }
        #expect(
            error?.message.contains(part) == true && error?.message.contains("'\(written)'") == true,
            "\(error?.message ?? "")")
    }

    @Test(
        arguments: [
            ("date", "%d.%m.%Y", nil), ("date", "%b %d, %y", nil), ("time", "%H:%M", nil),
            ("timestamp", "%Y-%m-%d", nil),
            ("timestamptz", "%Y%m%dT%H%M%S%z", nil), ("date", "%Y-%m", "lacks %d"), ("date", "%Y-%m-%d %H", "%H"),
            ("time", "%H", "%M"), ("timestamptz", "%Y-%m-%d", "%z"), ("timestamp", "%Y-%m-%d %z", "%z"),
            ("date", "%Y%m%d%", "lone"),
            ("date", "%Y %Y %m %d", "twice"), ("date", "%j", "%j"), ("int64", "%Y", "not for int64"),
        ] as [(String, String, String?)])
    func `A format says all of its type and nothing else`(_ type: String, _ format: String, _ part: String?) throws {
        let contract = Contract(columns: [.init(name: "d", type: try ContractType(type), format: format)])
        guard let part else { return try contract.validate() }
        let error = #expect(throws: ContractError.self) { try contract.validate() }
        #expect(error?.column == "d" && error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    @Test func `Columns have names of their own, and a share lies between 0 and 1`() {
        func error(_ names: [String], share: Double = 0.5) -> String? {
            do {
                try Contract(columns: names.map { .init(name: $0) }, quarantinedShareMax: share).validate()
                return nil
            } catch {
                return error.description
            }
        }
        #expect(error(["a", "A", "é", "e\u{301}"]) == nil)
        #expect(error(["a", "b", "a"])?.contains("'a': stands twice") == true)
        #expect(error([""]) != nil && error(["a\0"]) != nil && error([]) != nil)
        #expect(error(["_job_id"])?.contains("worker") == true)
        for share in [-0.1, 1.1, .nan, .infinity] {
            #expect(error(["a"], share: share)?.contains("max_quarantined") == true)
        }
    }
}
