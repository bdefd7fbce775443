import CasparianSinks

/// Opens sinks for `postgresql://table` and `postgresql://schema.table` in one database.
public struct PostgreSQLSinkFactory: SinkFactory {
    public let scheme: String
    private let sessions: Sessions

    /// Of artifacts' URIs, whatever the sink's.
    static let scheme = "postgresql"

    /// - Parameters:
    ///   - options: Server, database and user.
    ///   - scheme: `postgresql`, or another name for it.
    public init(options: PostgreSQLOptions, scheme: String = "postgresql") {
        self.scheme = scheme
        sessions = Sessions(options)
    }

    public var steps: [String] { PostgreSQLStep.names }

    public func open(_ request: SinkRequest) throws -> any Sink { try sink(request) }

    public func resume(_ request: SinkRequest, rows: Int64) throws -> (any Sink)? {
        let sink = try sink(request)
        return try sink.takeOver(rows: rows) ? sink : nil
    }

    private func sink(_ request: SinkRequest) throws(SinkError) -> PostgreSQLSink {
        let place = try Place(request.uri, options: sessions.options)
        let connection = try connected(to: request.uri.description)
        return PostgreSQLSink(request: request, place: place, sessions: sessions, connection: connection)
    }

    public func highestJobID(at uri: SinkURI) throws -> Int64 {
        let place = try Place(uri, options: sessions.options)
        let connection = try connected(to: uri.description)
        do {
            let highest = try Ledger(connection: connection, target: place.table).highestJobID()
            sessions.giveBack(connection)
            return highest
        } catch {
            throw error.sinkError(target: uri.description, doing: "reading the ledger")
        }
    }

    public func removeLeftovers() throws -> [String] {
        let connection = try connected(to: scheme + "://")
        do {
            let removed = try StagingSweep(connection: connection).run()
            sessions.giveBack(connection)
            return removed
        } catch {
            throw error.sinkError(target: scheme + "://", doing: "looking for leftovers")
        }
    }

    private func connected(to target: String) throws(SinkError) -> Connection {
        do {
            return try sessions.connection()
        } catch {
            throw error.sinkError(target: target, doing: "connecting")
        }
    }
}

/// What a URI says.
struct Place: Hashable, Sendable {
    let table: TableName
    /// Whether a schema or table that is missing is made.
    var creates = true
    /// Rows after which a COPY ends and the next begins.
    var chunkRowsMax: Int64 = 4_000_000

    /// - Throws: `SinkError` with `.invalidURI`.
    init(_ uri: SinkURI, options: PostgreSQLOptions) throws(SinkError) {
        table = try TableName(uri: uri, defaultSchema: options.defaultSchema)
        for (key, value) in uri.options.sorted(by: { $0.key < $1.key }) {
            switch key {
            case "mode": break  // read by who configures the topic
            case "create":
                guard ["yes", "no"].contains(value) else {
                    throw Self.invalid(uri, "create is yes or no, not '\(value)'")
                }
                creates = value == "yes"
            case "chunksize":
                guard let rows = Int64(value), rows > 0 else {
                    throw Self.invalid(uri, "chunksize is rows for each COPY, a whole number above 0, not '\(value)'")
                }
                chunkRowsMax = rows
            default: throw Self.invalid(uri, "there is no option '\(key)'; there are chunksize, create and mode")
            }
        }
    }

    private static func invalid(_ uri: SinkURI, _ message: String) -> SinkError {
        SinkError(code: .invalidURI, target: uri.description, message: message)
    }
}
