import CasparianCatalog
import CasparianModel
import Foundation
import GRDB

/// What a scan asks before it writes.
extension SQLiteCatalog {
    public func hasFiles(root: SourceRootID?) async throws -> Bool {
        try await read { db in
            guard let root else { return try db.integer("SELECT 1 FROM cf_file_location LIMIT 1") != nil }
            return try db.integer(
                "SELECT 1 FROM cf_file_location WHERE source_root_id = ? LIMIT 1", [root.rawValue]) != nil
        }
    }

    public func knownFiles(root: SourceRootID, folder: String) async throws -> [KnownFile] {
        try await read { db in
            let prefix = folder.isEmpty ? "" : folder + "/"
            var files: [KnownFile] = []
            // Subfolders are leapt over: what comes after `sub/` and everything that begins with it is `sub0`.
            var from = prefix
            while true {
                var subfolder: String?
                let rows = try Row.fetchCursor(
                    db.cachedStatement(
                        sql: """
                            SELECT \(SQLFiles.columns) FROM cf_file_location l \(SQLFiles.joins)
                            WHERE l.source_root_id = ? AND l.rel_path >= ? AND l.rel_path < ? ORDER BY l.rel_path
                            """),
                    arguments: [root.rawValue, from, folder.isEmpty ? "\u{10FFFF}" : folder + "0"])
                while let row = try rows.next() {
                    let path = row.text(2) ?? ""
                    let below = path.utf8.dropFirst(prefix.utf8.count)
                    if let slash = below.firstIndex(of: UInt8(ascii: "/")) {
                        subfolder = String(path[..<slash])
                        break
                    }
                    files.append(SQLFiles.file(row))
                }
                guard let subfolder else { return files }
                from = subfolder + "0"
            }
        }
    }

    public func knownFiles(root: SourceRootID, paths: [String]) async throws -> [KnownFile] {
        try await read { db in
            try paths.compactMap { path in
                try db.first(
                    """
                    SELECT \(SQLFiles.columns) FROM cf_file_location l \(SQLFiles.joins)
                    WHERE l.source_root_id = ? AND l.rel_path = ?
                    """, [root.rawValue, path], SQLFiles.file)
            }
        }
    }

    public func knownFolders(root: SourceRootID, below folder: String) async throws -> [KnownFolder] {
        try await read { db in
            try db.all(
                """
                SELECT path, device, inode, digest, routing FROM cf_folder WHERE source_root_id = ?1
                AND (?2 = '' OR path = ?2 OR (path >= ?2 || '/' AND path < ?2 || '0'))
                """, [root.rawValue, folder]
            ) { row in
                KnownFolder(
                    path: row.text(0) ?? "",
                    identity: FolderIdentity(device: row.integer(1) ?? 0, inode: row.integer(2) ?? 0),
                    digest: Array(Data.fromDatabaseValue(row[3]) ?? Data()), routing: row.integer(4) ?? 0)
            }
        }
    }

    /// Places found for one content; more would only cost time.
    private static let placesMax = 16

    public func places(holding contents: [ContentHash]) async throws -> [FileListing] {
        try await read { db in
            try contents.flatMap { content in
                try db.all(
                    """
                    SELECT \(SQLFiles.columns), r.path FROM cf_version_content c
                    JOIN cf_file_version v ON v.id = c.file_version_id
                    JOIN cf_file_location l ON l.id = v.location_id AND l.current_version_id = v.id
                    JOIN cf_source_root r ON r.id = l.source_root_id
                    LEFT JOIN cf_file_stamp s ON s.location_id = l.id
                    LEFT JOIN cf_file_gone g ON g.location_id = l.id
                    WHERE c.content_key = substr(?1, 1, 16) AND v.content_hash = ?1 LIMIT ?2
                    """, [content.hex, Self.placesMax]
                ) { row in FileListing(rootPath: row.text(SQLFiles.columnCount) ?? "", file: SQLFiles.file(row)) }
            }
        }
    }

    public func moves(of location: FileLocationID) async throws -> [FileMove] {
        try await read { db in
            try db.all(
                "SELECT from_path, to_path, moved_at FROM cf_file_move WHERE location_id = ? ORDER BY id",
                [location.rawValue]
            ) { row in
                FileMove(
                    locationID: location, from: row.text(0) ?? "", to: row.text(1) ?? "", at: row.time(2) ?? .unknown)
            }
        }
    }

    public func alarms(root: SourceRootID) async throws -> [DiscoveryAlarm] {
        try await read { try Self.alarms($0, root) }
    }

    public func setAlarms(_ alarms: [DiscoveryAlarm], root: SourceRootID, now: Timestamp) async throws {
        if try await self.alarms(root: root) == alarms { return }
        try await write { db in
            let folders = Set(alarms.map(\.folder))
            for known in try Self.alarms(db, root) where !folders.contains(known.folder) {
                try db.run(
                    "DELETE FROM cf_root_alarm WHERE source_root_id = ? AND path = ?", [root.rawValue, known.folder])
            }
            for alarm in alarms {
                try db.run(
                    """
                    INSERT INTO cf_root_alarm (source_root_id, path, since, message) VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT (source_root_id, path) DO UPDATE SET message = ?4
                    """, [root.rawValue, alarm.folder, now.description, alarm.message])
            }
        }
    }

    private static func alarms(_ db: Database, _ root: SourceRootID) throws -> [DiscoveryAlarm] {
        try db.all("SELECT path, message FROM cf_root_alarm WHERE source_root_id = ? ORDER BY path", [root.rawValue]) {
            DiscoveryAlarm(folder: $0.text(0) ?? "", message: $0.text(1) ?? "")
        }
    }
}
