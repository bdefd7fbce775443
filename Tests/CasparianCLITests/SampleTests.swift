import CasparianTestKit
import Foundation
import Testing

@testable import CasparianCLI

@Suite("Samples of plugins")
struct SampleTests {
    private func table(_ rows: [[String?]]) -> SampleOutput.Table {
        SampleOutput.Table(columns: [.init(name: "n", type: "int64"), .init(name: "t", type: "string")], rows: rows)
    }

    @Test func `What is expected is read back as it was written, whatever stands in a cell`() throws {
        let outputs = [
            SampleOutput(), SampleOutput(error: "ValueError: \"no\"\n"),
            SampleOutput(tables: [
                "output": table([["1", nil], ["", "a \"b\"\t\u{1}\u{1F600}\\"]]), "e\u{301}": table([]),
            ]),
        ]
        for output in outputs {
            #expect(try SampleOutput(text: Data(output.text.utf8), file: "x") == output)
        }
        // A line for each row.
        #expect(outputs[2].text.contains("\n        [\"1\", null],\n"))
    }

    @Test(
        "What is no expectation is refused with the file's name",
        arguments: [
            "", "[]", "{}", "{\"topics\": []}", "{\"topics\": {\"t\": {\"columns\": [[\"n\"]], \"rows\": []}}}",
            "{\"topics\": {\"t\": {\"columns\": [[\"n\", \"int64\"]], \"rows\": [[\"1\", \"2\"]]}}}",
            "{\"topics\": {\"t\": {\"columns\": [[\"n\", \"int64\"]], \"rows\": [[1]]}}}",
        ])
    func broken(text: String) {
        let error = #expect(throws: ExitStatus.self) {
            try SampleOutput(text: Data(text.utf8), file: "/x/expected.json")
        }
        #expect(error?.code == ExitStatus.misuse && error?.message.hasPrefix("/x/expected.json: ") == true)
    }

    @Test func `Differences name topic, columns, number of rows and the first rows that differ`() {
        let expected = SampleOutput(tables: ["a": table([["1", "x"], ["2", "y"]]), "gone": table([["1", "x"]])])
        #expect(expected.differences(from: expected).isEmpty)
        var other = expected
        other.tables["gone"] = nil
        other.tables["new"] = table([["1", "x"]])
        other.tables["a"]?.columns[0].type = "double"
        other.tables["a"]?.rows = [["1", "x"], ["2", nil], ["3", "z"]]
        #expect(
            other.differences(from: expected) == [
                "a: columns are (n double, t string), expected (n int64, t string)", "a: 3 rows, expected 2",
                "a: row 2 is [\"2\", null], expected [\"2\", \"y\"]", "gone: has no rows, expected are 1",
                "new: has 1 row, expected are none",
            ])
        let many = table((0..<9).map { ["\($0)", "x"] })
        let changed = table((0..<9).map { ["\($0)", "y"] })
        let told = SampleOutput(tables: ["a": changed]).differences(from: SampleOutput(tables: ["a": many]))
        #expect(told.count == 4 && told.last == "a: and 6 more rows differ")
    }

    @Test func `A failure is compared by its last line`() {
        let failing = SampleOutput(error: "ValueError: no")
        let fine = SampleOutput(tables: ["a": table([])])
        #expect(failing.differences(from: failing).isEmpty)
        #expect(failing.differences(from: fine) == ["fails: ValueError: no"])
        #expect(fine.differences(from: failing) == ["does not fail, expected is 'ValueError: no'"])
        #expect(failing.differences(from: SampleOutput(error: "other")).count == 1)
    }

    @Test func `The plugin's own line of a traceback is told, not the library's`() {
        let text = """
            Traceback (most recent call last):
              File "/p/sales.py", line 9, in consume
              File "/p/sales.py", line 12, in helper
              File "/lib/json/__init__.py", line 3, in loads
            ValueError: no
            """
        #expect(SampleVerdict.ownPlace(in: text, plugin: "sales") == "at /p/sales.py, line 12, in helper")
        #expect(SampleVerdict.ownPlace(in: text, plugin: "other") == nil)
    }

    @Test func `Samples are the folders with an input, with their parameters`() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", to: "samples/p/input.csv")
        try folder.write("x", to: "samples/p/b/input")
        try folder.write("{\"k\": 1}", to: "samples/p/b/parameters.json")
        try folder.write("x", to: "samples/p/c/other.csv")
        try folder.write("x", to: "samples/q/input.csv")
        let samples = try SampleCase.all(of: "p", in: folder.path)
        #expect(samples.map(\.name) == ["p", "p/b"])
        #expect(try samples.map { try $0.parameters() } == [nil, "{\"k\": 1}"])
        #expect(try SampleCase.all(of: "r", in: folder.path).isEmpty)
        try folder.write("[]", to: "samples/p/b/parameters.json")
        #expect(throws: ExitStatus.self) { try samples[1].parameters() }
        try folder.write("x", to: "samples/p/b/input.txt")
        #expect(throws: ExitStatus.self) { try SampleCase.all(of: "p", in: folder.path) }
    }
}
