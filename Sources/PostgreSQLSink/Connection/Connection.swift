import CPostgreSQL
import Foundation

/// A session at the server, for one thread. Every wait has an end, also when the server says nothing.
final class Connection {
    let handle: OpaquePointer
    let options: PostgreSQLOptions
    /// A COPY is open: rows can be put, and nothing else asked.
    var isCopying = false
    /// For the server to take or give anything.
    fileprivate var waitMax: Duration

    /// What a client waits longer than the server was told to take, so that the server is who gives up.
    static let grace: Duration = .seconds(10)

    /// The oldest server that has what is asked for here, as libpq tells versions.
    private static let versionMin: Int32 = 120_000

    /// - Throws: `ServerError`.
    init(_ options: PostgreSQLOptions) throws(ServerError) {
        self.options = options
        waitMax = options.statementTimeout + Self.grace
        handle = try Login(options).connect()
        // Notices are no errors, and nobody reads them here.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        guard PQsetnonblocking(handle, 1) == 0 else { throw lost("cannot be made non-blocking") }
        guard PQserverVersion(handle) >= Self.versionMin else {
            throw ServerError(state: "0A000", message: "the server is older than PostgreSQL 12; use a newer one")
        }
        try run(settings)
    }

    deinit {
        tidy {
            if isCopying { abortCopy() }
            // What waits for a lock of this session waits for less when it does not wait for the server to notice.
            if isAlive { _ = try? run("ROLLBACK; SELECT pg_catalog.pg_advisory_unlock_all()") }
        }
        PQfinish(handle)
    }

    /// Runs `body`, which cleans up, with less patience for a server that hangs.
    func tidy(_ body: () -> Void) {
        waitMax = options.lockTimeout + Self.grace
        body()
        waitMax = options.statementTimeout + Self.grace
    }

    var isAlive: Bool { PQstatus(handle) == CONNECTION_OK }
    /// Alive, and in no transaction.
    var isIdle: Bool { isAlive && PQtransactionStatus(handle) == PQTRANS_IDLE }

    /// Kept from what the user or database is configured with: rows that do not survive a crash of the server.
    private var settings: String {
        """
        SET client_min_messages = warning;
        SET statement_timeout = \(options.statementTimeout.milliseconds);
        SET lock_timeout = \(options.lockTimeout.milliseconds);
        SET idle_in_transaction_session_timeout = \(options.statementTimeout.milliseconds);
        SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
        """
    }

    /// Runs statements without parameters; one transaction unless they say otherwise. Returns what the last one gave.
    @discardableResult
    func run(_ script: String) throws(ServerError) -> Answer {
        guard PQsendQuery(handle, script) == 1 else { throw lost("cannot be asked") }
        return try answer()
    }

    /// Runs one statement with `$1`, `$2`, ...
    ///
    /// - Throws: `ServerError`, also for a text with NUL, which would be cut.
    @discardableResult
    func query(_ sql: String, _ values: [String?]) throws(ServerError) -> Answer {
        if let value = values.first(where: { $0?.utf8.contains(0) == true }), let value {
            throw ServerError(state: "22021", message: "PostgreSQL cannot hold the NUL in '\(value)'")
        }
        let copies = values.map { $0.flatMap { strdup($0) } }
        defer { for copy in copies { free(copy) } }
        var pointers = copies.map { UnsafePointer($0) }
        let sent = PQsendQueryParams(handle, sql, Int32(values.count), nil, &pointers, nil, nil, 0)
        guard sent == 1 else { throw lost("cannot be asked") }
        return try answer()
    }

    /// As a constant in SQL where no parameter can stand.
    func literal(_ text: String) throws(ServerError) -> String {
        guard !text.utf8.contains(0), let escaped = PQescapeLiteral(handle, text, text.utf8.count) else {
            throw ServerError(state: "22021", message: "'\(text)' cannot be written into SQL")
        }
        defer { PQfreemem(escaped) }
        return String(cString: escaped)
    }

    /// Runs `body` in a transaction; on an error all is undone.
    func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        try run("BEGIN ISOLATION LEVEL READ COMMITTED")
        do {
            let result = try body()
            try run("COMMIT")
            return result
        } catch {
            if isAlive { _ = try? run("ROLLBACK") }
            throw error
        }
    }
}

extension Connection {
    /// Waits for all results of what was sent; the first error counts, else the last result.
    func answer() throws(ServerError) -> Answer {
        var last: Answer?
        var failure: ServerError?
        while let result = try nextResult(after: failure) {
            let status = PQresultStatus(result)
            if status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE {
                failure = failure ?? serverError(result)
                PQclear(result)
            } else {
                last = Answer(owning: result)
                // The COPY is open; no other result comes before its end.
                if status == PGRES_COPY_IN { break }
            }
        }
        if let failure { throw failure }
        guard let last else { throw lost("gave no answer") }
        return last
    }

    /// The next result; nil after the last one.
    ///
    /// - Parameter failure: What an earlier one said: a server that ends a session says why, and then goes away.
    private func nextResult(after failure: ServerError?) throws(ServerError) -> OpaquePointer? {
        let deadline = self.deadline
        do throws(ServerError) {
            try flush(until: deadline)
            while PQisBusy(handle) == 1 {
                try wait(for: Int16(POLLIN), until: deadline)
                guard PQconsumeInput(handle) == 1 else { throw lost("went away") }
            }
        } catch {
            guard var failure else { throw error }
            failure.isConnectionLost = true
            throw failure
        }
        return PQgetResult(handle)
    }

    /// Sends what libpq holds.
    func flush(until deadline: ContinuousClock.Instant) throws(ServerError) {
        while true {
            switch PQflush(handle) {
            case 0: return
            case 1:
                // A server that has something to say first may not read before it could.
                let events = try wait(for: Int16(POLLIN | POLLOUT), until: deadline)
                if events & Int16(POLLIN) != 0, PQconsumeInput(handle) != 1 { throw lost("went away") }
            default: throw lost("went away")
            }
        }
    }

    var deadline: ContinuousClock.Instant { .now + waitMax }

    @discardableResult
    private func wait(for events: Int16, until deadline: ContinuousClock.Instant) throws(ServerError) -> Int16 {
        let happened = Poll.wait(PQsocket(handle), for: events, until: deadline)
        guard happened != 0 else {
            throw ServerError(message: "the server did not answer in time", isConnectionLost: true)
        }
        return happened
    }

    func serverError(_ result: OpaquePointer) -> ServerError {
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        // PG_DIAG_SQLSTATE, PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_MESSAGE_DETAIL, PG_DIAG_SEVERITY_NONLOCALIZED.
        guard let state = field("C"), let message = field("M") else { return lost("went away") }
        let detail = field("D").map { " (\($0))" } ?? ""
        let isFatal = field("V") == "FATAL" || field("V") == "PANIC"
        return ServerError(state: state, message: message + detail, isConnectionLost: isFatal || !isAlive)
    }

    func lost(_ what: String) -> ServerError {
        let reason = String(cString: PQerrorMessage(handle)).split(separator: "\n").joined(separator: " ")
        return ServerError(
            message: "the server \(what)" + (reason.isEmpty ? "" : ": \(reason)"), isConnectionLost: true)
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

/// Waits on a socket.
enum Poll {
    /// What happened; 0 when nothing did in time.
    static func wait(_ descriptor: Int32, for events: Int16, until deadline: ContinuousClock.Instant) -> Int16 {
        while true {
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let left = ContinuousClock.now.duration(to: deadline).milliseconds
            let count = poll(&entry, 1, Int32(clamping: max(0, left)))
            if count > 0 { return entry.revents }
            if count < 0, errno == EINTR { continue }
            if left <= 0 || count < 0 { return 0 }
        }
    }
}
