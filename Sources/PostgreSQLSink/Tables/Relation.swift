/// What the server's catalog says about a table.
struct Relation {
    /// `pg_class.relkind`: `r` is a table, `p` a partitioned one.
    var kind: String
    var comment: String?

    var isTable: Bool { kind == "r" || kind == "p" }
}

/// One column of a table that is there.
struct TableColumn {
    var name: Identifier
    var type: SQLType
    /// Without a value the row is refused.
    var isRequired: Bool
    /// The server makes its values and takes none.
    var isGenerated: Bool
    var comment: String?

    /// The comment on a column that only nulls came to: its type is not known yet.
    static let onlyNullsComment = "casparian: only nulls until now"
    var isOnlyNulls: Bool { comment == Self.onlyNullsComment && type == .text }
}

extension Connection {
    func schemaExists(_ schema: Identifier) throws(ServerError) -> Bool {
        try query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", [schema.name]).rowCount > 0
    }

    /// Nil if nothing has that name.
    func relation(_ name: TableName) throws(ServerError) -> Relation? {
        let answer = try query(
            """
            SELECT c.relkind, pg_catalog.obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2
            """, [name.schema.name, name.table.name])
        guard answer.rowCount > 0 else { return nil }
        return Relation(kind: answer.text(0, 0) ?? "", comment: answer.text(0, 1))
    }

    /// Whether a crash of the server keeps its rows; nil if there is no such table.
    func isLogged(_ name: TableName) throws(ServerError) -> Bool? {
        let answer = try query(
            """
            SELECT c.relpersistence = 'p' FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2
            """, [name.schema.name, name.table.name])
        return answer.rowCount == 0 ? nil : answer.isTrue(0, 0)
    }

    /// In their order.
    func columns(of name: TableName) throws(ServerError) -> [TableColumn] {
        let answer = try query(
            """
            SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.attgenerated <> '' OR a.attidentity = 'a',
                pg_catalog.col_description(a.attrelid, a.attnum)
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum
            """, [name.schema.name, name.table.name])
        return (0..<answer.rowCount).map { row in
            TableColumn(
                name: Identifier(answer.text(row, 0) ?? ""), type: SQLType(formatted: answer.text(row, 1) ?? ""),
                isRequired: answer.isTrue(row, 2), isGenerated: answer.isTrue(row, 3), comment: answer.text(row, 4))
        }
    }

    /// Whether a column holds a number that a double may not be.
    func hasInexact(_ column: Identifier, in table: TableName) throws(ServerError) -> Bool {
        let name = column.quoted
        return try run(
            """
            SELECT EXISTS (SELECT 1 FROM \(table.quoted)
                WHERE \(name) NOT BETWEEN -9007199254740992 AND 9007199254740992)
            """
        ).isTrue(0, 0)
    }
}

/// Locks that sessions of this sink hold against each other; all in one database.
enum AdvisoryLock {
    case staging(TableName)
    case target(TableName)
    case ledger(Identifier)

    /// What is hashed to the lock's number.
    var key: String {
        switch self {
        case .staging(let name): "casparian staging " + name.quoted
        case .target(let name): "casparian target " + name.quoted
        case .ledger(let schema): "casparian ledger " + schema.quoted
        }
    }
}

extension Connection {
    /// Until the session ends or gives it back.
    ///
    /// - Parameter patience: How long to wait while another session holds it.
    /// - Returns: False if it still does.
    func lockForSession(_ lock: AdvisoryLock, patience: Duration) throws(ServerError) -> Bool {
        let tried = try query(
            "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0))", [lock.key])
        if tried.isTrue(0, 0) { return true }
        guard patience > .zero else { return false }
        try run("SET lock_timeout = \(max(1, patience.milliseconds))")
        defer { _ = try? run("SET lock_timeout = \(options.lockTimeout.milliseconds)") }
        do {
            try query("SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended($1, 0))", [lock.key])
            return true
        } catch {
            guard error.state == "55P03" else { throw error }
            return false
        }
    }

    func unlockForSession(_ lock: AdvisoryLock) throws(ServerError) {
        try query("SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended($1, 0))", [lock.key])
    }

    /// Until the transaction ends.
    func lockForTransaction(_ lock: AdvisoryLock) throws(ServerError) {
        try query("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))", [lock.key])
    }
}
