/// Cells in aligned columns.
enum TextTable {
    /// Longest cell shown before it is cut with an ellipsis, in characters.
    static let cellCharactersMax = 100

    static func lines(headings: [String], rows: [[String]], numeric: [Bool]) -> [String] {
        let clipped = rows.map { $0.map(clip) }
        let widths = headings.indices.map { column in
            max(width(headings[column]), clipped.map { width($0[column]) }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            var out = ""
            for (column, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - width(cell))
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
        case .list(let items): items.isEmpty ? "-" : items.map(text).joined(separator: ",")
        case .object(let pairs): pairs.map { "\($0.0)=\(text($0.1))" }.joined(separator: " ")
        }
    }

    /// Columns that a terminal gives the text: two for East Asian wide characters and emoji (Unicode UAX #11, roughly).
    private static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + ($1.unicodeScalars.first.map(isWide) == true ? 2 : 1) }
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F9FF, 0x20000...0x3FFFD:
            true
        default: false
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
