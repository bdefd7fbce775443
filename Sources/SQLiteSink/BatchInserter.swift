import CSQLite
import CasparianSinks
import Columnar

/// Inserts batches into one table, several rows with each statement.
final class BatchInserter {
    private let connection: SQLiteConnection
    private let table: String
    private let columns: [SQLiteColumn]
    private let options: SQLiteOptions
    private var statements: [Int: SQLiteStatement] = [:]
    private let rowsPerStatement: Int
    private var scratch: UnsafeMutableBufferPointer<UInt8>

    /// With more, the time for a row no longer falls.
    private static let rowsPerStatementMax = 32

    /// - Parameters:
    ///   - connection: To the database, in a transaction.
    ///   - table: Its name.
    ///   - columns: The batches' columns, in their order, as the table has them.
    ///   - options: How values without a type of SQLite's are written.
    init(_ connection: SQLiteConnection, table: String, columns: [SQLiteColumn], options: SQLiteOptions) {
        self.connection = connection
        self.table = table
        self.columns = columns
        self.options = options
        rowsPerStatement = max(1, min(Self.rowsPerStatementMax, SQLiteLimits.variablesMax / max(1, columns.count)))
        scratch = .allocate(capacity: 1)
    }

    deinit { scratch.deallocate() }

    /// - Parameters:
    ///   - batch: Has the columns that this inserter was made for.
    ///   - rowsBefore: Rows of the topic in earlier batches, for messages.
    func insert(_ batch: PlainColumns, rowsBefore: Int64) throws(SinkError) {
        let binders = zip(batch.columns, columns).map { CellBinder($0, declared: $1.declared, options: options) }
        let scratchBytes = binders.reduce(0) { $0 + $1.scratchBytesMax }
        reserve(scratchBytes * rowsPerStatement)
        var row = 0
        while row < batch.rowCount {
            let count = min(rowsPerStatement, batch.rowCount - row)
            let statement = try statement(rows: count)
            do {
                try bind(binders, rows: row..<(row + count), to: statement.handle, scratchBytes: scratchBytes)
            } catch let refusal as CellRefusal {
                throw SinkError(
                    code: .rejected, target: connection.target,
                    message: "column '\(refusal.column)', row \(rowsBefore + Int64(refusal.row) + 1): \(refusal.reason)"
                )
            } catch let error as SinkError {
                throw error
            } catch {
                throw SinkError(code: .rejected, target: connection.target, message: "\(error)")
            }
            let code = sqlite3_step(statement.handle)
            guard code == SQLITE_DONE else { throw connection.failure(code) }
            sqlite3_reset(statement.handle)
            row += count
        }
        // Nothing of the batch is kept.
        for statement in statements.values { sqlite3_clear_bindings(statement.handle) }
    }

    private func bind(
        _ binders: [CellBinder], rows: Range<Int>, to statement: OpaquePointer, scratchBytes: Int
    ) throws {
        guard var free = scratch.baseAddress else { return }
        var index: Int32 = 1
        for row in rows {
            for binder in binders {
                let code = try binder.bind(row, to: statement, at: index, scratch: free)
                guard code == SQLITE_OK else { throw connection.failure(code) }
                free += binder.scratchBytesMax
                index += 1
            }
        }
    }

    private func statement(rows: Int) throws(SinkError) -> SQLiteStatement {
        if let made = statements[rows] { return made }
        let names = columns.map { SQLiteName.quoted($0.name) }.joined(separator: ", ")
        let row = "(" + Array(repeating: "?", count: columns.count).joined(separator: ", ") + ")"
        let rowTexts = Array(repeating: row, count: rows).joined(separator: ", ")
        let made = try SQLiteStatement(
            "INSERT INTO \(SQLiteName.quoted(table)) (\(names)) VALUES \(rowTexts)", on: connection)
        // Besides the full one, the last one's: batches of one job mostly have one length.
        if statements.count > 2 { statements = statements.filter { $0.key == rowsPerStatement } }
        statements[rows] = made
        return made
    }

    private func reserve(_ bytes: Int) {
        guard scratch.count < bytes else { return }
        scratch.deallocate()
        scratch = .allocate(capacity: bytes)
    }
}
