import CasparianSinks
import Columnar

/// The columns of a table as they are in a database.
struct SQLiteTable: Equatable {
    let name: String
    var columns: [SQLiteColumn]
    /// It has columns that `SELECT *` does not show.
    var hasHiddenColumns = false

    /// Nil if there is no such table.
    ///
    /// - Throws: `SinkError` for a view or a virtual table.
    static func read(_ name: String, schema: String = "main", on connection: SQLiteConnection) throws(SinkError)
        -> Self?
    {
        let found = try connection.query(
            "SELECT name, type, sql FROM \(schema).sqlite_schema WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')",
            [.text(name)]
        ) { ($0.text(0), $0.text(1), $0.text(2)) }
        guard let (name, type, sql) = found.first else { return nil }
        guard type == "table", !sql.uppercased().hasPrefix("CREATE VIRTUAL") else {
            throw SinkError(
                code: .rejected, target: connection.target,
                message: "'\(name)' is a \(type == "view" ? "view" : "virtual table"); name a table")
        }
        let columns = try connection.query(
            "SELECT name, type, hidden FROM pragma_table_xinfo(?, ?)", [.text(name), .text(schema)]
        ) { row in (SQLiteColumn(name: row.text(0), declared: row.text(1)), row.int64(2)) }
        return Self(
            name: name, columns: columns.filter { $0.1 == 0 }.map(\.0), hasHiddenColumns: columns.contains { $0.1 != 0 }
        )
    }

    func column(_ key: [UInt8]) -> SQLiteColumn? { columns.first { $0.key == key } }

    /// `CREATE TABLE` under a name of its own.
    func creation(as name: String, schema: String = "main") -> String {
        "CREATE TABLE \(schema).\(SQLiteName.quoted(name)) (\(columns.map(\.definition).joined(separator: ", ")))"
    }
}

/// What has to be done to a table so that it takes a job's columns.
struct TableChange: Equatable {
    /// The table afterwards.
    var layout: SQLiteTable
    /// New columns, nullable.
    var added: [SQLiteColumn] = []
    /// Columns that are declared anew, with the type they get.
    var widened: [SQLiteColumn] = []

    /// Plans by name.
    ///
    /// - Parameters:
    ///   - present: The table, nil if there is none.
    ///   - name: Its name if it is made.
    ///   - fields: A job's columns.
    ///   - context: What the columns come from, for messages.
    ///   - target: For messages.
    /// - Throws: `SinkError`: `.incompatibleColumn` with column and both types, `.rejected` for names that differ in
    ///   case only and for too many columns.
    init(
        present: SQLiteTable?, name: String, fields: [SQLiteField], context: String, target: String
    ) throws(SinkError) {
        layout = present ?? SQLiteTable(name: name, columns: [])
        try Self.check(count: fields.count, context, target)
        var places = Dictionary(layout.columns.enumerated().map { ($1.key, $0) }) { first, _ in first }
        var seen: [[UInt8]: String] = [:]
        for field in fields {
            let column = field.column
            try Self.check(column.name, &seen, context, target)
            guard let index = places[column.key] else {
                places[column.key] = layout.columns.count
                layout.columns.append(column)
                added.append(column)
                continue
            }
            switch ColumnFit(column.declared, into: layout.columns[index].declared) {
            case .fits: break
            case .widens(let wider):
                layout.columns[index].declared = wider
                widened.append(layout.columns[index])
            case .conflict:
                throw SinkError(
                    code: .incompatibleColumn, target: target,
                    message: "column '\(column.name)' is \(layout.columns[index].declared) in the table and "
                        + "\(field.type) in \(context); make the plugin yield one type, or name another table")
            }
        }
        try Self.check(count: layout.columns.count, context, target)
    }

    private static func check(count: Int, _ context: String, _ target: String) throws(SinkError) {
        guard count > SQLiteLimits.columnsMax else { return }
        throw SinkError(
            code: .rejected, target: target,
            message: "\(count) columns, and SQLite holds \(SQLiteLimits.columnsMax) in a table "
                + "(\(context)); publish fewer, or go to parquet://")
    }

    private static func check(
        _ name: String, _ seen: inout [[UInt8]: String], _ context: String, _ target: String
    ) throws(SinkError) {
        if name.utf8.contains(0) {
            throw SinkError(
                code: .rejected, target: target,
                message: "the name of column '\(name.replacing("\0", with: "\\0"))' holds a NUL (\(context)); rename it"
            )
        }
        if let other = seen.updateValue(name, forKey: SQLiteName.key(name)) {
            throw SinkError(
                code: .rejected, target: target,
                message:
                    "columns '\(other)' and '\(name)' are one to SQLite, which ignores case (\(context)); rename one")
        }
    }
}
