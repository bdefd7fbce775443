/// Drops staging tables whose lock nobody holds (`Staging` says how they are told apart).
struct StagingSweep {
    let connection: Connection

    /// Tables looked at, so that a start never takes minutes.
    static let tablesMax = 10_000

    func run() throws(ServerError) -> [String] {
        var removed: [String] = []
        var held: [TableName] = []
        for name in try candidates() {
            if let text = try removeIfFree(name, patience: .zero) { removed += text } else { held.append(name) }
        }
        // The server may not have noticed yet that the process before this one is gone.
        let deadline = ContinuousClock.now + connection.options.sweepPatience
        for name in held {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { break }
            removed += try removeIfFree(name, patience: left) ?? []
        }
        return removed
    }

    /// What was done, or nil if another session holds the lock.
    private func removeIfFree(_ name: TableName, patience: Duration) throws(ServerError) -> [String]? {
        guard try connection.lockForSession(.staging(name), patience: patience) else { return nil }
        let text = try remove(name)
        try connection.unlockForSession(.staging(name))
        return text.map { [$0] } ?? []
    }

    private func candidates() throws(ServerError) -> [TableName] {
        let answer = try connection.query(
            """
            SELECT n.nspname, c.relname
            FROM pg_catalog.pg_description d JOIN pg_catalog.pg_class c ON c.oid = d.objoid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0 AND c.relkind = 'r'
                AND d.description LIKE $1
            ORDER BY 1, 2 LIMIT $2
            """, [StagingNote.prefix + "%", String(Self.tablesMax)])
        return (0..<answer.rowCount).map { row in
            TableName(schema: Identifier(answer.text(row, 0) ?? ""), table: Identifier(answer.text(row, 1) ?? ""))
        }.filter(\.isStaging)
    }

    /// With the lock: what was promoted since it was listed has another name or no comment now.
    private func remove(_ name: TableName) throws(ServerError) -> String? {
        guard StagingNote(comment: try connection.relation(name)?.comment) != nil else { return nil }
        do {
            try connection.run("DROP TABLE \(name.quoted)")
            return "\(PostgreSQLSinkFactory.scheme)://\(name)"
        } catch {
            if error.isConnectionLost { throw error }
            return "\(PostgreSQLSinkFactory.scheme)://\(name) cannot be dropped: \(error.message)"
        }
    }
}
