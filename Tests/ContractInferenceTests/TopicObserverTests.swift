import CasparianModel
import Columnar
import ContractInference
import Testing

@Suite("What a column can be") struct TopicObserverTests {
    private func find(_ cells: [String?], files: Int = 1) throws -> ColumnFinding {
        let observer = TopicObserver()
        for number in 1...files {
            observer.beginFile()
            try observer.add(RecordBatch(columns: [("c", .string(cells))]), file: "\(number).csv")
        }
        return try #require(observer.findings.first)
    }

    @Test(
        arguments: [
            (["1", "-20", nil], "int64", nil), (["0", "1"], "int64", nil), (["true", "False"], "bool", nil),
            (["1.50", "2.25"], "decimal(18, 2)", nil), (["1.5", "2.25"], "float64", nil),
            (["1e3", "2.5"], "float64", nil),
            (["1.5", "2"], "float64", nil), (["123456789012345678901.5", "1.25"], "decimal(23, 2)", nil),
            (["2024-02-29", "2023-01-01"], "date", nil), (["2024-02-29 10:00:00"], "timestamp[us]", nil),
            (["2024-02-29T10:00:00Z"], "timestamp[us, UTC]", nil), (["31/05/24", "01/02/24"], "date", "%d/%m/%y"),
            (["05/31/2024", "01/02/2024"], "date", "%m/%d/%Y"),
            (["31.05.2024 08:30"], "timestamp[us]", "%d.%m.%Y %H:%M"),
            (["3 Mar 2024"], "date", "%d %b %Y"), (["10:30:00"], "time[us]", nil), (["a", "1"], "string", nil),
            ([nil, nil], "any", nil),
        ] as [([String?], String, String?)])
    func `is what every value is`(_ cells: [String?], type: String, format: String?) throws {
        let found = try find(cells)
        #expect(found.type.name == type && found.format == format && !found.evidence.isEmpty)
    }

    @Test(
        arguments: [
            (["00123", "99999"], "'00123' (1.csv, row 1)"), (["12", "007"], "'007' (1.csv, row 2)"),
            (["+49301234", "12"], "would lose its plus"), (["1", "2", "x"], "'x' (1.csv, row 3)"),
        ] as [([String?], String)])
    func `that would lose something as a number stays text, and the value that shows it is named`(
        _ cells: [String?], evidence: String
    ) throws {
        let found = try find(cells)
        #expect(found.type == .string && found.evidence[0].contains(evidence), "\(found.evidence)")
    }

    @Test func `is a date only where a value proves which comes first, the day or the month`() throws {
        let open = try find(["03/04/2024", "01/02/2024"])
        #expect(open.type == .string && open.evidence[0].contains("nothing proves"))
        let day = try find(["03/04/2024", "31/02/2024", "31/05/2024"])
        #expect(day.type == .string, "31 February is no day")
        let proven = try find(["03/04/2024", "31/05/2024"])
        #expect(proven.evidence == ["'31/05/2024' (1.csv, row 2) proves day first, as in %d/%m/%Y"])
    }

    @Test func `is told with the value far down that rules the others out, in its file`() throws {
        let cells = (1...20_000).map { "\($0)" as String? }
        let observer = TopicObserver()
        try observer.add(RecordBatch(columns: [("c", .string(cells))]), file: "a.csv")
        observer.beginFile()
        try observer.add(RecordBatch(columns: [("c", .string(cells + ["1.5"]))]), file: "b.csv")
        let found = try #require(observer.findings.first)
        #expect(found.type.name == "float64" && found.rows == 40_001 && found.values == nil)
        let out = try #require(found.ruledOut.last)
        #expect(out.candidate.type.name == "int64" && out.file == "b.csv" && out.row == 20_001 && out.value == "1.5")
    }

    @Test func `that the plugin has typed stays so, and rows without it count as nulls`() throws {
        let observer = TopicObserver()
        try observer.add(RecordBatch(columns: [("n", .int64([1, 2])), ("s", .string(["x", "y"]))]), file: "a")
        try observer.add(RecordBatch(columns: [("n", .int64([3]))]), file: "a")
        let found = observer.findings
        #expect(found.map(\.type.name) == ["int64", "string"] && found.map(\.nulls) == [0, 1])
        #expect(found[0].evidence == ["the plugin makes it int64"])
    }

    @Test func `is proposed strictly with the words that come again and again, and no nulls where there were none`()
        throws
    {
        let words = Array(repeating: ["red", "green"], count: 10).flatMap { $0 }
        let column = try find(words).column(isStrict: true)
        #expect(column.rules.values == ["green", "red"] && !column.isNullable)
        #expect(try find(["a", "b", "c"]).column(isStrict: true).rules.values.isEmpty)
        #expect(try find(words + [nil]).column(isStrict: true).isNullable)
        #expect(try find(words).column(isStrict: false).rules == Contract.Rules())
    }
}
