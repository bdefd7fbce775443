import CasparianCatalog
import CasparianModel
import GRDB

/// One numbered change of our own side tables. Once released, a migration is never edited; a later one corrects it.
struct Migration: Sendable {
    let number: Int
    let name: String
    let apply: @Sendable (Database) throws -> Void

    static let all = [
        inheritedTables, jobTables, configurationTables, workerOffer, jobCourse, jobEvents, fileStamps, discovery, work,
        duplicates, resources, editions,
    ]

    /// Brings a new or an inherited file up to date, in one transaction, whoever else opens it now.
    static func run(on db: Database, subject: String) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS cf_migration (
                    number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at DATETIME NOT NULL)
                """)
        let applied = try Set(Int.fetchAll(db, sql: "SELECT number FROM cf_migration"))
        let newest = all.map(\.number).max() ?? 0
        if let later = applied.max(), later > newest {
            throw CatalogError(
                code: .cannotOpen, subject: subject,
                message: "a newer version of this program made it (migration \(later), this one knows "
                    + "\(newest)); use that version")
        }
        for migration in all where !applied.contains(migration.number) {
            try migration.apply(db)
            try db.execute(
                sql: "INSERT INTO cf_migration (number, name, applied_at) VALUES (?, ?, datetime('now'))",
                arguments: [migration.number, migration.name])
        }
    }

    /// True when the file needs no migration, so that opening it writes nothing.
    static func isCurrent(_ db: Database) throws -> Bool {
        guard try db.tableExists("cf_migration") else { return false }
        return try Set(Int.fetchAll(db, sql: "SELECT number FROM cf_migration")) == Set(all.map(\.number))
    }
}
