import Foundation

/// Which server and database, as whom, and how long to wait. From the worker's configuration, never from a URI.
public struct PostgreSQLOptions: Sendable {
    /// Where a password is kept; read for each connection, so that it can be changed.
    public enum Password: Sendable, Hashable {
        /// The name of an environment variable.
        case environment(String)
        /// A file's path; a line end after the password is no part of it.
        case file(String)
    }

    /// A connection string of libpq, `host=... dbname=...` or `postgresql://...`; empty for libpq's defaults
    /// (`PGHOST` and so on). What is named below wins over it.
    public var connection: String
    public var host: String?
    public var port: Int?
    public var database: String?
    public var user: String?
    public var password: Password?
    /// The schema of `postgresql://table`.
    public var defaultSchema = "public"
    /// For a connection to be there, login included.
    public var connectTimeout: Duration = .seconds(10)
    /// For one statement, and for the server to take or send anything.
    public var statementTimeout: Duration = .seconds(1800)
    /// For one lock that others hold.
    public var lockTimeout: Duration = .seconds(60)
    /// For a server that went away during a promotion to come back and say how it ended.
    public var reconnectPatience: Duration = .seconds(30)
    /// For the session of a process that died with the same job to be noticed.
    var stagingPatience: Duration = .seconds(5)
    /// The same for all leftovers together, at start.
    var sweepPatience: Duration = .milliseconds(500)
    /// Most bytes of texts and binaries in one row.
    var rowBytesMax = Self.rowBytesMax

    public init(
        connection: String = "", host: String? = nil, port: Int? = nil, database: String? = nil, user: String? = nil,
        password: Password? = nil
    ) {
        self.connection = connection
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
    }

    /// What PostgreSQL can make one row of is just under 1 GiB (MaxAllocSize); some room for its own parts.
    static let rowBytesMax = 1 << 30 - 1 << 16
    /// MaxHeapAttributeNumber.
    static let columnsMax = 1600
}

extension PostgreSQLOptions.Password {
    /// - Throws: `ServerError` that names the place, never the password.
    func read() throws(ServerError) -> String {
        switch self {
        case .environment(let name):
            guard let text = ProcessInfo.processInfo.environment[name], !text.isEmpty else {
                throw ServerError(
                    state: ServerError.badPassword, message: "the environment variable \(name) holds no password")
            }
            return text
        case .file(let path):
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw ServerError(
                    state: ServerError.badPassword, message: "the password file \(path) cannot be read")
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let last = text.lastIndex(where: { !$0.isNewline }) else {
                throw ServerError(state: ServerError.badPassword, message: "the password file \(path) is empty")
            }
            return String(text[...last])
        }
    }
}
