/// Cells in aligned columns.
enum TextTable {
    /// Longest cell shown before it is cut with an ellipsis, in characters.
    static let cellCharactersMax = 100

    static func lines(headings: [String], rows: [[String]], numeric: [Bool]) -> [String] {
        let clipped = rows.map { $0.map(clip) }
        let widths = headings.indices.map { column in
            max(headings[column].count, clipped.map { $0[column].count }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            var out = ""
            for (column, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                out += (column == 0 ? "" : "  ") + (numeric[column] ? padding + cell : cell + padding)
            }
            while out.last == " " { out.removeLast() }
            return out
        }
        return [line(headings)] + clipped.map(line)
    }

    static func text(_ value: JSONLine.Value) -> String {
        switch value {
        case .text(let text): text ?? "-"
        case .integer(let number): number.map(String.init) ?? "-"
        case .number(let number): String(number)
        case .flag(let flag): flag ? "yes" : "no"
        case .list(let items): items.map(text).joined(separator: ",")
        case .object(let pairs): pairs.map { "\($0.0)=\(text($0.1))" }.joined(separator: " ")
        }
    }

    /// One line, of bounded length.
    private static func clip(_ cell: String) -> String {
        var out = ""
        var count = 0
        for character in cell {
            if count == cellCharactersMax { return out + "…" }
            out.append(character.isNewline || character == "\t" ? " " : character)
            count += 1
        }
        return out
    }
}
