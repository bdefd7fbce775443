import Columnar
import Testing

@Suite struct CSVTypeTests {
    struct Case: CustomTestStringConvertible {
        let cells: [String]
        let type: String
        var texts: [String?]?
        var testDescription: String { "\(cells) are \(type)" }
    }

    static let cases = [
        Case(cells: ["1", "-20", "0"], type: "int64"),
        Case(cells: ["9223372036854775807", "-9223372036854775808"], type: "int64"),
        Case(cells: ["9223372036854775808"], type: "string"),
        Case(cells: ["007", "1"], type: "string"),
        Case(cells: ["+1", "2"], type: "string"),
        Case(cells: ["1", "2.5"], type: "double", texts: ["1", "2.5"]),
        Case(cells: ["1e3", "-.5"], type: "double", texts: ["1000", "-0.5"]),
        Case(cells: ["9007199254740993", "0.5"], type: "string"),
        Case(cells: ["10000000000000000000000", "0.5"], type: "string"),
        Case(cells: ["1e22", "2.5"], type: "double", texts: ["1e+22", "2.5"]),
        Case(cells: ["0.1000000000000000055511151231257827"], type: "double", texts: ["0.1"]),
        Case(cells: ["0.1234567890123456789"], type: "string"),
        Case(cells: ["12345678901234.567"], type: "string"),
        Case(cells: ["0.30000000000000004"], type: "double", texts: ["0.30000000000000004"]),
        Case(cells: ["1.0000000000000000e-01"], type: "double", texts: ["0.1"]),
        Case(cells: ["1e400"], type: "string"),
        Case(cells: ["1e-400"], type: "string"),
        Case(cells: ["01.5"], type: "string"),
        Case(cells: ["1.5", "NaN", "-inf"], type: "double", texts: ["1.5", "nan", "-inf"]),
        Case(cells: ["inf", "NaN"], type: "string"),
        Case(cells: ["1", "NA"], type: "string"),
        Case(cells: ["true", "False", "TRUE"], type: "bool", texts: ["true", "false", "true"]),
        Case(cells: ["true", "1"], type: "string"),
        Case(cells: ["2024-02-29", "0001-01-01", "9999-12-31"], type: "date32[day]"),
        Case(cells: ["2023-02-29"], type: "string"),
        Case(cells: ["2024-1-1"], type: "string"),
        Case(
            cells: ["2024-01-01 10:20:30", "9999-12-31T23:59"], type: "timestamp[us]",
            texts: ["2024-01-01 10:20:30.000000", "9999-12-31 23:59:00.000000"]),
        Case(
            cells: ["2024-01-01 10:20:30", "2024-01-01T10:20:30.123456789"], type: "timestamp[ns]",
            texts: ["2024-01-01 10:20:30.000000000", "2024-01-01 10:20:30.123456789"]),
        Case(
            cells: ["1969-12-31T23:59:59.5Z", "2024-01-01T00:00:00+00:00"], type: "timestamp[us, tz=UTC]",
            texts: ["1969-12-31 23:59:59.500000Z", "2024-01-01 00:00:00.000000Z"]),
        Case(cells: ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00"], type: "string"),
        Case(cells: ["2024-01-01T00:00:00+02:00"], type: "string"),
        Case(cells: ["2024-01-01", "2024-01-01 00:00:00"], type: "string"),
        Case(cells: ["3000-01-01T00:00:00.123456789"], type: "string"),
        Case(cells: ["a 🦜", "ß"], type: "string"),
    ]

    @Test(arguments: cases)
    func `A column has the narrowest type that keeps every cell as it is`(_ sample: Case) throws {
        let table = try readCSV("before,column\n" + sample.cells.map { "x,\($0)\n" }.joined())
        #expect(table.columns == ["before:string", "column:\(sample.type)"])
        #expect(table.rows.map { $0[1] } == sample.texts ?? sample.cells)
    }

    @Test func `Only an unquoted empty field is null`() throws {
        let table = try readCSV("a,b,c\n1,,\"\"\n,x,y\n")
        #expect(table.columns == ["a:int64", "b:string", "c:string"])
        #expect(table.rows == [["1", nil, ""], [nil, "x", "y"]])
    }

    @Test func `Texts given as null are null unless quoted`() throws {
        let table = try readCSV("a,b\n1,NA\nNA,\"NA\"\n") { $0.nullValues = ["NA", "-"] }
        #expect(table.columns == ["a:int64", "b:string"])
        #expect(table.rows == [["1", nil], [nil, "NA"]])
    }

    @Test func `A column without values is text`() throws {
        let table = try readCSV("a,b\n1,\n2,\n")
        #expect(table == Table(columns: ["a:int64", "b:string"], rows: [["1", nil], ["2", nil]]))
    }

    @Test func `Blanks around numbers are passed over and kept around text`() throws {
        let table = try readCSV("a,b\n 1 , x\n2,y \n")
        #expect(table == Table(columns: ["a:int64", "b:string"], rows: [["1", " x"], ["2", "y "]]))
    }

    @Test func `Types given by name win over those found`() throws {
        let table = try readCSV("a,b,c,d\n1,2,3,2024-01-01T00:00:00\n") {
            $0.types = ["a": "string", "b": "double", "c": "binary", "d": "timestamp[ns]"]
        }
        #expect(table.columns == ["a:string", "b:double", "c:binary", "d:timestamp[ns]"])
    }

    @Test func `A type that is none, or for no column, is refused by name`() {
        let unknown = columnarError { _ = try readCSV("a\n1\n") { $0.types = ["a": "int7"] } }
        #expect(unknown?.code == .invalid)
        #expect(unknown?.message.contains("'int7'") == true)
        let missing = columnarError { _ = try readCSV("a\n1\n") { $0.types = ["b": "int64"] } }
        #expect(missing?.code == .invalid)
        #expect(missing?.message.contains("'b'") == true)
    }
}
