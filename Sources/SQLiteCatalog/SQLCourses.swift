import CasparianCatalog
import CasparianModel
import GRDB

/// `cf_job_course`: why a job waits, and how often it was tried.
enum SQLCourses {
    /// Columns of a join on `c`, for `read`.
    static let columns = "c.strikes, c.not_before, c.dead_at, c.cancel_at, c.cancel_by"

    static func read(_ row: Row, from index: Int) -> JobCourse {
        var course = JobCourse()
        course.strikes = Int(row.integer(index) ?? 0)
        course.notBefore = row.time(index + 1)
        course.isDead = row.text(index + 2) != nil
        course.cancelRequested = row.time(index + 3)
        course.cancelledBy = row.text(index + 4)
        return course
    }

    /// Jobs whose time has come are ready.
    static func releaseDue(_ db: Database, now: String, _ events: EventLog) throws {
        let due = try db.all(
            """
            SELECT c.job_id, coalesce(q.retry_count, 0) + 1, q.status FROM cf_job_course c
            LEFT JOIN cf_processing_queue q ON q.id = c.job_id WHERE c.not_before IS NOT NULL AND c.not_before <= ?
            """, [now]
        ) { row -> (JobID, Int64, String?) in (row.id(0), row.integer(1) ?? 1, row.text(2)) }
        for (job, attempt, status) in due {
            if status == JobStatus.queued.rawValue { events.add(.due, job: job.rawValue, attempt: attempt) }
            try db.run("UPDATE cf_job_course SET not_before = NULL WHERE job_id = ?", [job.rawValue])
            try SQLJobs.addToReady(db, job)
        }
    }

    static func strike(_ db: Database, _ job: JobID) throws {
        try db.run(
            """
            INSERT INTO cf_job_course (job_id, strikes) VALUES (?, 1)
            ON CONFLICT (job_id) DO UPDATE SET strikes = strikes + 1
            """, [job.rawValue])
    }

    static func hold(_ db: Database, _ job: JobID, until time: Timestamp) throws {
        try db.run(
            """
            INSERT INTO cf_job_course (job_id, not_before) VALUES (?, ?)
            ON CONFLICT (job_id) DO UPDATE SET not_before = excluded.not_before
            """, [job.rawValue, time.description])
    }

    static func bury(_ db: Database, _ job: JobID, now: String) throws {
        try db.run(
            """
            INSERT INTO cf_job_course (job_id, dead_at) VALUES (?, ?)
            ON CONFLICT (job_id) DO UPDATE SET dead_at = excluded.dead_at
            """, [job.rawValue, now])
    }

    static func noteWish(_ db: Database, _ job: JobID, by person: String, now: String) throws {
        try db.run(
            """
            INSERT INTO cf_job_course (job_id, cancel_at, cancel_by) VALUES (?, ?, ?)
            ON CONFLICT (job_id) DO UPDATE SET cancel_at = excluded.cancel_at, cancel_by = excluded.cancel_by
            """, [job.rawValue, now, person])
    }

    /// Who wants the job to end; nil if nobody does.
    static func canceller(_ db: Database, of job: JobID) throws -> String? {
        try db.first(
            "SELECT cancel_by FROM cf_job_course WHERE job_id = ? AND cancel_at IS NOT NULL", [job.rawValue]
        ) { $0.text(0) ?? "somebody" }
    }

    /// A job that somebody cancelled has ended; it is in no list of those that wait.
    static func skip(_ db: Database, _ job: JobID, by person: String, now: String, _ events: EventLog) throws {
        try db.run(
            """
            UPDATE cf_processing_queue SET status = 'SKIPPED', end_time = ?, result_summary = NULL, error_message = ?
            WHERE id = ?
            """, [now, JobCourse.cancellation(by: person), job.rawValue])
        try db.run("UPDATE cf_job_course SET not_before = NULL WHERE job_id = ?", [job.rawValue])
        try db.run(
            """
            DELETE FROM cf_job_ready WHERE (plugin_name, priority, job_id) IN (SELECT plugin_name,
            coalesce(priority, 0), id FROM cf_processing_queue WHERE id = ?)
            """, [job.rawValue])
        try SQLDuplicates.release(db, after: job, events)
    }
}

/// `cf_plugin_limits`.
enum SQLLimits {
    static func all(_ db: Database) throws -> [String: PluginLimits] {
        let rows = try db.all(
            """
            SELECT plugin_name, deadline_seconds, concurrency, attempts_max, retries_failures, duplicate_content,
            memory_mib, cpu_seconds, processes, open_files, network FROM cf_plugin_limits
            """
        ) { row in
            (
                row.text(0) ?? "",
                PluginLimits(
                    deadlineSeconds: row.integer(1).map { Int($0) }, concurrency: row.integer(2).map { Int($0) },
                    attemptsMax: row.integer(3).map { Int($0) }, retriesFailures: row.integer(4) == 1,
                    duplicateContent: row.text(5).flatMap { DuplicateContent(rawValue: $0) } ?? .process,
                    resources: ResourceLimits(
                        memoryMebibytes: row.integer(6).map { Int($0) }, cpuSeconds: row.integer(7).map { Int($0) },
                        processes: row.integer(8).map { Int($0) }, openFiles: row.integer(9).map { Int($0) },
                        allowsNetwork: row.integer(10) == 1))
            )
        }
        return Dictionary(rows) { first, _ in first }
    }

    /// Jobs that plugins with a limit may begin beside those that run; with the caller's own limits.
    static func rooms(
        _ db: Database, _ limits: [String: PluginLimits], with own: [String: Int]
    ) throws -> [String: Int] {
        var rooms = own
        for (plugin, limits) in limits {
            guard let most = limits.concurrency else { continue }
            let running = try db.integer(
                "SELECT count(*) FROM cf_processing_queue WHERE status = 'RUNNING' AND plugin_name = ?", [plugin])
            rooms[plugin] = min(rooms[plugin] ?? .max, max(0, most - Int(running ?? 0)))
        }
        return rooms
    }
}

/// `cf_plugin_pause`.
enum SQLPauses {
    static func write(_ db: Database, _ batch: QueueBatch) throws {
        for plugin in batch.resumed { try db.run("DELETE FROM cf_plugin_pause WHERE plugin_name = ?", [plugin]) }
        for pause in batch.pauses {
            try db.run(
                "INSERT OR REPLACE INTO cf_plugin_pause (plugin_name, until, failures, reason) VALUES (?, ?, ?, ?)",
                [pause.pluginName, pause.until.description, pause.failures, pause.reason])
        }
    }
}
