import CasparianTestKit
import Columnar
import Testing

@Suite struct JSONTests {
    func read(_ text: String, blockBytes: Int = 0, types: [String: String] = [:]) throws -> Table {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "input.jsonl")
        return try Table(BatchReader.jsonLines(path: path, types: types, blockBytes: blockBytes))
    }

    @Test(arguments: [0, 16, 17, 31])
    func `Lines, an array, and objects one after another give the same rows`(_ blockBytes: Int) throws {
        let objects = (1...50).map { "{\"n\": \($0), \"text\": \"a\\\"}] \\u00e9 \($0)\", \"x\": [\($0), {\"y\": 1}]}" }
        let expected = (1...50).map { "a\"}] é \($0)" }
        for text in [
            objects.joined(separator: "\n"), "[" + objects.joined(separator: ",\n ") + "]\n",
            objects.joined(separator: " "), "\u{FEFF}\n" + objects.joined(separator: "\r\n\r\n") + "\n",
        ] {
            let table = try read(text, blockBytes: blockBytes)
            #expect(table.rows.map { $0[1] } == expected)
            #expect(table.columns[0] == "n:int64")
        }
    }

    @Test func `Nested cells are shown as JSON`() throws {
        let table = try read(
            #"{"a": {"x": "1\"\n\u0001", "y": null}, "b": [{"n": 1}, {"n": 2.5}], "c": [true, null]}"#)
        #expect(
            table.rows == [[#"{"x": "1\"\n\u0001", "y": null}"#, #"[{"n": 1}, {"n": 2.5}]"#, "[true, null]"]])
    }

    @Test func `Keys that appear late are columns too`() throws {
        let lines = (0..<500).map { "{\"a\": \($0)}" } + ["{\"b\": true}"]
        let table = try read(lines.joined(separator: "\n"), blockBytes: 64)
        #expect(table.columns == ["a:int64", "b:bool"])
        #expect(table.rows.count == 501)
        #expect(table.rows[500] == [nil, "true"])
        #expect(table.rows[0] == ["0", nil])
    }

    struct Case: CustomTestStringConvertible {
        let values: [String]
        let type: String
        let texts: [String?]
        var testDescription: String { "\(values) are \(type)" }
    }

    @Test(arguments: [
        Case(values: ["1", "-2"], type: "int64", texts: ["1", "-2"]),
        Case(values: ["1", "2.5"], type: "double", texts: ["1", "2.5"]),
        Case(values: ["9223372036854775808"], type: "string", texts: ["9223372036854775808"]),
        Case(values: ["9007199254740993", "0.5"], type: "string", texts: ["9007199254740993", "0.5"]),
        Case(values: ["0.1234567890123456789"], type: "string", texts: ["0.1234567890123456789"]),
        Case(values: ["1e400", "1"], type: "string", texts: ["1e400", "1"]),
        Case(values: ["true", "null"], type: "bool", texts: ["true", nil]),
        Case(values: ["null", "null"], type: "string", texts: [nil, nil]),
        Case(values: ["\"2024-01-01\""], type: "string", texts: ["2024-01-01"]),
        Case(values: ["1", "\"x\"", "{\"a\": [1]}"], type: "string", texts: ["1", "x", "{\"a\": [1]}"]),
        Case(values: ["\"\\ud83e\\udd9c\\u0000\\n\""], type: "string", texts: ["🦜\u{0}\n"]),
        Case(values: ["{}", "null"], type: "string", texts: ["{}", nil]),
        Case(
            values: ["[]", "[1]"], type: "list<item: int64>",
            texts: ["[]", "[1]"]),
    ])
    func `A key has the narrowest type that keeps every value as written`(_ sample: Case) throws {
        let table = try read(sample.values.map { "{\"before\": 0, \"v\": \($0)}\n" }.joined())
        #expect(table.columns == ["before:int64", "v:\(sample.type)"])
        #expect(table.rows.map { $0[1] } == sample.texts)
    }

    @Test func `Objects inside objects are structs with every key seen`() throws {
        let table = try read("{\"o\": {\"a\": 1}}\n{\"o\": {\"b\": \"x\"}}\n{\"o\": null}\n")
        #expect(table.columns == ["o:struct<a: int64, b: string>"])
        #expect(table.rows[2] == [nil])
    }

    @Test func `A key can be kept as text`() throws {
        let table = try read("{\"a\": 1}\n{\"a\": 2.50}\n", types: ["a": "string"])
        #expect(table == Table(columns: ["a:string"], rows: [["1"], ["2.50"]]))
        #expect(columnarError { _ = try read("{\"a\": 1}", types: ["b": "string"]) }?.message.contains("'b'") == true)
    }

    @Test func `Nothing at all gives no columns and no rows`() throws {
        for text in ["", "\n \n", "[]", "[ \n ]"] { #expect(try read(text) == Table(columns: [], rows: [])) }
    }

    @Test(arguments: [
        ("{\"a\": 1}\n{\"a\": }\n", 2, "not a JSON value"), ("{\"a\": 1}\n{\"a\" 1}\n", 2, "expected ':'"),
        ("{\"a\": 1}\n\n17\n", 3, "not a JSON object"), ("{\"a\": 01}", 1, "not a JSON value"),
        ("[{\"a\": 1},\n{\"a\": 2}", 2, "never closed"), ("[{\"a\": 1}\n{\"a\": 2}]", 2, "expected ','"),
        ("[{\"a\": 1}]\n{\"a\": 2}", 2, "follows"), ("{\"a\": \"x\n\"}", 1, "control character"),
        ("{\"a\": 1, \"a\": 2}", 1, "stands twice"), ("{\"a\": 1}\n{\"a\": \"\\ud800\"}", 2, "surrogate"),
        ("{\"a\": \"\\x\"}", 1, "escape"), ("{\"a\": 1}\n{\"a\": 1", 2, "before the record ends"),
        ("{\"a\": tru}", 1, "not a JSON value"),
        (String(repeating: "{\"a\":", count: 70) + "1" + String(repeating: "}", count: 70), 1, "nested deeper"),
    ])
    func `What is not JSON is told with its line`(_ text: String, _ line: Int, _ reason: String) throws {
        let error = try #require(columnarError { _ = try read(text) })
        #expect(error.code == .malformed)
        #expect(error.line == Int64(line))
        #expect(error.message.contains(reason), "\(error.message)")
    }

    @Test func `Bytes that are not UTF-8 are told with their line`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array("{\"a\": \"x\"}\n{\"a\": \"".utf8) + [0xFF] + Array("\"}\n".utf8))
        let error = columnarError { _ = try BatchReader.jsonLines(path: path).next() }
        #expect(error?.code == .malformed)
        #expect(error?.line == 2)
    }

    @Test func `An object of very many keys is read in time`() throws {
        let keys = (0..<20_000).map { "\"key\($0)\": \($0)" }
        let table = try read("{\(keys.joined(separator: ","))}\n{\(keys.reversed().joined(separator: ","))}")
        #expect(table.columns.count == 20_000)
        #expect(table.rows[0] == table.rows[1])
    }
}
