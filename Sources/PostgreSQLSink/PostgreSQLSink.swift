import CasparianModel
import CasparianSinks
import Columnar
import Foundation

/// One topic of one job into one table: staged in a table beside it, then promoted in one transaction.
final class PostgreSQLSink: Sink {
    private let request: SinkRequest
    private let target: TableName
    private let promotion: Promotion
    private let sessions: Sessions
    private let chunkRowsMax: Int64
    private let staging: Staging
    private var schema = StagedSchema()
    private enum State { case open, promoted(Artifact?) }
    private var state = State.open

    /// Times a promotion that others were in the way of, or whose connection broke, is begun anew.
    static let promotionTriesMax = 5
    static let retryPauseMicroseconds: UInt32 = 50_000

    init(
        request: SinkRequest, place: Place, sessions: Sessions, connection: Connection
    ) {
        self.request = request
        target = place.table
        chunkRowsMax = place.chunkRowsMax
        promotion = Promotion(request: request, target: place.table, creates: place.creates)
        self.sessions = sessions
        staging = Staging(connection: connection, request: request, target: place.table)
    }

    func write(_ batch: RecordBatch) throws {
        guard batch.rowCount > 0 else { return }
        try translated("staging") {
            switch try schema.step(for: batch.schema) {
            case .same: try write(try batch.plainColumns())
            case .cast(let target): try write(try batch.conforming(to: target).plainColumns())
            case .begin:
                let plain = try batch.plainColumns()
                try staging.make(try StagedColumn.all(of: plain, for: request), creates: promotion.creates)
                try write(plain)
            case .widen(let target):
                let plain = try batch.conforming(to: target).plainColumns()
                try staging.widen(to: try StagedColumn.all(of: plain, for: request))
                try write(plain)
            }
        }
    }

    private func write(_ plain: PlainColumns) throws {
        try staging.write(plain)
        if staging.rowsWaiting >= chunkRowsMax { try staging.endCopy() }
    }

    func reset() throws {
        staging.remove()
        schema.reset()
    }

    func prepare() throws {
        try translated("preparing") {
            if staging.isThere { try staging.seal() }
            try promotion.check(staging)
        }
        PostgreSQLStep.prepared.reached()
    }

    func commit() throws -> Artifact? {
        if case .promoted(let artifact) = state { return artifact }
        let rows = try translated("promoting") { try promote() }
        let uri = "\(PostgreSQLSinkFactory.scheme)://\(target)"
        let artifact = rows == 0 ? nil : Artifact(topic: request.topic, uri: uri, rows: rows)
        state = .promoted(artifact)
        release()
        PostgreSQLStep.cleaned.reached()
        return artifact
    }

    /// Tries again while that may help. A lost connection hides how its transaction ended: the next try finds out from
    /// the ledger, behind the lock that the lost session holds as long as its transaction lives.
    private func promote() throws -> Int64 {
        var tries = 1
        while true {
            do {
                return try promotion.run(staging)
            } catch let error as ServerError {
                guard tries < Self.promotionTriesMax else { throw error }
                if !staging.connection.isAlive || error.isConnectionLost {
                    try staging.move(to: try sessions.reconnect())
                } else if error.isRetryable {
                    usleep(Self.retryPauseMicroseconds * UInt32(tries))
                } else {
                    throw error
                }
                tries += 1
            }
        }
    }

    func discard() {
        if case .promoted = state { return }
        staging.connection.tidy {
            staging.remove()
            release()
        }
        state = .promoted(nil)
    }

    private func release() {
        staging.unlock()
        sessions.giveBack(staging.connection)
    }

    /// Takes over what an earlier process prepared; false if it is not whole.
    func takeOver(rows: Int64) throws -> Bool {
        try translated("resuming") {
            if try Ledger(connection: staging.connection, target: target).isPromoted(request) { return true }
            return try rows > 0 && staging.takeOver(rows: rows)
        }
    }

    private func translated<Result>(_ doing: String, _ body: () throws -> Result) throws(SinkError) -> Result {
        do {
            return try body()
        } catch let error as SinkError {
            throw error
        } catch let error as ServerError {
            throw error.sinkError(target: request.uri.description, doing: doing)
        } catch let error as ColumnarError {
            throw SinkError(columnar: error, request: request)
        } catch {
            throw SinkError(code: .rejected, target: request.uri.description, message: "\(doing): \(error)")
        }
    }
}
