import CasparianCatalog
import CasparianModel
import GRDB

extension SQLiteCatalog {
    public func sourceRoots() async throws -> [SourceRoot] {
        try await read { db in try SQLRoots.all(db) }
    }

    public func addSourceRoot(path: String) async throws -> SourceRoot {
        try CatalogLimits.check(rootPath: path)
        return try await write { db in
            if let known = try SQLRoots.all(db).first(where: { $0.path == path }) {
                if !known.isActive {
                    try db.run("UPDATE cf_source_root SET active = 1 WHERE id = ?", [known.id.rawValue])
                }
                return SourceRoot(id: known.id, path: path, type: known.type, isActive: true)
            }
            try db.run("INSERT INTO cf_source_root (path, type, active) VALUES (?, 'local', 1)", [path])
            return SourceRoot(id: SourceRootID(db.lastInsertedRowID), path: path)
        }
    }

    public func removeSourceRoot(path: String) async throws -> Bool {
        try await write { db in
            try db.run("UPDATE cf_source_root SET active = 0 WHERE path = ? AND coalesce(active, 1) <> 0", [path])
            return db.changesCount > 0
        }
    }

    public func ignoreRules() async throws -> [IgnoreRule] {
        try await read { db in try SQLIgnores.all(db) }
    }

    public func addIgnoreRule(pattern: String, sourceRootID: SourceRootID?) async throws -> IgnoreRule {
        try CatalogLimits.check(pattern: pattern)
        return try await write { db in
            let equal = try SQLIgnores.all(db).first { $0.pattern == pattern && $0.sourceRootID == sourceRootID }
            if var known = equal {
                try db.run("UPDATE cf_ignore_rule SET active = 1 WHERE id = ? AND active IS NOT 1", [known.id.rawValue])
                known.isActive = true
                return known
            }
            try db.run(
                """
                INSERT INTO cf_ignore_rule (source_root_id, pattern, active, created_at)
                VALUES (?, ?, 1, \(SQLText.now))
                """, [sourceRootID?.rawValue, pattern])
            return IgnoreRule(id: RuleID(db.lastInsertedRowID), sourceRootID: sourceRootID, pattern: pattern)
        }
    }

    public func removeIgnoreRule(id: RuleID) async throws -> Bool {
        try await write { db in
            try db.run("DELETE FROM cf_ignore_rule WHERE id = ?", [id.rawValue])
            return db.changesCount > 0
        }
    }
}

enum SQLRoots {
    static func all(_ db: Database) throws -> [SourceRoot] {
        try db.all("SELECT id, path, type, active FROM cf_source_root ORDER BY id") { row in
            SourceRoot(
                id: row.id(0), path: row.text(1) ?? "", type: row.text(2) ?? "local",
                isActive: (row.integer(3) ?? 1) != 0)
        }
    }
}

enum SQLIgnores {
    static func all(_ db: Database) throws -> [IgnoreRule] {
        try db.all("SELECT id, source_root_id, pattern, active FROM cf_ignore_rule ORDER BY id") { row in
            IgnoreRule(
                id: row.id(0), sourceRootID: row.integer(1).map { SourceRootID($0) }, pattern: row.text(2) ?? "",
                isActive: (row.integer(3) ?? 1) != 0)
        }
    }
}
