import CasparianModel
import CasparianSinks
import Foundation
import StagingFiles

/// Opens sinks for `sqlite://`.
public struct SQLiteSinkFactory: SinkFactory {
    public let scheme = "sqlite"
    private let outputRoot: String
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - outputRoot: Absolute; relative places and all staging lie below it.
    ///   - now: The wall clock, for the ledger.
    public init(outputRoot: String, now: @escaping @Sendable () -> Timestamp) {
        self.outputRoot = outputRoot
        self.now = now
    }

    public func open(_ request: SinkRequest) throws -> any Sink {
        SQLiteSink(
            request: request, place: try place(request), options: try SQLiteOptions(request.uri), now: now)
    }

    public func resume(_ request: SinkRequest, rows: Int64) throws -> (any Sink)? {
        let place = try place(request)
        let options = try SQLiteOptions(request.uri)
        let staging = try StagingDatabase(
            resuming: place, origin: RowOrigin(request), rows: rows, options: options)
        if staging == nil {
            let promotion = SQLitePromotion(request: request, place: place, options: options, now: now)
            guard let connection = try promotion.open(creates: false) else { return nil }
            let table = try SQLiteTable.read(place.table, on: connection)?.name ?? place.table
            let entries = try SQLiteLedger(connection: connection).entries(request, target: table)
            guard entries.contains(where: { $0.entry.origin.isSameJob(as: RowOrigin(request)) }) else { return nil }
        }
        return SQLiteSink(resuming: staging, request: request, place: place, options: options, now: now)
    }

    public func removeLeftovers() throws -> [String] {
        let folder = outputRoot + "/" + SQLitePlace.stagingFolder
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { folder + "/" + $0 }.filter { path in
            path.hasSuffix(SQLitePlace.stagingSuffix) && StagingFile.removeIfAbandoned(path)
        }
    }

    public func highestJobID(at uri: SinkURI) throws -> Int64 {
        let place = try SQLitePlace(uri: uri, job: 0, outputRoot: outputRoot)
        guard FileManager.default.fileExists(atPath: place.database) else { return 0 }
        let connection = try SQLiteConnection(path: place.database, creates: false, target: place.artifactURI)
        let table = try SQLiteTable.read(place.table, on: connection)?.name ?? place.table
        return try SQLiteLedger(connection: connection).highestJobID(target: table)
    }

    public var steps: [String] { SQLiteStep.names }

    private func place(_ request: SinkRequest) throws(SinkError) -> SQLitePlace {
        try SQLitePlace(uri: request.uri, job: request.jobID, outputRoot: outputRoot)
    }
}
