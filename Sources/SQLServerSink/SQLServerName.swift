/// Names and texts in T-SQL.
enum SQLServerName {
    /// Of an identifier, in UTF-16 units.
    static let unitsMax = 128

    /// `[name]`, with every `]` doubled.
    static func quoted(_ name: String) -> String { "[" + doubled(name, "]") + "]" }

    /// `[schema].[table]`
    static func quoted(schema: String, table: String) -> String { quoted(schema) + "." + quoted(table) }

    /// A literal that means exactly this text.
    ///
    /// A backslash before a line's end would continue the line, and a NUL might end it: texts with either, and with
    /// other control characters, are given as their bytes.
    static func literal(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 }) else { return "N'" + doubled(text, "'") + "'" }
        var digits = "0x"
        for unit in text.utf16 {
            for byte in [UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8)] {
                digits += (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return "CAST(\(digits) AS nvarchar(max))"
    }

    static func literal(_ text: String?) -> String { text.map { literal($0) } ?? "NULL" }

    private static func doubled(_ text: String, _ mark: Unicode.Scalar) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(scalar)
            if scalar == mark { result.append(mark) }
        }
        return String(result)
    }
}
