import CasparianCatalog
import CasparianModel
import GRDB
import Synchronization

/// The side tables that answer what the queue's own index cannot: the best QUEUED jobs of a plugin (`cf_job_ready`) and
/// the job of a file version (`cf_job_key`).
///
/// Every transaction of ours keeps them equal to the queue. Other programs write the queue too: rows they add are taken
/// in by `catchUp`, rows they change are found by `ReadyRepair` and, at the latest, when a claim meets them.
enum ReadyIndex {
    /// Takes in rows that another program added to the queue.
    ///
    /// - Returns: The highest job id that was ever given out.
    @discardableResult
    static func catchUp(_ db: Database) throws -> Int64 {
        let mark = try db.integer("SELECT last_job_id FROM cf_job_watermark") ?? 0
        let last = try db.integer("SELECT max(id) FROM cf_processing_queue") ?? 0
        guard last > mark else { return mark }
        try db.run(
            """
            INSERT OR IGNORE INTO cf_job_key (file_version_id, plugin_name, job_id)
            SELECT file_version_id, plugin_name, id FROM cf_processing_queue WHERE id > ? ORDER BY id
            """, [mark])
        try db.run(
            """
            INSERT OR IGNORE INTO cf_job_ready (plugin_name, priority, job_id)
            SELECT plugin_name, coalesce(priority, 0), id FROM cf_processing_queue
            WHERE id > ? AND +status = 'QUEUED'
            """, [mark])
        try setWatermark(db, to: last)
        return last
    }

    static func setWatermark(_ db: Database, to id: Int64) throws {
        try db.run("UPDATE cf_job_watermark SET last_job_id = ?", [id])
    }

    static func insert(_ db: Database, plugin: String, priority: Int, job: Int64) throws {
        try db.run(
            "INSERT OR IGNORE INTO cf_job_ready (plugin_name, priority, job_id) VALUES (?, ?, ?)",
            [plugin, priority, job])
    }

    static func remove(_ db: Database, plugin: String, priority: Int, job: Int64) throws {
        try db.run(
            "DELETE FROM cf_job_ready WHERE plugin_name = ? AND priority = ? AND job_id = ?", [plugin, priority, job])
    }

    /// Jobs of a plugin that come after the given one, best first.
    static func page(_ db: Database, plugin: String, after: JobCandidate?) throws -> [JobCandidate] {
        let read = { (row: Row) in JobCandidate(id: row.id(1), priority: Int(row.integer(0) ?? 0)) }
        guard let after else {
            return try db.all(
                """
                SELECT priority, job_id FROM cf_job_ready WHERE plugin_name = ?
                ORDER BY priority DESC, job_id LIMIT \(ClaimRound.pageSize)
                """, [plugin], read)
        }
        let same = try db.all(
            """
            SELECT priority, job_id FROM cf_job_ready WHERE plugin_name = ? AND priority = ? AND job_id > ?
            ORDER BY job_id LIMIT \(ClaimRound.pageSize)
            """, [plugin, after.priority, after.id.rawValue], read)
        if !same.isEmpty { return same }
        return try db.all(
            """
            SELECT priority, job_id FROM cf_job_ready WHERE plugin_name = ? AND priority < ?
            ORDER BY priority DESC, job_id LIMIT \(ClaimRound.pageSize)
            """, [plugin, after.priority], read)
    }

    /// QUEUED jobs that have to wait for their time.
    private static let held = """
        SELECT c.job_id FROM cf_job_course c JOIN cf_processing_queue h ON h.id = c.job_id
        WHERE c.not_before IS NOT NULL AND h.status = 'QUEUED'
        """

    /// Compares the QUEUED rows with their index by number, and rebuilds it if they differ.
    ///
    /// - Returns: True if something was put right.
    static func repair(_ db: Database) throws -> Bool {
        let queued = try db.integer("SELECT count(*) FROM cf_processing_queue WHERE status = 'QUEUED'")
        let ready = try db.integer("SELECT (SELECT count(*) FROM cf_job_ready) + (SELECT count(*) FROM (\(held)))")
        guard queued != ready else { return false }
        try db.run("DELETE FROM cf_job_ready")
        try db.run(
            """
            INSERT OR IGNORE INTO cf_job_ready (plugin_name, priority, job_id)
            SELECT plugin_name, coalesce(priority, 0), id FROM cf_processing_queue WHERE status = 'QUEUED'
            AND id NOT IN (\(held))
            """)
        return true
    }
}

/// Decides when the ready index is compared with the queue: when somebody could work but finds nothing, and another
/// connection has written since the last comparison. Its share of time is bounded.
final class ReadyRepair: Sendable {
    /// A comparison that took t is followed by the next one no sooner than this many t.
    static let restFactor = 20

    private struct State {
        var dataVersion: Int64?
        var notBefore = ContinuousClock.now
    }
    private let state = Mutex(State())

    /// - Returns: True if the index was put right, so that claiming again may find something.
    func run(_ db: Database) throws -> Bool {
        let start = ContinuousClock.now
        let version = try db.integer("PRAGMA data_version")
        let isDue = state.withLock { $0.dataVersion != version && start >= $0.notBefore }
        guard isDue else { return false }
        let changed = try ReadyIndex.repair(db)
        let end = ContinuousClock.now
        state.withLock {
            $0.dataVersion = version
            $0.notBefore = end + (end - start) * Self.restFactor
        }
        return changed
    }
}
