import CasparianModel
import CasparianSinks
import Columnar

/// One topic of one job as rows of one table of SQL Server.
final class SQLServerSink: Sink {
    private let request: SinkRequest
    private let options: SQLServerURIOptions
    private let promotion: SQLServerPromotion
    private var connection: SQLServerConnection
    private var staging: StagingTable?
    private var schema = StagedSchema()
    /// Whether rows were staged, also if they are gone since.
    private var hasRows: Bool
    private var promoted: Artifact?
    private var isPromoted = false

    /// How often a commit is begun anew after a deadlock or on another connection.
    private static let commitsMax = 4

    init(
        _ promotion: SQLServerPromotion, resuming staging: StagingTable? = nil, connection: SQLServerConnection
    ) {
        self.promotion = promotion
        self.staging = staging
        hasRows = staging != nil
        self.connection = connection
        request = promotion.request
        options = promotion.options
    }

    func write(_ batch: RecordBatch) throws {
        guard batch.rowCount > 0 else { return }
        do {
            switch try schema.step(for: batch.schema) {
            case .same: try staging?.insert(batch.plainColumns())
            case .begin:
                let cells = try batch.plainColumns()
                try begin(cells)
                try staging?.insert(cells)
                SQLServerStep.staged.reached()
            case .cast(let target): try staging?.insert(batch.conforming(to: target).plainColumns())
            case .widen(let target):
                let cells = try batch.conforming(to: target).plainColumns()
                try staging?.change(to: columns(cells))
                SQLServerStep.widened.reached()
                try staging?.insert(cells)
            }
        } catch let error as ColumnarError {
            throw SinkError(columnar: error, request: request)
        }
    }

    func reset() throws {
        discard()
        schema.reset()
    }

    func prepare() throws {
        if hasRows {
            guard let staging, !connection.isDead else {
                throw promotion.context.error(
                    .unreachable, "the connection broke before all rows were staged; try again", isTransient: true)
            }
            try staging.finish(RowOrigin(request))
        }
        try reconnectIfNeeded()
        try promotion.check(staging, on: connection)
        SQLServerStep.prepared.reached()
    }

    func commit() throws -> Artifact? {
        if isPromoted { return promoted }
        for attempt in 1... {
            do {
                try reconnectIfNeeded()
                promoted = try promotion.run(staging, isExpected: hasRows, on: connection)
                break
            } catch {
                // Where the connection broke at COMMIT nobody knows what came of it: the ledger does, and the next
                // attempt asks it, once the server has ended the broken session and given its lock back.
                let mayPass = connection.isDead || connection.lastNumber == SinkError.Number.deadlock
                guard mayPass, attempt < Self.commitsMax else { throw error }
            }
        }
        isPromoted = true
        staging?.remove()
        staging = nil
        SQLServerStep.cleaned.reached()
        return promoted
    }

    func discard() {
        staging?.remove()
        staging = nil
        hasRows = false
    }

    private func begin(_ cells: PlainColumns) throws {
        try reconnectIfNeeded()
        let columns = try columns(cells)
        try promotion.makeSchema(on: connection)
        staging = try StagingTable(
            promotion.place.staging(request.jobID), columns: columns, origin: RowOrigin(request),
            chunkRows: options.chunkRows, connection: connection, context: promotion.context)
        hasRows = true
        SQLServerStep.created.reached()
    }

    private func columns(_ cells: PlainColumns) throws(SinkError) -> [StagedColumn] {
        try StagedColumn.columns(of: cells, textUnits: options.textUnits, context: promotion.context)
    }

    /// A broken connection is replaced, and takes what is staged along if all of it is there.
    private func reconnectIfNeeded() throws {
        guard connection.isDead else { return }
        let fresh = try SQLServerConnection(connection.options, target: connection.target)
        staging = try staging?.moved(to: fresh, origin: RowOrigin(request))
        connection = fresh
    }
}
