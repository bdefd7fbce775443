import CasparianCatalog
import CasparianModel
import GRDB

/// Writes what a scan saw, inside the caller's transaction.
struct FileRecorder {
    private let db: Database
    private let root: SourceRootID
    private let now: String
    private var jobs: JobQueuing
    private var result = RecordResult()

    private struct Place {
        var id: Int64
        var versionID: Int64?
        var contentHash: String?
        var tags: String?
    }

    init(db: Database, root: SourceRootID, now: Timestamp, events: EventLog) throws {
        self.db = db
        self.root = root
        self.now = now.description
        jobs = try JobQueuing(db: db, events: events)
    }

    mutating func finish() throws -> RecordResult {
        result.queuedJobs = try jobs.finish()
        return result
    }

    mutating func record(_ seen: FileObservation) throws {
        let known = try place(of: seen.relativePath)
        guard let hash = seen.contentHash?.hex ?? known?.contentHash else {
            throw CatalogError.unreadFile(seen.relativePath)
        }
        if known == nil { result.newFiles += 1 }
        let locationID = try known?.id ?? insertPlace(seen)
        var versionID = known?.versionID
        if versionID == nil || known?.contentHash != hash {
            versionID = try version(hash: hash, of: locationID, seen)
        } else {
            result.unchangedFiles += 1
            if known?.tags != TagList.text(seen.tags), let versionID { try setTags(seen.tags, of: versionID) }
        }
        guard let versionID else { return }
        try db.run(
            """
            UPDATE cf_file_location SET last_known_mtime = ?, last_known_size = ?, current_version_id = ?,
            last_seen_time = ? WHERE id = ?
            """, [seen.modified.secondsSinceEpoch, seen.sizeBytes, versionID, now, locationID])
        if let stamp = seen.stamp { try write(stamp, of: locationID) }
        try jobs.queue(FileVersionID(versionID), plugins: seen.plugins, priority: seen.priority)
    }

    private func place(of relativePath: String) throws -> Place? {
        try db.first(
            """
            SELECT l.id, v.id, v.content_hash, v.applied_tags FROM cf_file_location l
            LEFT JOIN cf_file_version v ON v.id = l.current_version_id
            WHERE l.source_root_id = ? AND l.rel_path = ?
            """, [root.rawValue, relativePath]
        ) { row in
            Place(id: row.integer(0) ?? 0, versionID: row.integer(1), contentHash: row.text(2), tags: row.text(3))
        }
    }

    private func write(_ stamp: FileStamp, of locationID: Int64) throws {
        try db.run(
            """
            INSERT INTO cf_file_stamp (location_id, device, inode, size_bytes, modified_ns, changed_ns)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (location_id) DO UPDATE SET device = ?2, inode = ?3,
            size_bytes = ?4, modified_ns = ?5, changed_ns = ?6
            """,
            [
                locationID, stamp.device, stamp.inode, stamp.sizeBytes, stamp.modifiedNanoseconds,
                stamp.changedNanoseconds,
            ])
    }

    private func insertPlace(_ seen: FileObservation) throws -> Int64 {
        let path = seen.relativePath
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) }
        try db.run(
            """
            INSERT INTO cf_file_location (source_root_id, rel_path, filename, discovered_time, last_seen_time)
            VALUES (?, ?, ?, ?, ?)
            """, [root.rawValue, path, name ?? path, now, now])
        return db.lastInsertedRowID
    }

    /// The version row of this content at this place: the one that is there (the content came back) or a new one.
    private mutating func version(hash: String, of locationID: Int64, _ seen: FileObservation) throws -> Int64 {
        let known = try db.integer(
            "SELECT id FROM cf_file_version WHERE location_id = ? AND content_hash = ?", [locationID, hash])
        if let known {
            try setTags(seen.tags, of: known)
            return known
        }
        result.newVersions += 1
        try db.run(
            "INSERT OR IGNORE INTO cf_file_hash_registry (content_hash, first_seen, size_bytes) VALUES (?, ?, ?)",
            [hash, now, seen.sizeBytes])
        try db.run(
            """
            INSERT INTO cf_file_version
            (location_id, content_hash, size_bytes, modified_time, detected_at, applied_tags)
            VALUES (?, ?, ?, ?, ?, ?)
            """, [locationID, hash, seen.sizeBytes, seen.modified.description, now, TagList.text(seen.tags)])
        return db.lastInsertedRowID
    }

    private func setTags(_ tags: [String], of versionID: Int64) throws {
        try db.run("UPDATE cf_file_version SET applied_tags = ? WHERE id = ?", [TagList.text(tags), versionID])
    }
}
