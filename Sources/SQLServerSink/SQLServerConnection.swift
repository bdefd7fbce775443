import CFreeTDS
import CasparianSinks
import Foundation

/// A connection to SQL Server, for one thread at a time.
final class SQLServerConnection {
    let options: SQLServerOptions
    /// For messages: the sink's target.
    let target: String
    let handle: OpaquePointer
    private var isClosed = false
    /// Of the last failure, in the server's words or FreeTDS's; 0 before one.
    private(set) var lastNumber: Int32 = 0

    private static let section = "casparian"
    private static let program = "casparian"

    init(_ options: SQLServerOptions, target: String) throws(SinkError) {
        self.options = options
        self.target = target
        let password = try options.readPassword(target: target)
        let configuration = try options.configuration(section: Self.section, target: target)
        var error = cf_error()
        let file = try PrivateFile(configuration, target: target)
        let opened = options.user.withCString { user in
            password.withCString { password in
                options.database.withCString { database in
                    Self.program.withCString { program in
                        var login = cf_login(user: user, password: password, database: database, program: program)
                        return cf_open(file.path, Self.section, &login, &error)
                    }
                }
            }
        }
        file.remove()
        guard let opened else { throw SinkError(opening: error, options: options, target: target) }
        handle = opened
        try run(
            "SET XACT_ABORT ON; SET NOCOUNT ON; SET IMPLICIT_TRANSACTIONS OFF; "
                + "SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    }

    deinit { close() }

    /// Ends the session: what it has not committed and what it holds locked is given up.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        cf_close(handle)
    }

    var isDead: Bool { isClosed || cf_is_dead(handle) }

    /// Runs a batch that gives no rows.
    func run(_ sql: String) throws(SinkError) { _ = try query(sql) }

    /// Runs a batch; rows of its last result, cells as texts, nil for NULL.
    func query(_ sql: String) throws(SinkError) -> [[String?]] {
        precondition(!isClosed, "nothing is asked after close")
        var error = cf_error()
        guard let rows = cf_run(handle, sql, &error) else { throw failure(error) }
        defer { cf_rows_release(rows) }
        return (0..<cf_rows_count(rows)).map { row in
            (0..<cf_rows_columns(rows)).map { column in
                var length = 0
                guard let text = cf_rows_cell(rows, row, column, &length) else { return nil }
                return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
            }
        }
    }

    /// The first cell as a number; 0 if there is none.
    func number(_ sql: String) throws(SinkError) -> Int64 {
        try query(sql).first?.first?.flatMap { Int64($0) } ?? 0
    }

    func failure(_ error: cf_error) -> SinkError {
        lastNumber = error.number
        return SinkError(error, isDead: isDead, options: options, target: target)
    }
}

/// A file that nobody else can read, for as long as it is needed.
struct PrivateFile {
    let path: String
    private let folder: String

    init(_ text: String, target: String) throws(SinkError) {
        var template = Array((NSTemporaryDirectory() + "casparian-tds-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw Self.failure(target) }
        folder = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        path = folder + "/freetds.conf"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(target) }
        let bytes = Array(text.utf8)
        let written = write(descriptor, bytes, bytes.count)
        close(descriptor)
        guard written == bytes.count else {
            remove()
            throw Self.failure(target)
        }
    }

    func remove() {
        unlink(path)
        rmdir(folder)
    }

    private static func failure(_ target: String) -> SinkError {
        SinkError(
            code: .io, target: target,
            message: "FreeTDS's configuration cannot be written to \(NSTemporaryDirectory()): "
                + "\(String(cString: strerror(errno))); see TMPDIR")
    }
}
