import CSQLite
import GRDB

/// A statement of the connection's cache, bound and stepped without values in between: for what a scan does a hundred
/// thousand times. Only inside the transaction it was made in.
struct BulkStatement {
    private let pointer: OpaquePointer
    private let sql: String
    private let db: Database

    init(_ db: Database, _ sql: String) throws {
        // Kept alive by the connection's cache.
        pointer = try db.cachedStatement(sql: sql).sqliteStatement
        self.sql = sql
        self.db = db
    }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(pointer, index, value) }
    func bind(_ index: Int32, _ value: Double) { sqlite3_bind_double(pointer, index, value) }

    func bind(_ index: Int32, _ text: String) {
        var text = text
        text.withUTF8 { bytes in
            let start = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            // SQLite copies: the text is gone when the statement runs.
            let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            if bytes.isEmpty {
                sqlite3_bind_text(pointer, index, "", 0, transient)
            } else {
                sqlite3_bind_text(pointer, index, start, Int32(bytes.count), transient)
            }
        }
    }

    func bind(_ index: Int32, blob bytes: [UInt8]) {
        sqlite3_bind_blob(
            pointer, index, bytes, Int32(bytes.count), unsafeBitCast(-1, to: sqlite3_destructor_type.self))
    }

    /// Runs to the end.
    func run() throws {
        defer { sqlite3_reset(pointer) }
        while true {
            switch sqlite3_step(pointer) {
            case SQLITE_ROW: continue
            case SQLITE_DONE: return
            default: throw failure()
            }
        }
    }

    /// The first row as `read` sees it; nil if there is none.
    func first<Result>(_ read: (BulkStatement) -> Result) throws -> Result? {
        defer { sqlite3_reset(pointer) }
        switch sqlite3_step(pointer) {
        case SQLITE_ROW: return read(self)
        case SQLITE_DONE: return nil
        default: throw failure()
        }
    }

    func integer(_ column: Int32) -> Int64? {
        sqlite3_column_type(pointer, column) == SQLITE_INTEGER ? sqlite3_column_int64(pointer, column) : nil
    }

    func text(_ column: Int32) -> String? { sqlite3_column_text(pointer, column).map { String(cString: $0) } }

    private func failure() -> DatabaseError {
        let connection = sqlite3_db_handle(pointer)
        return DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: String(cString: sqlite3_errmsg(connection)), sql: sql)
    }
}
