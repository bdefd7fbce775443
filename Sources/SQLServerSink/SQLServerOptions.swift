import CasparianSinks
import Foundation

/// Which server a worker's `mssql://` sinks write to, and as whom.
public struct SQLServerOptions: Sendable {
    /// Where the password is read from, each time a connection is opened.
    public enum Password: Hashable, Sendable {
        /// Name of an environment variable.
        case environment(String)
        /// Path of a file; a line's end at its end does not count.
        case file(String)
    }

    public enum Encryption: String, CaseIterable, Sendable {
        /// Nothing is sent in the clear; a server without TLS is refused.
        case require
        /// TLS for the login, and for the rest if the server wants it.
        case request
        case off
    }

    /// Name or address.
    public var server: String
    public var port: Int
    public var database: String
    public var user: String
    public var password: Password
    public var encryption: Encryption
    /// PEM file of the authorities that may have signed the server's certificate, or `system`; nil does not check who
    /// the server is.
    public var certificateAuthorities: String?
    /// How long a connection may take.
    public var connectTimeout: Duration
    /// How long the server may be silent in the middle of a statement.
    public var statementTimeout: Duration

    /// - Parameters:
    ///   - server: Name or address.
    ///   - port: Of TCP.
    ///   - database: Takes tables, staging and the ledger.
    ///   - user: A login of SQL Server.
    ///   - password: Where it is read from.
    ///   - encryption: What of TLS is asked.
    ///   - certificateAuthorities: PEM file or `system`; nil does not check who the server is.
    ///   - connectTimeout: Whole seconds, at least one.
    ///   - statementTimeout: Whole seconds, at least one.
    public init(
        server: String, port: Int = 1433, database: String, user: String, password: Password,
        encryption: Encryption = .require, certificateAuthorities: String? = nil,
        connectTimeout: Duration = .seconds(15), statementTimeout: Duration = .seconds(1800)
    ) {
        self.server = server
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.encryption = encryption
        self.certificateAuthorities = certificateAuthorities
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
    }

    /// How long a statement may keep the server waiting: less than the time after which it is given up.
    var silenceMilliseconds: Int { Int(max(1, statementTimeout.components.seconds)) * 750 }

    /// For messages.
    var address: String { "\(server):\(port), database \(database)" }

    func readPassword(target: String) throws(SinkError) -> String {
        switch password {
        case .environment(let name):
            guard let value = ProcessInfo.processInfo.environment[name] else {
                throw failure(target, "the environment variable \(name), which has the password, is not set")
            }
            return value
        case .file(let path):
            guard let data = FileManager.default.contents(atPath: path) else {
                throw failure(target, "the file \(path), which has the password, cannot be read")
            }
            return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
        }
    }

    /// FreeTDS's form of all but the login.
    func configuration(section: String, target: String) throws(SinkError) -> String {
        let texts = [server, certificateAuthorities ?? "system"]
        guard texts.allSatisfy({ !$0.isEmpty && !$0.unicodeScalars.contains { $0.value < 0x20 } }) else {
            throw failure(target, "the server's name or the file of authorities has control characters or is empty")
        }
        var lines = [
            "[\(section)]", "host = \(server)", "port = \(port)", "tds version = 7.4", "client charset = UTF-8",
            "encryption = \(encryption.rawValue)", "connect timeout = \(max(1, connectTimeout.components.seconds))",
            "timeout = \(max(1, statementTimeout.components.seconds))", "text size = \(Self.textBytesMax)",
        ]
        if let certificateAuthorities { lines += ["ca file = \(certificateAuthorities)"] }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Of a text that is read back: paths and names.
    private static let textBytesMax = 1 << 20

    private func failure(_ target: String, _ reason: String) -> SinkError {
        SinkError(
            code: .rejected, target: target,
            message: "no connection to \(address): \(reason); see the worker's settings")
    }
}
