import CasparianModel
import CasparianSinks

/// Opens sinks for `mssql://` on one server.
public struct SQLServerSinkFactory: SinkFactory {
    public let scheme = "mssql"
    private let server: SQLServerOptions
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - server: Which one, and as whom.
    ///   - now: The wall clock, for the ledger.
    public init(_ server: SQLServerOptions, now: @escaping @Sendable () -> Timestamp) {
        self.server = server
        self.now = now
    }

    public func open(_ request: SinkRequest) throws -> any Sink {
        let promotion = try promotion(request)
        return SQLServerSink(promotion, connection: try connect(promotion.place))
    }

    public func resume(_ request: SinkRequest, rows: Int64) throws -> (any Sink)? {
        let promotion = try promotion(request)
        let place = promotion.place
        let connection = try connect(place)
        let staging = try StagingTable.resume(
            place.staging(request.jobID), origin: RowOrigin(request), rows: rows, columns: nil, on: connection,
            context: promotion.context)
        if staging == nil {
            let target = try TargetTable.read(place, on: connection)?.place ?? place
            let entries = try SQLServerLedger(connection: connection, place: place).entries(
                request, target: target.text)
            guard entries.contains(where: { $0.origin.isSameJob(as: RowOrigin(request)) }) else { return nil }
        }
        return SQLServerSink(promotion, resuming: staging, connection: connection)
    }

    public func removeLeftovers() throws -> [String] {
        let connection = try SQLServerConnection(server, target: scheme + "://")
        var removed: [String] = []
        for place in try StagingMark.places(on: connection) {
            do {
                if try remove(place, on: connection) { removed.append(place.artifactURI) }
            } catch {
                guard !connection.isDead else { throw error }
                removed.append("not removed: \(error)")
            }
        }
        return removed
    }

    /// Whether it was nobody's and is gone now.
    private func remove(_ place: SQLServerPlace, on connection: SQLServerConnection) throws(SinkError) -> Bool {
        guard try StagingLock.take(place, on: connection, waitMilliseconds: StagingLock.waitForSweep) else {
            return false
        }
        defer { StagingLock.release(place, on: connection) }
        // It may have ended by itself since it was listed, and another of that name would not have its mark.
        guard try StagingMark.read(place, on: connection) != nil else { return false }
        try connection.run("DROP TABLE \(place.quoted)")
        return true
    }

    public func highestJobID(at uri: SinkURI) throws -> Int64 {
        let place = try SQLServerPlace(uri: uri)
        let connection = try connect(place)
        let target = try TargetTable.read(place, on: connection)?.place ?? place
        return try SQLServerLedger(connection: connection, place: place).highestJobID(target: target.text)
    }

    public var steps: [String] { SQLServerStep.names }

    private func promotion(_ request: SinkRequest) throws(SinkError) -> SQLServerPromotion {
        let place = try SQLServerPlace(uri: request.uri)
        return SQLServerPromotion(
            request: request, place: place, options: try SQLServerURIOptions(request.uri),
            context: SinkContext(target: place.artifactURI, topic: request.topic, file: request.filePath), now: now)
    }

    private func connect(_ place: SQLServerPlace) throws(SinkError) -> SQLServerConnection {
        try SQLServerConnection(server, target: place.artifactURI)
    }
}
