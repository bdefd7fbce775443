import CasparianCatalog
import CasparianModel
import GRDB

/// Queues the jobs that file versions lack, and those that ended since their file had changed, inside the caller's
/// transaction.
struct JobQueuing {
    private let db: Database
    private let firstID: Int64
    private var nextID: Int64
    private var policies: [String: Policy] = [:]
    private let events: EventLog
    /// Jobs that were there and are queued again.
    private var again = 0
    /// New jobs that are not needed.
    private var needless = 0

    /// Of a plugin.
    private struct Policy {
        var skipsDuplicates: Bool
        /// Later content of a place takes the place of its earlier rows.
        var replaces: Bool
    }

    private typealias Known = (id: JobID, status: JobStatus?)

    init(db: Database, events: EventLog) throws {
        self.db = db
        self.events = events
        // Ids are given out by us, never twice: sinks recognise a job's earlier output by its id.
        firstID = try ReadyIndex.catchUp(db) + 1
        nextID = firstID
    }

    /// - Parameter isReturned: The version's place had other content meanwhile.
    mutating func queue(
        _ version: FileVersionID, plugins: [String], priority: Int, isReturned: Bool = false
    ) throws {
        for plugin in plugins {
            guard let job = try job(version, plugin) else {
                try insert(version, plugin, priority, mayBeNeedless: true)
                continue
            }
            if isReturned, try isReplaced(job, version, plugin) {
                try insert(version, plugin, priority, mayBeNeedless: false)
            } else if job.status == .skipped, try SQLDuplicates.isNoted(db, job.id) {
                guard try holder(of: version, plugin) == nil else { continue }
                try SQLDuplicates.takeUp(db, job.id, events)
                again += 1
            } else if let status = job.status, [.skipped, .failed].contains(status) {
                try takeUpAgain(job.id, status)
            }
        }
    }

    /// Queues a job beside those that ended; none if the newest one waits or runs, or is not needed.
    mutating func rerun(_ version: FileVersionID, plugin: String, priority: Int) throws {
        let job = try job(version, plugin)
        if let job {
            if job.status?.isPending ?? true { return }
            if job.status == .skipped, try SQLDuplicates.isNoted(db, job.id), try holder(of: version, plugin) != nil {
                return
            }
        }
        guard try db.integer("SELECT 1 FROM cf_file_version WHERE id = ?", [version.rawValue]) != nil else {
            throw CatalogError.unknownVersion(version)
        }
        try insert(version, plugin, priority, mayBeNeedless: job == nil)
    }

    private mutating func insert(
        _ version: FileVersionID, _ plugin: String, _ priority: Int, mayBeNeedless: Bool
    ) throws {
        let policy = try policy(of: plugin)
        let holder = mayBeNeedless ? try holder(of: version, plugin) : nil
        try db.run(
            """
            INSERT INTO cf_processing_queue
            (id, file_version_id, plugin_name, status, priority, retry_count, end_time, error_message)
            VALUES (?, ?, ?, ?, ?, 0, ?, ?)
            """,
            [
                nextID, version.rawValue, plugin, (holder == nil ? JobStatus.queued : .skipped).rawValue, priority,
                holder.map { _ in events.now }, holder?.reason,
            ])
        try db.run(
            "INSERT OR REPLACE INTO cf_job_key (file_version_id, plugin_name, job_id) VALUES (?, ?, ?)",
            [version.rawValue, plugin, nextID])
        if let holder {
            try SQLDuplicates.note(db, nextID, plugin, of: holder)
            events.add(.skipped, job: nextID, detail: holder.reason)
            needless += 1
        } else {
            try ReadyIndex.insert(db, plugin: plugin, priority: priority, job: nextID)
            events.add(.queued, job: nextID, attempt: 1)
        }
        nextID += 1
        if holder == nil, policy.skipsDuplicates, policy.replaces { try releaseEarlier(version, plugin) }
    }

    /// How many jobs were queued.
    func finish() throws -> Int {
        try events.flush()
        if nextID > firstID { try ReadyIndex.setWatermark(db, to: nextID - 1) }
        return Int(nextID - firstID) - needless + again
    }

    /// A key whose job was deleted from the queue by hand does not count.
    private func job(_ version: FileVersionID, _ plugin: String) throws -> Known? {
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

    // MARK: Duplicates and content that returns

    private mutating func holder(of version: FileVersionID, _ plugin: String) throws -> DuplicateRule.Holder? {
        let policy = try policy(of: plugin)
        guard policy.skipsDuplicates else { return nil }
        return try SQLDuplicates.holder(db, of: version, plugin, replaces: policy.replaces)
    }

    /// Whether the rows of a job that was completed may have been replaced by those of later content.
    private mutating func isReplaced(_ job: Known, _ version: FileVersionID, _ plugin: String) throws -> Bool {
        guard job.status == .completed, try policy(of: plugin).replaces else { return false }
        let newest = try newestJobs(ofPlaceOf: version, plugin).map(\.job.rawValue).max()
        return ReturnedVersion.isWanted(
            job.status, hasNewerJob: newest.map { $0 > job.id.rawValue } ?? false, replaces: true)
    }

    /// Rows of a place's earlier versions are going to be replaced: who counted on them needs rows of its own.
    private mutating func releaseEarlier(_ version: FileVersionID, _ plugin: String) throws {
        for earlier in try newestJobs(ofPlaceOf: version, plugin)
        where try SQLDuplicates.release(db, of: earlier.version, plugin, events) { again += 1 }
    }

    /// The jobs of the other versions of a version's place.
    private func newestJobs(
        ofPlaceOf version: FileVersionID, _ plugin: String
    ) throws -> [(version: FileVersionID, job: JobID)] {
        try db.all(
            """
            SELECT v.id, k.job_id FROM cf_file_version me JOIN cf_file_version v ON v.location_id = me.location_id
            JOIN cf_job_key k ON k.file_version_id = v.id AND k.plugin_name = ?
            WHERE me.id = ? AND v.id <> me.id
            """, [plugin, version.rawValue]
        ) { row in (row.id(0), row.id(1)) }
    }

    /// - Throws: `CatalogError` for a plugin without a configuration row.
    private mutating func policy(of plugin: String) throws -> Policy {
        if let known = policies[plugin] { return known }
        guard try db.integer("SELECT 1 FROM cf_plugin_config WHERE plugin_name = ?", [plugin]) != nil else {
            throw CatalogError.unknownPlugin(plugin)
        }
        let word = try db.first("SELECT duplicate_content FROM cf_plugin_limits WHERE plugin_name = ?", [plugin]) {
            $0.text(0)
        }
        let policy = Policy(
            skipsDuplicates: word == DuplicateContent.skip.rawValue,
            replaces: try SQLWork.sinks(db, of: plugin).replacesRows)
        policies[plugin] = policy
        return policy
    }
}
