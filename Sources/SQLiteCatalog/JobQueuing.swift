import CasparianCatalog
import CasparianModel
import GRDB

/// Queues the jobs that file versions lack, and those that ended since their file had changed, inside the caller's
/// transaction.
struct JobQueuing {
    private let db: Database
    private let firstID: Int64
    private var nextID: Int64
    /// Plugins that have a configuration row.
    private var known: Set<String> = []
    private let events: EventLog
    /// Jobs that were there and are queued again.
    private var again = 0

    init(db: Database, events: EventLog) throws {
        self.db = db
        self.events = events
        // Ids are given out by us, never twice: sinks recognise a job's earlier output by its id.
        firstID = try ReadyIndex.catchUp(db) + 1
        nextID = firstID
    }

    mutating func queue(_ version: FileVersionID, plugins: [String], priority: Int) throws {
        for plugin in plugins {
            if let job = try job(version, plugin) {
                if let status = job.status, [.skipped, .failed].contains(status) { try takeUpAgain(job.id, status) }
                continue
            }
            try insert(version, plugin, priority)
        }
    }

    /// Queues a job beside those that ended; none if the newest one waits or runs.
    mutating func rerun(_ version: FileVersionID, plugin: String, priority: Int) throws {
        if let job = try job(version, plugin), job.status?.isPending ?? true { return }
        guard try db.integer("SELECT 1 FROM cf_file_version WHERE id = ?", [version.rawValue]) != nil else {
            throw CatalogError.unknownVersion(version)
        }
        try insert(version, plugin, priority)
    }

    private mutating func insert(_ version: FileVersionID, _ plugin: String, _ priority: Int) throws {
        try requireConfiguration(of: plugin)
        try db.run(
            """
            INSERT INTO cf_processing_queue (id, file_version_id, plugin_name, status, priority, retry_count)
            VALUES (?, ?, ?, 'QUEUED', ?, 0)
            """, [nextID, version.rawValue, plugin, priority])
        try db.run(
            "INSERT OR REPLACE INTO cf_job_key (file_version_id, plugin_name, job_id) VALUES (?, ?, ?)",
            [version.rawValue, plugin, nextID])
        try ReadyIndex.insert(db, plugin: plugin, priority: priority, job: nextID)
        events.add(.queued, job: nextID, attempt: 1)
        nextID += 1
    }

    /// How many jobs were queued.
    func finish() throws -> Int {
        try events.flush()
        if nextID > firstID { try ReadyIndex.setWatermark(db, to: nextID - 1) }
        return Int(nextID - firstID) + again
    }

    /// A key whose job was deleted from the queue by hand does not count.
    private func job(_ version: FileVersionID, _ plugin: String) throws -> (id: JobID, status: JobStatus?)? {
        try db.first(
            """
            SELECT q.id, q.status FROM cf_job_key k JOIN cf_processing_queue q ON q.id = k.job_id
            WHERE k.file_version_id = ?1 AND k.plugin_name = ?2
            AND q.file_version_id = ?1 AND q.plugin_name = ?2
            """, [version.rawValue, plugin]
        ) { row in (row.id(0), row.text(1).flatMap { JobStatus(rawValue: $0) }) }
    }

    /// A job that ended since its file had changed or gone, if it is one, and what it is about is there after all.
    private mutating func takeUpAgain(_ job: JobID, _ status: JobStatus) throws {
        let last = try db.first(
            "SELECT attempt, cause FROM cf_job_attempt WHERE job_id = ? ORDER BY attempt DESC LIMIT 1", [job.rawValue]
        ) { row in (attempt: row.integer(0) ?? 0, cause: row.text(1)) }
        let isCancelled = try SQLCourses.canceller(db, of: job) != nil
        guard let last, ReturnedContent.isWanted(status, cause: last.cause, isCancelled: isCancelled) else { return }
        try db.run(
            "UPDATE cf_processing_queue SET end_time = NULL, error_message = NULL WHERE id = ?", [job.rawValue])
        try SQLJobs.putBack(db, Requeue(job))
        events.add(.requeued, job: job.rawValue, attempt: last.attempt + 1, detail: ReturnedContent.reason)
        again += 1
    }

    private mutating func requireConfiguration(of plugin: String) throws {
        if known.contains(plugin) { return }
        guard try db.integer("SELECT 1 FROM cf_plugin_config WHERE plugin_name = ?", [plugin]) != nil else {
            throw CatalogError.unknownPlugin(plugin)
        }
        known.insert(plugin)
    }
}
