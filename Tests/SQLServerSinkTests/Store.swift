import CSQLite

/// What the TDS test server keeps, read beside it.
struct Store {
    let path: String

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// Rows of a query, as texts; nil for NULL. Blobs are hex.
    func rows(_ query: String) throws -> [[String?]] {
        var database: OpaquePointer?
        defer { sqlite3_close_v2(database) }
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        guard sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK,
            sqlite3_busy_timeout(database, 60_000) == SQLITE_OK,
            sqlite3_prepare_v2(database, query, -1, &statement, nil) == SQLITE_OK
        else { throw Failed(description: "\(query): \(String(cString: sqlite3_errmsg(database)))") }
        var rows: [[String?]] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            rows.append((0..<sqlite3_column_count(statement)).map { Self.text(statement, $0) })
        }
        return rows
    }

    private static func text(_ statement: OpaquePointer?, _ column: Int32) -> String? {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_NULL: return nil
        case SQLITE_FLOAT: return "\(sqlite3_column_double(statement, column))"
        case SQLITE_BLOB:
            let count = Int(sqlite3_column_bytes(statement, column))
            let bytes = UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, column), count: count)
            return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        default:
            let text = sqlite3_column_text(statement, column)
            let count = Int(sqlite3_column_bytes(statement, column))
            return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
        }
    }

    /// `name:type` of a table of the schema `dbo`; empty if there is none.
    func columns(_ table: String) throws -> [String] {
        try rows(
            """
            SELECT c.name || ':' || type || CASE WHEN type = 'decimal' THEN '(' || precision || ',' || scale || ')'
                WHEN length IS NOT NULL THEN '(' || iif(length < 0, 'max', length) || ')'
                WHEN scale IS NOT NULL THEN '(' || scale || ')' ELSE '' END
            FROM tds_columns c JOIN tds_tables t USING (object_id) WHERE t.name = '\(table)' ORDER BY column_id
            """
        ).compactMap { $0[0] }
    }

    func staging() throws -> [String] {
        try rows(
            "SELECT t.name FROM tds_tables t JOIN tds_properties p USING (object_id) WHERE p.name = 'casparian_staging'"
        ).compactMap { $0[0] }
    }

    func ledger() throws -> [[String?]] {
        guard try !columns("_casparian_ledger").isEmpty else { return [] }
        return try rows("SELECT target, job_id, rows, replaced_by FROM \"dbo._casparian_ledger\" ORDER BY job_id")
    }
}
