import CSQLite
import CasparianSinks

/// A connection to a database file, for one thread.
final class SQLiteConnection {
    let handle: OpaquePointer
    /// For messages: the sink's target.
    let target: String

    /// How long it waits while others write, before the job fails and may be tried again.
    static let busyTimeoutMilliseconds: Int32 = 600_000

    /// - Parameters:
    ///   - path: The file.
    ///   - creates: Makes it if it is not there.
    ///   - target: For messages.
    init(path: String, creates: Bool, target: String) throws(SinkError) {
        self.target = target
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | (creates ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let reason = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw SinkError(code: .io, target: target, message: "\(path) cannot be opened: \(reason)")
        }
        handle = opened
        sqlite3_extended_result_codes(opened, 1)
        sqlite3_busy_timeout(opened, Self.busyTimeoutMilliseconds)
    }

    deinit { sqlite3_close_v2(handle) }

    /// True if the file, or its folder, cannot be written to.
    var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") != 0 }
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    func execute(_ sql: String) throws(SinkError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// Runs a statement to its end and reads each row.
    func query<Row>(
        _ sql: String, _ values: [SQLiteValue] = [], _ read: (SQLiteStatement) throws(SinkError) -> Row
    ) throws(SinkError) -> [Row] {
        let statement = try SQLiteStatement(sql, on: self)
        for (index, value) in values.enumerated() { try statement.bind(value, at: Int32(index + 1)) }
        var rows: [Row] = []
        while try statement.step() { rows.append(try read(statement)) }
        return rows
    }

    /// Runs a statement that gives no rows; returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ values: [SQLiteValue] = []) throws(SinkError) -> Int64 {
        _ = try query(sql, values) { _ in }
        return sqlite3_changes64(handle)
    }

    func count(_ sql: String, _ values: [SQLiteValue] = []) throws(SinkError) -> Int64 {
        try query(sql, values) { $0.int64(0) }.first ?? 0
    }

    /// Runs `body` with the file's write lock, waiting for it; on an error all is undone.
    func transaction<Result>(_ body: () throws(SinkError) -> Result) throws(SinkError) -> Result {
        try execute("BEGIN IMMEDIATE")
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // Some failures have ended it already; then this one says so, and nobody cares.
            if isInTransaction { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
            throw error
        }
    }

    /// What SQLite says about the last call.
    func failure(_ code: Int32) -> SinkError {
        let reason = String(cString: sqlite3_errmsg(handle))
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED:
            return SinkError(
                code: .unreachable, target: target,
                message: "others kept the database locked for \(Self.busyTimeoutMilliseconds / 1000) s (\(reason)); "
                    + "end long reads and writes, then try again", isTransient: true)
        case SQLITE_FULL:
            return SinkError(
                code: .io, target: target, message: "the disk is full (\(reason)); make room and try again",
                isTransient: true)
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_CANTOPEN, SQLITE_AUTH:
            return SinkError(
                code: .io, target: target,
                message: "cannot be written to (\(reason)); check the permissions of the file and its folder")
        case SQLITE_NOTADB, SQLITE_CORRUPT:
            return SinkError(
                code: .io, target: target,
                message: "is no SQLite database, or a damaged one (\(reason)); name another file or restore it")
        case SQLITE_IOERR:
            return SinkError(code: .io, target: target, message: reason)
        case SQLITE_TOOBIG:
            return SinkError(
                code: .rejected, target: target,
                message: "a value or row is larger than SQLite holds, \(SQLiteLimits.valueBytesMax) bytes (\(reason))")
        default:
            return SinkError(code: .rejected, target: target, message: "SQLite: \(reason)")
        }
    }
}

/// What SQLite can hold, https://sqlite.org/limits.html.
enum SQLiteLimits {
    /// SQLITE_MAX_LENGTH, of a value and of a row.
    static let valueBytesMax = 1_000_000_000
    /// SQLITE_MAX_COLUMN.
    static let columnsMax = 2000
    /// SQLITE_MAX_VARIABLE_NUMBER.
    static let variablesMax = 32_766
}

enum SQLiteValue {
    case null
    case int64(Int64)
    case text(String)

    init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    init(_ number: Int64?) { self = number.map { .int64($0) } ?? .null }
}

/// A prepared statement.
final class SQLiteStatement {
    let handle: OpaquePointer
    private let connection: SQLiteConnection

    init(_ sql: String, on connection: SQLiteConnection) throws(SinkError) {
        var made: OpaquePointer?
        let code = sqlite3_prepare_v2(connection.handle, sql, -1, &made, nil)
        guard code == SQLITE_OK, let made else { throw connection.failure(code) }
        handle = made
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    func bind(_ value: SQLiteValue, at index: Int32) throws(SinkError) {
        let code: Int32
        switch value {
        case .null: code = sqlite3_bind_null(handle, index)
        case .int64(let number): code = sqlite3_bind_int64(handle, index, number)
        case .text(let text):
            let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            code = sqlite3_bind_text(handle, index, text, Int32(text.utf8.count), transient)
        }
        guard code == SQLITE_OK else { throw connection.failure(code) }
    }

    /// True with a row, false at the end.
    func step() throws(SinkError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else { throw connection.failure(code) }
        return false
    }

    func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func optionalInt64(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : int64(column)
    }
    func text(_ column: Int32) -> String { optionalText(column) ?? "" }
    func optionalText(_ column: Int32) -> String? {
        guard let bytes = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
