import CasparianModel
import CasparianSinks

/// The step from a job's staging table into its target: one transaction with the ledger's entry.
struct SQLServerPromotion {
    let request: SinkRequest
    let place: SQLServerPlace
    let options: SQLServerURIOptions
    let context: SinkContext
    let now: @Sendable () -> Timestamp

    /// How long a promotion waits for others into the same table.
    private static let ledgerWaitMilliseconds = 600_000

    /// Makes the schema if it is not there.
    func makeSchema(on connection: SQLServerConnection) throws(SinkError) {
        guard try !hasSchema(connection) else { return }
        try checkCreates("the schema '\(place.schema)'")
        do {
            try connection.run("CREATE SCHEMA \(SQLServerName.quoted(place.schema))")
        } catch {
            guard try hasSchema(connection) else { throw error }
        }
    }

    private func hasSchema(_ connection: SQLServerConnection) throws(SinkError) -> Bool {
        try connection.query("SELECT SCHEMA_ID(\(SQLServerName.literal(place.schema)))").first?.first.flatMap(\.self)
            != nil
    }

    /// Throws what `run` would throw about the target now; makes the ledger.
    func check(_ staged: StagingTable?, on connection: SQLServerConnection) throws(SinkError) {
        let table = try TargetTable.read(place, on: connection)
        if table == nil, staged != nil { try checkCreates("the table '\(place.text)'") }
        let ledger = SQLServerLedger(connection: connection, place: place)
        _ = try request.decide(by: ledger.entries(request, target: (table?.place ?? place).text))
        if let staged {
            if let table { _ = try change(table, staged, on: connection) }
            try ledger.make()
        }
    }

    /// Promotes, and removes what the mode says.
    ///
    /// - Parameters:
    ///   - staged: What is whole; nil if nothing is.
    ///   - isExpected: Whether something was staged: then it is an error if it is gone and was not promoted.
    ///   - connection: Outside of a transaction.
    /// - Returns: What is there; nil if nothing was staged, now or by an earlier attempt.
    func run(
        _ staged: StagingTable?, isExpected: Bool, on connection: SQLServerConnection
    ) throws(SinkError) -> Artifact? {
        try connection.run("BEGIN TRANSACTION")
        let artifact: Artifact?
        do throws(SinkError) {
            guard
                try StagingLock.takeLedger(place, on: connection, waitMilliseconds: Self.ledgerWaitMilliseconds)
            else {
                throw context.error(
                    .unreachable,
                    "others promoted into \(place.text) for \(Self.ledgerWaitMilliseconds / 1000) s; try "
                        + "again", isTransient: true)
            }
            SQLServerStep.promoting.reached()
            artifact = try promote(staged, isExpected: isExpected, on: connection)
            SQLServerStep.entered.reached()
        } catch {
            if !connection.isDead { try? connection.run("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION") }
            throw error
        }
        try connection.run("COMMIT TRANSACTION")
        SQLServerStep.committed.reached()
        return artifact
    }

    private func promote(
        _ staged: StagingTable?, isExpected: Bool, on connection: SQLServerConnection
    ) throws(SinkError) -> Artifact? {
        let ledger = SQLServerLedger(connection: connection, place: place)
        let table = try TargetTable.read(place, on: connection)
        let target = table?.place ?? place
        switch try request.decide(by: ledger.entries(request, target: target.text)) {
        case .alreadyPromoted(let rows): return artifact(target, rows)
        case .promote(let replaced):
            if let table { try delete(replaced, from: table, ledger, on: connection) }
        }
        guard let staged else {
            guard !isExpected else {
                throw context.error(
                    .unreachable, "what was staged for \(place.text) is gone; try again", isTransient: true)
            }
            return nil
        }
        try insert(staged, into: table, on: connection)
        SQLServerStep.inserted.reached()
        try ledger.insert(
            LedgerEntry(target: target.text, origin: RowOrigin(request), rows: staged.rows, promotedAt: now()))
        return artifact(target, staged.rows)
    }

    private func artifact(_ target: SQLServerPlace, _ rows: Int64) -> Artifact {
        Artifact(topic: request.topic, uri: target.artifactURI, rows: rows)
    }

    /// Copies the rows by name.
    private func insert(
        _ staged: StagingTable, into table: TargetTable?, on connection: SQLServerConnection
    ) throws(SinkError) {
        var pairs = staged.columns.map { (target: $0.name, staged: $0.name) }
        if let table {
            let change = try change(table, staged, on: connection)
            try change.apply(to: table.place, on: connection)
            pairs = change.pairs
        } else {
            try checkCreates("the table '\(place.text)'")
            try connection.run("CREATE TABLE \(place.quoted) (\(staged.targetDefinitions))")
        }
        let columns = pairs.map { SQLServerName.quoted($0.target) }.joined(separator: ", ")
        let sources = pairs.map { SQLServerName.quoted($0.staged) }.joined(separator: ", ")
        let inserted = try connection.number(
            """
            INSERT INTO \((table?.place ?? place).quoted) (\(columns)) SELECT \(sources) FROM \(staged.place.quoted);
            SELECT ROWCOUNT_BIG()
            """)
        guard inserted == staged.rows else {
            throw context.error(
                .rejected,
                "\(place.text) took \(inserted) of \(staged.rows) rows, and nothing was promoted; a trigger may "
                    + "drop rows")
        }
    }

    private func delete(
        _ jobs: [JobID], from table: TargetTable, _ ledger: SQLServerLedger, on connection: SQLServerConnection
    ) throws(SinkError) {
        guard !jobs.isEmpty else { return }
        try connection.run("DELETE FROM \(table.place.quoted) WHERE [_job_id] IN (\(jobs.list))")
        try ledger.mark(jobs, of: table.place.text, replacedBy: request.jobID)
    }

    private func change(
        _ table: TargetTable, _ staged: StagingTable, on connection: SQLServerConnection
    ) throws(SinkError) -> TableChange {
        let isCaseSensitive = try connection.number("SELECT CASE WHEN N'a' = N'A' THEN 0 ELSE 1 END") == 1
        return try TableChange(table, staged.columns, isCaseSensitive: isCaseSensitive, context: context)
    }

    private func checkCreates(_ what: String) throws(SinkError) {
        guard !options.creates else { return }
        throw context.error(
            .rejected, "\(what) is not there and create=no forbids to make it; make it, or drop the option")
    }
}
