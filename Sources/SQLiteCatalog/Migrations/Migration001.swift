import GRDB

extension Migration {
    /// The inherited tables, where the file does not have them yet.
    static let inheritedTables = Migration(number: 1, name: "inherited tables") { db in
        for table in InheritedTable.all where try !db.tableExists(table.name) {
            try db.execute(sql: table.definition)
            if let index = table.index {
                try db.execute(sql: "CREATE INDEX IF NOT EXISTS \(index.name) ON \(table.name) (\(index.columns))")
            }
        }
    }
}
