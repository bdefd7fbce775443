import CasparianCatalog
import CasparianModel
import GRDB

/// Writes what a scan saw, inside the caller's transaction.
struct FileRecorder {
    private let db: Database
    private let root: SourceRoot
    private let now: String
    private let statements: FileStatements
    private var jobs: JobQueuing
    private var result = RecordResult()
    private var lastInFolder: [String: Known] = [:]

    /// What there may be in a folder: anything, or nothing after a path.
    private enum Known {
        case unknown
        case after(String)
    }

    struct Place {
        var id: Int64
        var versionID: Int64?
        var contentHash: String?
        var tags: String?
        var isGone: Bool
    }

    init(db: Database, root: SourceRoot, now: Timestamp, events: EventLog) throws {
        self.db = db
        self.root = root
        self.now = now.description
        statements = try FileStatements(db)
        jobs = try JobQueuing(db: db, events: events)
    }

    mutating func record(_ scan: ScanRecord) throws -> RecordResult {
        for seen in scan.observations { try record(seen) }
        for id in scan.gone {
            try db.run("INSERT OR IGNORE INTO cf_file_gone (location_id, since) VALUES (?, ?)", [id.rawValue, now])
            result.goneFiles += db.changesCount
        }
        for folder in scan.folders { try statements.write(folder, of: root.id.rawValue) }
        for path in scan.forgottenFolders {
            try db.run("DELETE FROM cf_folder WHERE source_root_id = ? AND path = ?", [root.id.rawValue, path])
        }
        result.queuedJobs = try jobs.finish()
        try SQLDuplicates.takeInContents(db)
        return result
    }

    private mutating func record(_ seen: FileObservation) throws {
        var known = try place(of: seen.relativePath)
        if known == nil, let from = seen.movedFrom { known = try move(from, to: seen.relativePath) }
        guard let hash = seen.contentHash?.hex ?? known?.contentHash else {
            throw CatalogError.unreadFile(seen.relativePath)
        }
        let versionID: Int64
        var isReturned = false
        if let known {
            (versionID, isReturned) = try update(known, hash, seen)
        } else {
            result.newFiles += 1
            versionID = try insert(hash, seen)
        }
        if !seen.plugins.isEmpty {
            try jobs.queue(
                FileVersionID(versionID), plugins: seen.plugins, priority: seen.priority, isReturned: isReturned)
        }
    }

    /// The place at a path. In a folder that held none when the transaction began, whatever comes after all that was put
    /// there, in the order of names, needs no looking for.
    private mutating func place(of path: String) throws -> Place? {
        let folder = PathParts.folder(of: path)
        if lastInFolder[folder] == nil {
            if lastInFolder.count > 10_000 { lastInFolder.removeAll() }
            lastInFolder[folder] = try statements.hasPlaces(root.id.rawValue, below: folder) ? .unknown : .after("")
        }
        if case .after(let last) = lastInFolder[folder], last.utf8.lexicographicallyPrecedes(path.utf8) {
            lastInFolder[folder] = .after(path)
            return nil
        }
        return try statements.place(root.id.rawValue, path)
    }

    /// The place of a file that was moved, with its new path; nil if it has gone meanwhile.
    private mutating func move(_ id: FileLocationID, to path: String) throws -> Place? {
        let from = try db.first(
            """
            SELECT r.path, l.rel_path, v.id, v.content_hash, v.applied_tags FROM cf_file_location l
            JOIN cf_source_root r ON r.id = l.source_root_id
            LEFT JOIN cf_file_version v ON v.id = l.current_version_id WHERE l.id = ?
            """, [id.rawValue]
        ) { row in
            (
                SourceRoot(id: 0, path: row.text(0) ?? "").path(of: row.text(1) ?? ""),
                Place(
                    id: id.rawValue, versionID: row.integer(2), contentHash: row.text(3), tags: row.text(4),
                    isGone: true)
            )
        }
        guard let (absolute, place) = from else { return nil }
        try db.run(
            "UPDATE cf_file_location SET source_root_id = ?, rel_path = ?, filename = ? WHERE id = ?",
            [root.id.rawValue, path, PathParts.name(of: path), id.rawValue])
        try db.run(
            "INSERT INTO cf_file_move (location_id, from_path, to_path, moved_at) VALUES (?, ?, ?, ?)",
            [id.rawValue, absolute, root.path(of: path), now])
        result.movedFiles += 1
        return place
    }

    private mutating func update(
        _ known: Place, _ hash: String, _ seen: FileObservation
    ) throws -> (Int64, isReturned: Bool) {
        let versionID: Int64
        var isReturned = false
        if let current = known.versionID, known.contentHash == hash {
            versionID = current
            result.unchangedFiles += 1
            if known.tags != TagList.text(seen.tags) { try setTags(seen.tags, of: versionID) }
        } else {
            (versionID, isReturned) = try version(hash: hash, of: known.id, seen)
        }
        try db.run(
            """
            UPDATE cf_file_location SET last_known_mtime = ?, last_known_size = ?, current_version_id = ?,
            last_seen_time = ? WHERE id = ?
            """, [seen.modified.secondsSinceEpoch, seen.sizeBytes, versionID, now, known.id])
        if let stamp = seen.stamp { try statements.write(stamp, of: known.id) }
        if known.isGone { try db.run("DELETE FROM cf_file_gone WHERE location_id = ?", [known.id]) }
        return (versionID, isReturned)
    }

    private mutating func insert(_ hash: String, _ seen: FileObservation) throws -> Int64 {
        let versionID = statements.nextVersionID()
        let locationID = try statements.insertPlace(root.id.rawValue, seen, versionID: versionID, now: now)
        result.newVersions += 1
        try statements.insertVersion(versionID, hash: hash, of: locationID, seen, now: now)
        if let stamp = seen.stamp { try statements.write(stamp, of: locationID) }
        return versionID
    }

    /// The version row of this content at this place: the one that is there (the content came back) or a new one.
    private mutating func version(
        hash: String, of locationID: Int64, _ seen: FileObservation
    ) throws -> (Int64, isReturned: Bool) {
        let known = try db.integer(
            "SELECT id FROM cf_file_version WHERE location_id = ? AND content_hash = ?", [locationID, hash])
        if let known {
            try setTags(seen.tags, of: known)
            return (known, true)
        }
        result.newVersions += 1
        let id = statements.nextVersionID()
        try statements.insertVersion(id, hash: hash, of: locationID, seen, now: now)
        return (id, false)
    }

    private func setTags(_ tags: [String], of versionID: Int64) throws {
        try db.run("UPDATE cf_file_version SET applied_tags = ? WHERE id = ?", [TagList.text(tags), versionID])
    }
}
