import CasparianSinks

/// Names in SQL.
enum SQLiteName {
    /// As an identifier, whatever is in it.
    static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    /// As SQLite compares names: ASCII letters without regard to case, everything else byte by byte.
    static func key(_ name: String) -> [UInt8] {
        name.utf8.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
    }

    /// - Throws: `SinkError` for what SQLite gives no table.
    static func check(table: String, target: String) throws(SinkError) {
        let reason: String? =
            if table.isEmpty {
                "names no table: it is sqlite://<file>/<table>"
            } else if key(table).starts(with: Array("sqlite_".utf8)) {
                "SQLite keeps names that begin with 'sqlite_' for itself; name another table"
            } else if key(table) == key(LedgerEntry.table) {
                "'\(LedgerEntry.table)' is the ledger; name another table"
            } else if table.utf8.count > tableBytesMax {
                "the table's name has more than \(tableBytesMax) bytes"
            } else {
                nil
            }
        if let reason { throw SinkError(code: .invalidURI, target: target, message: reason) }
    }

    static let tableBytesMax = 512
}
