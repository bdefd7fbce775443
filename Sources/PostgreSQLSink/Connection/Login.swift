import CPostgreSQL
import Foundation

/// Makes a connection, in bounded time, with errors that hold no secret.
struct Login {
    private let options: PostgreSQLOptions

    init(_ options: PostgreSQLOptions) { self.options = options }

    /// - Throws: `ServerError` with the SQLSTATE that the server gave.
    func connect() throws(ServerError) -> OpaquePointer {
        let secret = try options.password?.read()
        try checkConnectionString()
        let parameters = parameters(secret)
        let keys = parameters.map { strdup($0.0) }
        let values = parameters.map { strdup($0.1) }
        defer { for text in keys + values { free(text) } }
        var keyPointers = keys.map { UnsafePointer($0) } + [nil]
        var valuePointers = values.map { UnsafePointer($0) } + [nil]
        guard let handle = PQconnectStartParams(&keyPointers, &valuePointers, 1) else {
            throw ServerError(message: "libpq is out of memory")
        }
        do {
            try poll(handle, secrets: [secret, PQpass(handle).map { String(cString: $0) }].compactMap(\.self))
        } catch {
            PQfinish(handle)
            throw error
        }
        return handle
    }

    private func parameters(_ secret: String?) -> [(String, String)] {
        var parameters: [(String, String)] = []
        // The first `dbname` may be a whole connection string; what comes later wins over it.
        if !options.connection.isEmpty { parameters.append(("dbname", options.connection)) }
        let pieces = [
            ("host", options.host), ("port", options.port.map(String.init)), ("dbname", options.database),
            ("user", options.user), ("password", secret),
        ]
        for (key, value) in pieces { if let value { parameters.append((key, value)) } }
        parameters += [
            ("fallback_application_name", "casparian"), ("client_encoding", "UTF8"),
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "60000"),
        ]
        return parameters
    }

    /// libpq's own message would quote the part that it does not understand, and that may be a password.
    private func checkConnectionString() throws(ServerError) {
        let text = options.connection
        guard text.contains("=") || text.contains("://") else { return }
        guard let parsed = PQconninfoParse(text, nil) else {
            throw ServerError(
                state: "28000",
                message: "the connection string cannot be understood; write host=... port=... dbname=... user=..., or "
                    + "postgresql://user@host:port/database")
        }
        PQconninfoFree(parsed)
    }

    private func poll(_ handle: OpaquePointer, secrets: [String]) throws(ServerError) {
        // With the SQLSTATE, which libpq 15 tells in no other way here.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        let deadline = ContinuousClock.now + options.connectTimeout
        var status = PQstatus(handle) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while status != PGRES_POLLING_OK {
            guard status != PGRES_POLLING_FAILED else { throw failure(handle, secrets) }
            let events = Int16(status == PGRES_POLLING_READING ? POLLIN : POLLOUT)
            guard Poll.wait(PQsocket(handle), for: events, until: deadline) != 0 else {
                throw ServerError(message: "no connection within \(options.connectTimeout)")
            }
            status = PQconnectPoll(handle)
        }
        PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
    }

    /// From a text such as `... FATAL:  28P01: password authentication failed for user "x"` and lines after it.
    private func failure(_ handle: OpaquePointer, _ secrets: [String]) -> ServerError {
        var text = String(cString: PQerrorMessage(handle))
        for secret in secrets where !secret.isEmpty { text = text.replacing(secret, with: "***") }
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }
        var message = lines.joined(separator: " ")
        var state: String?
        if let match = message.firstMatch(of: #/: +([0-9A-Z]{5}): /#) {
            state = String(match.1)
            message.replaceSubrange(match.range, with: ": ")
        }
        // No SQLSTATE: it is libpq that gives up.
        if PQconnectionNeedsPassword(handle) == 1 { state = ServerError.badPassword }
        return ServerError(state: state, message: message)
    }
}
