import CasparianModel
import CasparianSinks

/// The step from staging to the target: rows, ledger and the removal of what they replace, in one transaction.
struct Promotion {
    let request: SinkRequest
    let target: TableName
    let creates: Bool

    /// Throws what `run` would throw now, about ledger and columns.
    func check(_ staging: Staging) throws {
        let ledger = Ledger(connection: staging.connection, target: target)
        let entries = try ledger.entries(for: request)
        guard case .promote = try request.decide(by: entries), staging.isThere else { return }
        guard let relation = try staging.connection.relation(target) else { return try checkCreation() }
        try check(relation)
        try plan(staging).checkValues(staging: staging.name, on: staging.connection)
    }

    /// Promotes.
    ///
    /// - Returns: How many rows of the job are there; 0 if there is nothing of it, now or from an earlier attempt.
    /// - Throws: `SinkError`, `ServerError`; then nothing of it is there, unless the connection is lost in its last
    ///   moment.
    func run(_ staging: Staging) throws -> Int64 {
        let connection = staging.connection
        let ledger = Ledger(connection: connection, target: target)
        guard try staging.isThere || hasPast(ledger) else { return 0 }
        let rows = try connection.transaction { () -> Int64 in
            try connection.lockForTransaction(.target(target))
            try ledger.make()
            let decision = try request.decide(by: try ledger.entries(for: request))
            PostgreSQLStep.promoting.reached()
            let rows: Int64
            switch decision {
            case .alreadyPromoted(let present):
                try dropStaging(staging)
                rows = present
            case .promote(let replaced):
                try promote(staging, replacing: replaced, ledger)
                rows = staging.rows
            }
            PostgreSQLStep.recorded.reached()
            return rows
        }
        staging.forget()
        PostgreSQLStep.committed.reached()
        return rows
    }

    /// Whether the ledger may say something of a job without rows.
    private func hasPast(_ ledger: Ledger) throws -> Bool {
        guard try ledger.exists else { return false }
        return try request.mode != .append || !ledger.entries(for: request).isEmpty
    }

    private func promote(_ staging: Staging, replacing replaced: [JobID], _ ledger: Ledger) throws {
        try remove(replaced, ledger)
        if staging.isThere { try move(staging) }
        PostgreSQLStep.inserted.reached()
        // Also without rows: an older version of the file must not come back.
        if staging.isThere || request.mode == .replace {
            try ledger.insert(RowOrigin(request), rows: staging.rows)
        }
    }

    private func remove(_ jobs: [JobID], _ ledger: Ledger) throws(ServerError) {
        guard !jobs.isEmpty else { return }
        if try ledger.connection.relation(target) != nil {
            try ledger.connection.query(
                "DELETE FROM \(target.quoted) WHERE \"_job_id\" = ANY ($1::bigint[])", [jobs.array])
        }
        try ledger.markReplaced(jobs, by: request.jobID)
    }

    private func dropStaging(_ staging: Staging) throws(ServerError) {
        if staging.isThere { try staging.connection.run("DROP TABLE IF EXISTS \(staging.name.quoted)") }
    }
}

extension Promotion {
    private func move(_ staging: Staging) throws {
        guard let isLogged = try staging.connection.isLogged(staging.name) else { throw lost(staging, 0) }
        guard let relation = try staging.connection.relation(target) else {
            return try becomeTarget(staging, isLogged: isLogged)
        }
        try check(relation)
        let plan = try plan(staging)
        try plan.checkValues(staging: staging.name, on: staging.connection)
        try plan.alter(on: staging.connection)
        let count = try staging.connection.run(
            "INSERT INTO \(target.quoted) (\(plan.names.joined(separator: ", "))) "
                + "SELECT \(plan.values.joined(separator: ", ")) FROM \(staging.name.quoted)"
        ).affected
        try check(count, of: staging)
        try dropStaging(staging)
    }

    /// There is no target yet: the staging table is it from now on.
    private func becomeTarget(_ staging: Staging, isLogged: Bool) throws {
        try checkCreation()
        try check(try staging.count(), of: staging)
        // The target was there when the job began, and somebody dropped it.
        if !isLogged { try staging.connection.run("ALTER TABLE \(staging.name.quoted) SET LOGGED") }
        try staging.connection.run(
            """
            COMMENT ON TABLE \(staging.name.quoted) IS NULL;
            ALTER TABLE \(staging.name.quoted) RENAME TO \(target.table.quoted)
            """)
    }

    private func check(_ count: Int64, of staging: Staging) throws(SinkError) {
        guard count == staging.rows else { throw lost(staging, count) }
    }

    private func lost(_ staging: Staging, _ count: Int64) -> SinkError {
        SinkError(
            code: .rejected, target: request.uri.description,
            message:
                "the staging table \(staging.name) holds \(count) rows and \(staging.rows) were staged: the server "
                + "lost them, or somebody changed it; the job has to run again", isTransient: true)
    }

    private func checkCreation() throws(SinkError) {
        if creates { return }
        throw SinkError(
            code: .rejected, target: request.uri.description,
            message: "the table \(target) does not exist, and create=no; create it or leave out that option")
    }

    private func check(_ relation: Relation) throws(SinkError) {
        if relation.isTable { return }
        throw SinkError(
            code: .rejected, target: request.uri.description,
            message: "\(target) is no table but another kind of relation ('\(relation.kind)'); name a table")
    }

    private func plan(_ staging: Staging) throws -> TargetPlan {
        try TargetPlan(
            staging.columns, into: try staging.connection.columns(of: target), of: target, for: request)
    }
}
