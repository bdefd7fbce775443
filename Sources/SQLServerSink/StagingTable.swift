import CFreeTDS
import CasparianModel
import CasparianSinks
import Columnar

/// A job's rows in a table of their own beside the target, under an application lock for as long as the sink lives.
///
/// An extended property says that the table is one of ours, so that nothing else is ever dropped.
final class StagingTable {
    let place: SQLServerPlace
    let connection: SQLServerConnection
    let context: SinkContext
    private let chunkRows: Int
    private(set) var columns: [StagedColumn]
    private(set) var rows: Int64 = 0
    private var rowsTaken: Int64 = 0
    private var isCopying = false
    private var rowsInChunk = 0

    static let property = "casparian_staging"

    /// Locks the place, makes what an earlier attempt left there go, and makes the table.
    init(
        _ place: SQLServerPlace, columns: [StagedColumn], origin: RowOrigin, chunkRows: Int,
        connection: SQLServerConnection, context: SinkContext
    ) throws(SinkError) {
        self.place = place
        self.columns = columns
        self.connection = connection
        self.context = context
        self.chunkRows = chunkRows
        guard try StagingLock.take(place, on: connection, waitMilliseconds: StagingLock.waitForAttempt) else {
            throw context.error(
                .unreachable, "another attempt of this job still holds \(place.text); try again when it has ended",
                isBusy: true)
        }
        do {
            try make(origin)
        } catch {
            StagingLock.release(place, on: connection)
            throw error
        }
    }

    /// On what an earlier process prepared, which is locked now.
    init(
        resuming place: SQLServerPlace, columns: [StagedColumn], rows: Int64, connection: SQLServerConnection,
        context: SinkContext
    ) {
        self.place = place
        self.columns = columns
        self.rows = rows
        self.connection = connection
        self.context = context
        chunkRows = SQLServerURIOptions().chunkRows
    }

    deinit {
        abandonCopy()
        StagingLock.release(place, on: connection)
    }

    /// Ends a copy whose rows nobody wants any more; in the middle of one nothing else can be said.
    private func abandonCopy() {
        guard isCopying, !connection.isDead else { return }
        isCopying = false
        var error = cf_error()
        if cf_bulk_end(connection.handle, &error) < 0 { connection.close() }
    }

    private var definitions: String { columns.map(\.definition).joined(separator: ", ") }
    /// For a new target: a column that came later is not behind the lineage columns there.
    var targetDefinitions: String {
        let parts = [columns.filter(\.isNullable), columns.filter { !$0.isNullable }]
        return parts.joined().map(\.definition).joined(separator: ", ")
    }

    private func make(_ origin: RowOrigin) throws(SinkError) {
        if try TargetTable.read(place, on: connection) != nil {
            guard try StagingMark.read(place, on: connection) != nil else {
                throw context.error(
                    .rejected,
                    "there is a table \(place.text) that this program did not make, where rows are staged; "
                        + "rename it")
            }
            try connection.run("DROP TABLE \(place.quoted)")
        }
        let mark = StagingMark(origin: origin, prepared: nil)
        do {
            try connection.run(
                "BEGIN TRANSACTION; CREATE TABLE \(place.quoted) (\(definitions)); \(mark.adding(to: place)); "
                    + "COMMIT TRANSACTION")
        } catch  where error.code == .incompatibleColumn {
            guard let pair = columns.differingInCase else { throw error }
            throw context.error(
                .incompatibleColumn,
                "columns '\(pair.0)' and '\(pair.1)' differ in case only, and this database does not tell them apart; "
                    + "rename one of them (\(error.message))")
        }
    }

    /// Adds a batch that has exactly the staged columns.
    func insert(_ batch: PlainColumns) throws(SinkError) {
        var writers = try writers(for: batch)
        defer { note(writers) }
        for row in 0..<batch.rowCount {
            if !isCopying { try begin() }
            for index in writers.indices {
                do {
                    try writers[index].put(row, to: connection.handle)
                } catch {
                    throw refusal(error, writers[index].column.name, row)
                }
            }
            var error = cf_error()
            guard cf_bulk_send(connection.handle, &error) else {
                // Part of a row may be on its way: nothing else can be said on this connection.
                connection.close()
                throw connection.failure(error)
            }
            rowsInChunk += 1
            if rowsInChunk >= chunkRows { try endChunk() }
        }
        rows += Int64(batch.rowCount)
    }

    /// One for each staged column, in their order.
    private func writers(for batch: PlainColumns) throws(SinkError) -> [CellWriter] {
        let present = Dictionary(batch.columns.map { ($0.name, $0) }) { first, _ in first }
        var writers: [CellWriter] = []
        for (index, staged) in columns.enumerated() {
            guard let column = present[staged.name] else {
                preconditionFailure("batches have the staged columns")
            }
            do {
                writers.append(try CellWriter(column, index: Int32(index), staged: staged))
            } catch {
                throw refusal(error, column.name, 0)
            }
        }
        return writers
    }

    private func refusal(_ error: CellRefusal, _ column: String, _ row: Int) -> SinkError {
        context.error(.rejected, "column '\(column)', row \(rows + Int64(row) + 1): \(error.reason)")
    }

    private func note(_ writers: [CellWriter]) {
        for (index, writer) in writers.enumerated() { columns[index].note(writer.findings) }
    }

    private func begin() throws(SinkError) {
        let bindings = columns.map { CellWriter.binding($0.type) }
        var error = cf_error()
        guard
            cf_bulk_begin(
                connection.handle, place.quoted, bindings.map(\.kind), bindings.map(\.scale), Int32(bindings.count),
                &error)
        else { throw connection.failure(error) }
        isCopying = true
        rowsInChunk = 0
    }

    private func endChunk() throws(SinkError) {
        var error = cf_error()
        let count = cf_bulk_batch(connection.handle, &error)
        guard count >= 0 else { throw connection.failure(error) }
        rowsTaken += count
        rowsInChunk = 0
    }

    /// Sends what is not sent yet; the connection is free for statements then.
    private func end() throws(SinkError) {
        guard isCopying else { return }
        isCopying = false
        var error = cf_error()
        let count = cf_bulk_end(connection.handle, &error)
        guard count >= 0 else { throw connection.failure(error) }
        rowsTaken += count
    }

    /// Gives the table columns that hold more; what is in it stays as it is, or it is an error.
    func change(to wanted: [StagedColumn]) throws(SinkError) {
        try end()
        for column in wanted {
            if let index = columns.firstIndex(where: { $0.name == column.name }) {
                try widen(&columns[index], to: column)
            } else {
                // Bulk copy goes by position, and a new column is the table's last.
                try connection.run("ALTER TABLE \(place.quoted) ADD \(column.definition)")
                columns.append(column)
            }
        }
    }

    private func widen(_ there: inout StagedColumn, to column: StagedColumn) throws(SinkError) {
        if case .float = column.need, case .integer = there.need, !there.isExactFloat {
            throw context.error(
                .incompatibleColumn,
                "column '\(column.name)' has whole numbers (\(there.arrow)) that would be rounded, "
                    + "since it has fractions (\(column.arrow)) further on; publish all as decimal or text")
        }
        if column.type == .bigint, !there.isExactBigint {
            throw context.error(
                .incompatibleColumn,
                "column '\(column.name)' has numbers (\(there.arrow)) that are more than "
                    + "\(column.arrow) holds, which it is further on; publish all as decimal or text")
        }
        if there.type != column.type {
            try connection.run(
                "ALTER TABLE \(place.quoted) ALTER COLUMN \(SQLServerName.quoted(column.name)) \(column.type.text) "
                    + (column.isNullable ? "NULL" : "NOT NULL"))
        }
        there.need = there.need.joined(with: column.need)
        there.type = column.type
        there.arrow = column.arrow
    }

    /// Ends sending, and makes sure that the server has every row.
    func finish(_ origin: RowOrigin) throws(SinkError) {
        try end()
        let count = try connection.number("SELECT COUNT_BIG(*) FROM \(place.quoted)")
        guard rowsTaken == rows, count == rows else {
            throw context.error(
                .unreachable,
                "\(rows) rows were sent, the server says that it took \(rowsTaken), and \(count) are staged; "
                    + "try again", isTransient: true)
        }
        let mark = StagingMark(origin: origin, prepared: (rows, columns))
        if let statement = mark.updating(place) { try connection.run(statement) }
    }

    /// The same on another connection, after this one's broke; nil if the table is gone.
    func moved(to fresh: SQLServerConnection, origin: RowOrigin) throws(SinkError) -> StagingTable? {
        try Self.resume(place, origin: origin, rows: rows, columns: columns, on: fresh, context: context)
    }

    /// What is whole at a place, locked; nil if there is nothing that is this job's and has that many rows.
    ///
    /// - Parameters:
    ///   - place: The staging table.
    ///   - origin: The job's.
    ///   - rows: As many it had prepared.
    ///   - columns: What is known of them; nil takes what the table's mark says.
    ///   - connection: Gets the lock.
    ///   - context: For messages.
    static func resume(
        _ place: SQLServerPlace, origin: RowOrigin, rows: Int64, columns: [StagedColumn]?,
        on connection: SQLServerConnection, context: SinkContext
    ) throws(SinkError) -> StagingTable? {
        guard try StagingLock.take(place, on: connection, waitMilliseconds: StagingLock.waitForAttempt) else {
            return nil
        }
        if let table = try TargetTable.read(place, on: connection),
            let mark = try StagingMark.read(place, on: connection), mark.isOf(origin),
            let columns = columns ?? (mark.rows == rows ? mark.columns(of: table) : nil),
            try connection.number("SELECT COUNT_BIG(*) FROM \(place.quoted)") == rows
        {
            return StagingTable(
                resuming: place, columns: columns, rows: rows, connection: connection, context: context)
        }
        StagingLock.release(place, on: connection)
        return nil
    }

    /// Drops the table; what cannot be dropped is left for the next start.
    func remove() {
        abandonCopy()
        if connection.isDead {
            guard let fresh = try? SQLServerConnection(connection.options, target: connection.target),
                (try? StagingLock.take(place, on: fresh, waitMilliseconds: StagingLock.waitForAttempt)) == true
            else { return }
            drop(on: fresh)
            StagingLock.release(place, on: fresh)
        } else {
            drop(on: connection)
        }
    }

    private func drop(on connection: SQLServerConnection) {
        try? connection.run("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")
        try? connection.run("DROP TABLE IF EXISTS \(place.quoted)")
    }
}
