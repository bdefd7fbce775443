import CasparianCatalog
import CasparianModel
import GRDB

extension SQLiteCatalog {
    public func knownFiles(root: SourceRootID) async throws -> [KnownFile] {
        try await read { db in
            try db.all(
                """
                SELECT \(SQLFiles.columns) FROM cf_file_location l \(SQLFiles.joins)
                WHERE l.source_root_id = ? ORDER BY l.rel_path
                """, [root.rawValue], SQLFiles.file)
        }
    }

    public func files(_ filter: FileFilter) async throws -> [FileListing] {
        try await read { db in
            try db.all(
                """
                SELECT \(SQLFiles.columns), r.path FROM cf_source_root r
                JOIN cf_file_location l ON l.source_root_id = r.id \(SQLFiles.joins)
                WHERE (?1 IS NULL OR l.source_root_id = ?1) AND (?2 IS NULL OR instr(l.rel_path, ?2) > 0)
                AND (?3 IS NULL OR instr(',' || v.applied_tags || ',', ',' || ?3 || ',') > 0)
                ORDER BY l.rel_path, r.id LIMIT ?4
                """, [filter.root?.rawValue, filter.pathContains, filter.tag, filter.limit]
            ) { row in FileListing(rootPath: row.text(SQLFiles.columnCount) ?? "", file: SQLFiles.file(row)) }
        }
    }

    public func record(_ scan: ScanRecord, root: SourceRootID, now: Timestamp) async throws -> RecordResult {
        if scan.isEmpty { return RecordResult() }
        return try await write(checksForeignKeys: false) { [eventsMax] db in
            let path = try db.first("SELECT path FROM cf_source_root WHERE id = ?", [root.rawValue]) {
                $0.text(0) ?? ""
            }
            guard let path else { throw CatalogError.unknownRoot(root) }
            let events = EventLog(db: db, now: now.description, eventsMax: eventsMax)
            var recorder = try FileRecorder(db: db, root: SourceRoot(id: root, path: path), now: now, events: events)
            return try recorder.record(scan)
        }
    }

    public func reroute(_ routes: [VersionRoute], now: Timestamp) async throws -> RecordResult {
        try await write { [eventsMax] db in
            var result = RecordResult()
            let events = EventLog(db: db, now: now.description, eventsMax: eventsMax)
            var jobs = try JobQueuing(db: db, events: events)
            for route in routes {
                let id = route.fileVersionID
                let tags = try db.first("SELECT applied_tags FROM cf_file_version WHERE id = ?", [id.rawValue]) {
                    $0.text(0) ?? ""
                }
                guard let tags else { throw CatalogError.unknownVersion(id) }
                let wanted = TagList.text(route.tags)
                if tags != wanted {
                    try db.run("UPDATE cf_file_version SET applied_tags = ? WHERE id = ?", [wanted, id.rawValue])
                }
                try jobs.queue(id, plugins: route.plugins, priority: route.priority)
            }
            result.queuedJobs = try jobs.finish()
            return result
        }
    }
}

enum SQLFiles {
    static let columns = """
        l.id, l.source_root_id, l.rel_path, l.last_known_mtime, l.last_known_size,
        v.id, v.location_id, v.content_hash, v.size_bytes, v.modified_time, v.detected_at, v.applied_tags,
        s.device, s.inode, s.size_bytes, s.modified_ns, s.changed_ns, g.since
        """
    /// For `cf_file_location l`.
    static let joins = """
        LEFT JOIN cf_file_version v ON v.id = l.current_version_id
        LEFT JOIN cf_file_stamp s ON s.location_id = l.id
        LEFT JOIN cf_file_gone g ON g.location_id = l.id
        """
    /// Columns that `file` reads; more may follow.
    static let columnCount = 18

    static func file(_ row: Row) -> KnownFile {
        var version: FileVersion?
        if let id = row.integer(5) {
            version = FileVersion(
                id: FileVersionID(id), locationID: row.id(6), contentHash: row.text(7) ?? "",
                sizeBytes: row.integer(8) ?? 0, modified: row.time(9) ?? .unknown, detected: row.time(10) ?? .unknown,
                tags: TagList.parse(row.text(11)))
        }
        return KnownFile(
            locationID: row.id(0), sourceRootID: row.id(1), relativePath: row.text(2) ?? "",
            lastKnownModified: row.number(3).map { Timestamp(secondsSinceEpoch: $0) },
            lastKnownSizeBytes: row.integer(4), stamp: stamp(row), version: version, goneSince: row.time(17))
    }

    private static func stamp(_ row: Row) -> FileStamp? {
        guard let device = row.integer(12), let inode = row.integer(13), let size = row.integer(14),
            let modified = row.integer(15), let changed = row.integer(16)
        else { return nil }
        return FileStamp(
            device: device, inode: inode, sizeBytes: size, modifiedNanoseconds: modified, changedNanoseconds: changed)
    }
}
