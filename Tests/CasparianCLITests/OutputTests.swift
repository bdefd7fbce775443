import Foundation
import Testing

@testable import CasparianCLI

@Suite("Output")
struct OutputTests {
    @Test func `Numbers stand to the right and lines end without blanks`() {
        let lines = TextTable.lines(
            headings: ["NAME", "ROWS"], rows: [["a", "7"], ["Zoë", "1234567"]], numeric: [false, true])
        #expect(lines == ["NAME     ROWS", "a           7", "Zoë   1234567"])
        let texts = TextTable.lines(headings: ["A", "LONG"], rows: [["x", ""]], numeric: [false, false])
        #expect(texts == ["A  LONG", "x"])
    }

    @Test func `A wide character takes two columns`() {
        let lines = TextTable.lines(
            headings: ["A", "B"], rows: [["李小", "x"], ["🦆é", "x"]], numeric: [false, false])
        #expect(lines == ["A     B", "李小  x", "🦆é   x"])
    }

    @Test func `A cell is one line of bounded length`() {
        let cell = "first\nsecond\t" + String(repeating: "x", count: 200)
        let lines = TextTable.lines(headings: ["A"], rows: [[cell]], numeric: [false])
        #expect(lines.count == 2)
        #expect(lines[1].hasPrefix("first second x"))
        #expect(lines[1].hasSuffix("…"))
        #expect(lines[1].count == TextTable.cellCharactersMax + 1)
    }

    @Test func `A JSON line is one line with its keys in order`() throws {
        let text = "quote \" backslash \\ line\nbell \u{7} emoji 🦆"
        let line = JSONLine.encode([
            ("z", .text(text)), ("a", .integer(nil)), ("list", .list([.flag(true), .number(1.5)])),
            ("object", .object([("key \"", .text(nil))])),
        ])
        #expect(!line.contains { $0.isNewline })
        #expect(line.hasPrefix("{\"z\": "))
        let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(parsed?["z"] as? String == text)
        #expect(parsed?["a"] is NSNull)
        #expect(parsed?["list"] as? [Double] == [1, 1.5])
        #expect((parsed?["object"] as? [String: Any])?.keys.first == "key \"")
    }

    @Test func `A number that JSON cannot say is null`() {
        #expect(JSONLine.encode([("a", .number(.nan)), ("b", .number(.infinity))]) == "{\"a\": null, \"b\": null}")
    }

    @Test func `The reason of a traceback is its last line, not what the plugin printed`() {
        let text = "Traceback:\n  File x\nValueError: no\n--- last output of the plugin ---\nhello\n"
        #expect(JobsCommand.lastLine(text) == "ValueError: no")
        #expect(JobsCommand.lastLine("one line") == "one line")
    }
}
