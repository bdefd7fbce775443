import CasparianSinks

/// Carries out a `TableChange` on a table with rows; every value stays what it is.
struct TableRewrite {
    let connection: SQLiteConnection
    /// `main` or an attached database's name.
    let schema: String

    /// - Throws: `SinkError` with `.incompatibleColumn` when an integer would be rounded.
    func apply(_ change: TableChange, to table: SQLiteTable) throws(SinkError) {
        let name = "\(schema).\(SQLiteName.quoted(table.name))"
        for column in change.added { try connection.execute("ALTER TABLE \(name) ADD COLUMN \(column.definition)") }
        for column in change.widened { try widen(column, of: name) }
    }

    /// SQLite cannot change a column's type, so a new one takes its place, at the end.
    private func widen(_ column: SQLiteColumn, of table: String) throws(SinkError) {
        let old = SQLiteName.quoted(column.name)
        // Texts such as NaN pass; an integer passes if the double nearest to it is it.
        let rounded = try connection.count(
            "SELECT count(*) FROM \(table) WHERE typeof(\(old)) = 'integer' AND (\(old) NOT BETWEEN ? AND ?)",
            [.int64(-(1 << 53)), .int64(1 << 53)])
        guard rounded == 0 else {
            throw SinkError(
                code: .incompatibleColumn, target: connection.target,
                message: "column '\(column.name)' is INTEGER with \(rounded) values that REAL would round; "
                    + "make the plugin yield integers or texts, or name another table")
        }
        let new = SQLiteName.quoted(column.name + "_casparian_wider")
        try connection.execute("ALTER TABLE \(table) ADD COLUMN \(new) \(column.declared)")
        try connection.execute("UPDATE \(table) SET \(new) = \(old)")
        try connection.execute("ALTER TABLE \(table) DROP COLUMN \(old)")
        try connection.execute("ALTER TABLE \(table) RENAME COLUMN \(new) TO \(old)")
    }
}
