import CasparianSinks

/// The application lock that tells staging that lives from staging that a crash left.
///
/// It belongs to the session: when the sink's process dies, the server gives it back.
enum StagingLock {
    /// How long an attempt waits for an earlier one of its job to be gone: the server may not have noticed yet that
    /// its connection is.
    static let waitForAttempt = 15_000
    /// The same for a sweep, which asks for each staging table that it finds.
    static let waitForSweep = 1000

    /// Whether the lock is this session's now.
    static func take(
        _ place: SQLServerPlace, on connection: SQLServerConnection, waitMilliseconds: Int
    ) throws(SinkError) -> Bool {
        try take(resource("staging", place), owner: "Session", on: connection, waitMilliseconds: waitMilliseconds)
    }

    /// Never throws: a connection that is gone has given it back.
    static func release(_ place: SQLServerPlace, on connection: SQLServerConnection) {
        guard !connection.isDead else { return }
        let name = SQLServerName.literal(resource("staging", place))
        try? connection.run("EXEC sp_releaseapplock @Resource = \(name), @LockOwner = N'Session'")
    }

    /// The lock under which a target's promotions go one after the other; until the transaction's end.
    static func takeLedger(
        _ place: SQLServerPlace, on connection: SQLServerConnection, waitMilliseconds: Int
    ) throws(SinkError) -> Bool {
        try take(resource("ledger", place), owner: "Transaction", on: connection, waitMilliseconds: waitMilliseconds)
    }

    private static func take(
        _ resource: String, owner: String, on connection: SQLServerConnection, waitMilliseconds: Int
    ) throws(SinkError) -> Bool {
        let wait = min(waitMilliseconds, connection.options.silenceMilliseconds)
        let result = try connection.number(
            """
            DECLARE @result int;
            EXEC @result = sp_getapplock @Resource = \(SQLServerName.literal(resource)), @LockMode = N'Exclusive', \
            @LockOwner = N'\(owner)', @LockTimeout = \(wait);
            SELECT @result
            """)
        return result >= 0
    }

    /// Names of resources are compared byte by byte and have at most 255 characters; two places may share one, then
    /// they only wait for each other.
    private static func resource(_ kind: String, _ place: SQLServerPlace) -> String {
        let name = "\(place.schema).\(place.table)".lowercased()
        return "casparian.\(kind):" + String(decoding: Array(name.utf16.suffix(200)), as: UTF16.self)
    }
}
