import CasparianModel
import Columnar
import Foundation

/// What a plugin makes of a sample: the content of `expected.json`.
struct SampleOutput: Hashable, Sendable {
    /// One topic's table.
    struct Table: Hashable, Sendable {
        struct Column: Hashable, Sendable {
            var name: String
            var type: String
        }

        var columns: [Column]
        /// Cells as texts, null for null.
        var rows: [[String?]]
    }

    var tables: [String: Table] = [:]
    /// The last line of the plugin's error; nil if it has none.
    var error: String?

    init(tables: [String: Table] = [:], error: String? = nil) {
        self.tables = tables
        self.error = error
    }

    init(_ result: LocalJobResult) {
        if result.hasFailed {
            error = Self.lastLine(result.receipt.errorMessage ?? "")
            return
        }
        for preview in result.previews {
            tables[preview.topic] = Table(
                columns: preview.columns.map { Table.Column(name: $0.name, type: $0.type) }, rows: preview.cells)
        }
    }

    /// Of a traceback, the line that says what it was; what the plugin printed follows it.
    private static func lastLine(_ message: String) -> String {
        let own = message.components(separatedBy: "\n--- last output of the plugin ---").first ?? message
        return own.split(separator: "\n").last.map(String.init) ?? own
    }
}

/// The file: a line for each row, so that a change of one row is a change of one line.
extension SampleOutput {
    private static let errorKey = "error"
    private static let topicsKey = "topics"
    private static let columnsKey = "columns"
    private static let rowsKey = "rows"

    /// Ends with a newline.
    var text: String {
        if let error { return JSONLine.encode([(Self.errorKey, .text(error))]) + "\n" }
        let topics = tables.sorted { $0.key < $1.key }.map { topic, table in
            let columns = Self.list(table.columns.map { [$0.name, $0.type] }, indent: "        ")
            let rows = Self.list(table.rows, indent: "        ")
            return "    \(JSONLine.encode(.text(topic))): {\n      \"\(Self.columnsKey)\": \(columns),\n"
                + "      \"\(Self.rowsKey)\": \(rows)\n    }"
        }
        return "{\n  \"\(Self.topicsKey)\": {\n" + topics.joined(separator: ",\n") + (topics.isEmpty ? "" : "\n")
            + "  }\n}\n"
    }

    /// A list of lists of texts, each on a line.
    private static func list(_ rows: [[String?]], indent: String) -> String {
        if rows.isEmpty { return "[]" }
        let lines = rows.map { indent + line($0) }
        return "[\n" + lines.joined(separator: ",\n") + "\n" + indent.dropLast(2) + "]"
    }

    /// One row as it stands in the file.
    static func line(_ cells: [String?]) -> String { JSONLine.encode(.list(cells.map { .text($0) })) }

    /// Reads `expected.json`.
    ///
    /// - Throws: `ExitStatus` 64 that names the file and what is wrong with it.
    init(text: Data, file: String) throws {
        func wrong(_ reason: String) -> ExitStatus {
            ExitStatus.misuse("\(file): \(reason); casparian test --update writes it anew")
        }
        guard let object = try? JSONSerialization.jsonObject(with: text) as? [String: Any] else {
            throw wrong("is no JSON object")
        }
        if let error = object[Self.errorKey] as? String {
            self.error = error
            return
        }
        guard let topics = object[Self.topicsKey] as? [String: Any] else {
            throw wrong("has neither '\(Self.topicsKey)' nor '\(Self.errorKey)'")
        }
        for (topic, value) in topics {
            guard let table = value as? [String: Any], let columns = table[Self.columnsKey] as? [[String]],
                columns.allSatisfy({ $0.count == 2 }), let rows = table[Self.rowsKey] as? [[Any]]
            else { throw wrong("topic '\(topic)' is no object of 'columns' (name, type) and 'rows'") }
            tables[topic] = Table(
                columns: columns.map { Table.Column(name: $0[0], type: $0[1]) },
                rows: try rows.map { cells in
                    guard cells.count == columns.count else {
                        throw wrong("topic '\(topic)' has a row of \(cells.count) cells and \(columns.count) columns")
                    }
                    return try cells.map { cell in
                        if cell is NSNull { return nil }
                        guard let text = cell as? String else { throw wrong("a cell of topic '\(topic)' is no text") }
                        return text
                    }
                })
        }
    }
}

extension SampleOutput {
    /// Rows that are told of one topic at most.
    static let differencesMax = 3

    /// How this output, which a plugin made, differs from what was expected; empty if it does not.
    func differences(from expected: SampleOutput) -> [String] {
        switch (expected.error, error) {
        case (let wanted?, let found?):
            return wanted == found ? [] : ["fails with '\(found)', expected is '\(wanted)'"]
        case (let wanted?, nil): return ["does not fail, expected is '\(wanted)'"]
        case (nil, let found?): return ["fails: \(found)"]
        case (nil, nil): break
        }
        var out: [String] = []
        for topic in Set(tables.keys).union(expected.tables.keys).sorted() {
            switch (expected.tables[topic], tables[topic]) {
            case (let wanted?, let found?): out += found.differences(from: wanted).map { "\(topic): \($0)" }
            case (nil, let found?):
                out.append("\(topic): has \(Format.count(found.rows.count, "row")), expected are none")
            case (let wanted?, nil): out.append("\(topic): has no rows, expected are \(wanted.rows.count)")
            case (nil, nil): break
            }
        }
        return out
    }
}

extension SampleOutput.Table {
    fileprivate func differences(from expected: SampleOutput.Table) -> [String] {
        var out: [String] = []
        if columns != expected.columns {
            func text(_ columns: [Column]) -> String {
                columns.map { "\($0.name) \($0.type)" }.joined(separator: ", ")
            }
            out.append("columns are (\(text(columns))), expected (\(text(expected.columns)))")
        }
        if rows.count != expected.rows.count {
            out.append("\(Format.count(rows.count, "row")), expected \(expected.rows.count)")
        }
        let different = zip(rows, expected.rows).enumerated().filter { $0.element.0 != $0.element.1 }
        for (number, (found, wanted)) in different.prefix(SampleOutput.differencesMax) {
            out.append("row \(number + 1) is \(SampleOutput.line(found)), expected \(SampleOutput.line(wanted))")
        }
        if different.count > SampleOutput.differencesMax {
            out.append("and \(different.count - SampleOutput.differencesMax) more rows differ")
        }
        return out
    }
}
