import CasparianSinks

/// A table as it is in the database.
struct TargetTable: Hashable, Sendable {
    struct Column: Hashable, Sendable {
        var name: String
        var type: SQLServerType
        var isNullable: Bool
        var collation: String?
    }

    /// As the database spells it.
    var place: SQLServerPlace
    var columns: [Column]

    /// Nil if there is no such table.
    static func read(_ place: SQLServerPlace, on connection: SQLServerConnection) throws(SinkError) -> TargetTable? {
        let rows = try connection.query(
            """
            SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH,
                NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, COLLATION_NAME
            FROM INFORMATION_SCHEMA.COLUMNS
            WHERE TABLE_SCHEMA = \(SQLServerName.literal(place.schema))
                AND TABLE_NAME = \(SQLServerName.literal(place.table))
            ORDER BY ORDINAL_POSITION
            """)
        guard let first = rows.first, let schema = first[0], let table = first[1] else { return nil }
        return TargetTable(
            place: SQLServerPlace(schema: schema, table: table),
            columns: rows.map { row in
                func number(_ index: Int) -> Int? { row[index].flatMap { Int($0) } }
                return Column(
                    name: row[2] ?? "",
                    type: SQLServerType(
                        name: row[3] ?? "", length: number(5), precision: number(6), scale: number(7) ?? number(8)),
                    isNullable: row[4] == "YES", collation: row[9])
            })
    }
}

/// What must be done to a table before it takes staged rows, and which of its columns take which of theirs.
struct TableChange: Sendable {
    var added: [StagedColumn] = []
    var widened: [(column: TargetTable.Column, to: SQLServerType)] = []
    /// Names in the table and in staging.
    var pairs: [(target: String, staged: String)] = []

    /// - Parameters:
    ///   - table: As it is.
    ///   - columns: What is staged.
    ///   - isCaseSensitive: Whether the database takes `a` and `A` for two names.
    ///   - context: For messages.
    /// - Throws: `SinkError` with `.incompatibleColumn` that names the column, both types and the file.
    init(
        _ table: TargetTable, _ columns: [StagedColumn], isCaseSensitive: Bool, context: SinkContext
    ) throws(SinkError) {
        func key(_ name: String) -> String { isCaseSensitive ? name : name.lowercased() }
        let present = Dictionary(table.columns.map { (key($0.name), $0) }) { first, _ in first }
        for column in columns {
            guard let there = present[key(column.name)] else {
                added.append(column)
                pairs.append((column.name, column.name))
                continue
            }
            pairs.append((there.name, column.name))
            switch ColumnFit(column, into: there.type) {
            case .fits: break
            case .widens(let wider): widened.append((there, wider))
            case .conflict:
                throw context.error(
                    .incompatibleColumn,
                    "column '\(column.name)' is \(column.arrow) (\(column.type.text)), which does not fit the table's "
                        + "\(there.type.text); change one of them, or name another table")
            }
        }
    }

    var isEmpty: Bool { added.isEmpty && widened.isEmpty }

    func apply(to place: SQLServerPlace, on connection: SQLServerConnection) throws(SinkError) {
        if !added.isEmpty {
            // Rows that are there have no value for it, whoever's they are.
            let definitions = added.map { "\(SQLServerName.quoted($0.name)) \($0.type.text) NULL" }
            try connection.run("ALTER TABLE \(place.quoted) ADD \(definitions.joined(separator: ", "))")
        }
        for (column, type) in widened {
            // Without its collation a column would get the database's.
            let collation = type.isText ? column.collation.map { " COLLATE \($0)" } ?? "" : ""
            try connection.run(
                "ALTER TABLE \(place.quoted) ALTER COLUMN \(SQLServerName.quoted(column.name)) "
                    + "\(type.text)\(collation) " + (column.isNullable ? "NULL" : "NOT NULL"))
        }
    }
}
