import CasparianModel
import CasparianSinks
import Columnar

/// A job's staging table, and the lock that tells other sessions that its job lives.
///
/// The lock is the session's: PostgreSQL drops it with the connection, whatever ends that.
final class Staging {
    private(set) var connection: Connection
    let request: SinkRequest
    let target: TableName
    let name: TableName
    private var isLocked = false
    /// The table is there, and this session's.
    private(set) var isThere = false
    /// The transaction that makes it is open, up to the end of the first COPY: in a table that nobody else has seen yet
    /// rows are written as frozen, so that nobody has to touch them again for it.
    private var isMaking = false
    private(set) var columns: [StagedColumn] = []
    private(set) var rows: Int64 = 0
    private var buffer: CopyBuffer?
    /// Rows put into the COPY that is open.
    private var rowsPut: Int64 = 0

    init(connection: Connection, request: SinkRequest, target: TableName) {
        self.connection = connection
        self.request = request
        self.target = target
        name = target.staging(of: request.jobID)
    }

    /// Makes the table anew.
    func make(_ columns: [StagedColumn], creates: Bool) throws {
        try lock()
        if try !connection.schemaExists(target.schema) {
            guard creates else { throw failure("the schema \(target.schema) does not exist, and create=no") }
            try makeSchema()
        }
        if let present = try connection.relation(name), StagingNote(comment: present.comment) == nil {
            throw failure("a table \(name) is there that no job staged in; rename it")
        }
        // A crash of the server empties an unlogged table; one that is to become the target must not be.
        let isLogged = try connection.relation(target) == nil
        let note = try connection.literal(try StagingNote(origin: RowOrigin(request)).text())
        let definitions = columns.map(\.definition).joined(separator: ", ")
        try connection.run("BEGIN ISOLATION LEVEL READ COMMITTED")
        isMaking = true
        // Nobody has to wait for the disk: the promotion's own COMMIT brings it all there, and what a crash of the server
        // takes before that is noticed by its count.
        try connection.run(
            """
            SET LOCAL synchronous_commit = off;
            DROP TABLE IF EXISTS \(name.quoted);
            CREATE \(isLogged ? "" : "UNLOGGED ")TABLE \(name.quoted) (\(definitions));
            COMMENT ON TABLE \(name.quoted) IS \(note)
            """)
        isThere = true
        self.columns = columns
        PostgreSQLStep.staged.reached()
    }

    private func makeSchema() throws(ServerError) {
        do {
            try connection.run("CREATE SCHEMA IF NOT EXISTS \(target.schema.quoted)")
        } catch {
            // Two sessions that make it at once: one of them is told that it is there.
            let isThere = try connection.schemaExists(target.schema)
            guard error.isRetryable, isThere else { throw error }
        }
    }

    /// Goes on in another session, after the first one was lost.
    func move(to connection: Connection) throws {
        self.connection = connection
        isLocked = false
        if isThere { try lock() }
    }

    private func lock() throws {
        guard !isLocked else { return }
        guard try connection.lockForSession(.staging(name), patience: connection.options.stagingPatience) else {
            throw SinkError(
                code: .rejected, target: request.uri.description,
                message:
                    "the staging table \(name) is in use: two topics of the job go to one table, or another worker "
                    + "runs the same job", isBusy: true)
        }
        isLocked = true
    }

    /// Takes over the table that a process which is gone had prepared; false if it is not whole.
    func takeOver(rows: Int64) throws -> Bool {
        try lock()
        guard let note = StagingNote(comment: try connection.relation(name)?.comment), note.rows == rows,
            note.origin.isSameJob(as: RowOrigin(request)), try count() == rows
        else { return false }
        columns = try connection.columns(of: name).map {
            StagedColumn(name: $0.name, type: $0.type, isOnlyNulls: $0.isOnlyNulls)
        }
        self.rows = rows
        isThere = true
        return true
    }

    /// What the table holds.
    func count() throws(ServerError) -> Int64 {
        try connection.run("SELECT count(*) FROM \(name.quoted)").int64(0, 0) ?? 0
    }

    /// Writes rows of the table's columns.
    func write(_ plain: PlainColumns) throws {
        let buffer = try openBuffer()
        do {
            try RowEncoder(plain, rowBytesMax: connection.options.rowBytesMax).write(to: buffer)
        } catch let cell as UnholdableCell {
            throw failure("column '\(cell.column)', row \(rows + rowsPut + Int64(cell.row) + 1): \(cell.reason)")
        }
        rowsPut += Int64(plain.rowCount)
    }

    private func openBuffer() throws -> CopyBuffer {
        if let buffer { return buffer }
        let list = columns.map(\.name.quoted).joined(separator: ", ")
        let options = "FORMAT binary" + (isMaking ? ", FREEZE" : "")
        try connection.beginCopy("COPY \(name.quoted) (\(list)) FROM STDIN (\(options))")
        let connection = connection
        let made = CopyBuffer { bytes throws(ServerError) in try connection.put(bytes) }
        made.putHeader()
        buffer = made
        return made
    }

    /// How many rows wait for the COPY's end.
    var rowsWaiting: Int64 { rowsPut }

    /// Ends the COPY, so that what was written is there.
    func endCopy() throws {
        try takeCopy()
        try endMaking()
    }

    private func endMaking() throws(ServerError) {
        if isMaking { try connection.run("COMMIT") }
        isMaking = false
    }

    private func takeCopy() throws {
        guard let buffer else { return }
        self.buffer = nil
        try buffer.putTrailer()
        let count = try connection.endCopy()
        guard count == rowsPut else { throw failure("the server took \(count) rows of \(rowsPut)", isTransient: true) }
        rows += count
        rowsPut = 0
    }

    /// Makes room for wider columns; what is there keeps its values.
    func widen(to wider: [StagedColumn]) throws {
        try endCopy()
        for column in wider {
            guard let present = columns.first(where: { $0.name == column.name }) else {
                try connection.run("ALTER TABLE \(name.quoted) ADD COLUMN \(column.definition)")
                continue
            }
            guard present.type != column.type else { continue }
            if column.type == .double, present.type != .real, !present.isOnlyNulls,
                try connection.hasInexact(column.name, in: name)
            {
                throw SinkError(
                    code: .incompatibleColumn, target: request.uri.description,
                    message: "topic '\(request.topic)' of \(request.filePath): column '\(column.name)' was "
                        + "\(present.type.sql) and is now \(column.type.sql), which does not hold every number that was "
                        + "there; make the plugin yield one type")
            }
            let value = present.isOnlyNulls ? " USING NULL::\(column.type.sql)" : ""
            try connection.run(
                "ALTER TABLE \(name.quoted) ALTER COLUMN \(column.name.quoted) TYPE \(column.type.sql)\(value)")
        }
        columns = wider
    }

    /// Notes on the table that all rows are there.
    func seal() throws {
        try takeCopy()
        for column in columns where column.isOnlyNulls {
            try connection.run(
                "COMMENT ON COLUMN \(name.quoted).\(column.name.quoted) IS '\(TableColumn.onlyNullsComment)'")
        }
        let note = StagingNote(origin: RowOrigin(request), rows: rows)
        try connection.run("COMMENT ON TABLE \(name.quoted) IS \(try connection.literal(try note.text()))")
        try endMaking()
    }

    /// The table is gone, or the target now.
    func forget() {
        isThere = false
        columns = []
        rows = 0
    }

    /// Drops the table; what cannot be dropped is left for the next start.
    func remove() {
        buffer = nil
        rowsPut = 0
        connection.abortCopy()
        if isMaking, connection.isAlive { _ = try? connection.run("ROLLBACK") }
        isMaking = false
        if isThere, connection.isAlive { _ = try? connection.run("DROP TABLE IF EXISTS \(name.quoted)") }
        forget()
    }

    /// Gives the lock back.
    func unlock() {
        if isLocked, connection.isAlive { try? connection.unlockForSession(.staging(name)) }
        isLocked = false
    }

    private func failure(_ message: String, isTransient: Bool = false) -> SinkError {
        SinkError(
            code: .rejected, target: request.uri.description,
            message: "topic '\(request.topic)' of \(request.filePath): \(message)", isTransient: isTransient)
    }
}
