import CasparianCatalog
import CasparianModel
import GRDB

/// The statements that write files, ready to be run many times in one transaction.
final class FileStatements {
    private let findPlace: BulkStatement
    private let findBelow: BulkStatement
    private let addPlace: BulkStatement
    private let addHash: BulkStatement
    private let addVersion: BulkStatement
    private let setStamp: BulkStatement
    private let setFolder: BulkStatement
    private let db: Database
    private var lastVersionID: Int64

    init(_ db: Database) throws {
        self.db = db
        lastVersionID = try db.integer("SELECT max(id) FROM cf_file_version") ?? 0
        findPlace = try BulkStatement(
            db,
            """
            SELECT l.id, v.id, v.content_hash, v.applied_tags, g.location_id FROM cf_file_location l
            LEFT JOIN cf_file_version v ON v.id = l.current_version_id
            LEFT JOIN cf_file_gone g ON g.location_id = l.id
            WHERE l.source_root_id = ? AND l.rel_path = ?
            """)
        findBelow = try BulkStatement(
            db, "SELECT 1 FROM cf_file_location WHERE source_root_id = ?1 AND rel_path >= ?2 AND rel_path < ?3")
        addPlace = try BulkStatement(
            db,
            """
            INSERT INTO cf_file_location (source_root_id, rel_path, filename, last_known_mtime, last_known_size,
            current_version_id, discovered_time, last_seen_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
            """)
        addHash = try BulkStatement(
            db, "INSERT OR IGNORE INTO cf_file_hash_registry (content_hash, first_seen, size_bytes) VALUES (?, ?, ?)")
        addVersion = try BulkStatement(
            db,
            """
            INSERT INTO cf_file_version
            (id, location_id, content_hash, size_bytes, modified_time, detected_at, applied_tags)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """)
        setStamp = try BulkStatement(
            db,
            """
            INSERT INTO cf_file_stamp (location_id, device, inode, size_bytes, modified_ns, changed_ns)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (location_id) DO UPDATE SET device = ?2, inode = ?3,
            size_bytes = ?4, modified_ns = ?5, changed_ns = ?6
            """)
        setFolder = try BulkStatement(
            db,
            """
            INSERT INTO cf_folder (source_root_id, path, device, inode, digest, routing) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (source_root_id, path) DO UPDATE SET device = ?3, inode = ?4, digest = ?5, routing = ?6
            """)
    }

    /// A number that no version has.
    func nextVersionID() -> Int64 {
        lastVersionID += 1
        return lastVersionID
    }

    /// Whether any place lies in a folder or below it.
    func hasPlaces(_ root: Int64, below folder: String) throws -> Bool {
        findBelow.bind(1, root)
        findBelow.bind(2, folder.isEmpty ? "" : folder + "/")
        // What comes right after a slash: the end of all that begins with the folder's path.
        findBelow.bind(3, folder.isEmpty ? "\u{10FFFF}" : folder + "0")
        return try findBelow.first { _ in true } ?? false
    }

    func place(_ root: Int64, _ path: String) throws -> FileRecorder.Place? {
        findPlace.bind(1, root)
        findPlace.bind(2, path)
        return try findPlace.first { row in
            FileRecorder.Place(
                id: row.integer(0) ?? 0, versionID: row.integer(1), contentHash: row.text(2), tags: row.text(3),
                isGone: row.integer(4) != nil)
        }
    }

    /// - Returns: Its id.
    func insertPlace(_ root: Int64, _ seen: FileObservation, versionID: Int64, now: String) throws -> Int64 {
        addPlace.bind(1, root)
        addPlace.bind(2, seen.relativePath)
        addPlace.bind(3, PathParts.name(of: seen.relativePath))
        addPlace.bind(4, seen.modified.secondsSinceEpoch)
        addPlace.bind(5, seen.sizeBytes)
        addPlace.bind(6, versionID)
        addPlace.bind(7, now)
        try addPlace.run()
        return db.lastInsertedRowID
    }

    func insertVersion(
        _ id: Int64, hash: String, of place: Int64, _ seen: FileObservation, now: String
    ) throws {
        addHash.bind(1, hash)
        addHash.bind(2, now)
        addHash.bind(3, seen.sizeBytes)
        try addHash.run()
        addVersion.bind(1, id)
        addVersion.bind(2, place)
        addVersion.bind(3, hash)
        addVersion.bind(4, seen.sizeBytes)
        addVersion.bind(5, seen.modified.description)
        addVersion.bind(6, now)
        addVersion.bind(7, TagList.text(seen.tags))
        try addVersion.run()
    }

    func write(_ stamp: FileStamp, of place: Int64) throws {
        let numbers = [
            place, stamp.device, stamp.inode, stamp.sizeBytes, stamp.modifiedNanoseconds, stamp.changedNanoseconds,
        ]
        for (index, number) in numbers.enumerated() { setStamp.bind(Int32(index + 1), number) }
        try setStamp.run()
    }

    func write(_ folder: KnownFolder, of root: Int64) throws {
        setFolder.bind(1, root)
        setFolder.bind(2, folder.path)
        setFolder.bind(3, folder.identity.device)
        setFolder.bind(4, folder.identity.inode)
        setFolder.bind(5, blob: folder.digest)
        setFolder.bind(6, folder.routing)
        try setFolder.run()
    }
}
