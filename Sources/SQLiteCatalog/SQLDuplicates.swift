import CasparianCatalog
import CasparianModel
import GRDB

/// `cf_job_duplicate`: jobs that are not needed, since their plugin is given their content at another place.
enum SQLDuplicates {
    /// Makes the versions that were added since the last time, by whomever, known by their content.
    static func takeInContents(_ db: Database) throws {
        try db.run(
            """
            INSERT OR IGNORE INTO cf_version_content (content_key, file_version_id)
            SELECT substr(content_hash, 1, 16), id FROM cf_file_version
            WHERE id > (SELECT last_version_id FROM cf_content_watermark) ORDER BY 1
            """)
        try db.run(
            """
            UPDATE cf_content_watermark SET last_version_id = (SELECT coalesce(max(id), 0) FROM cf_file_version)
            WHERE last_version_id < (SELECT coalesce(max(id), 0) FROM cf_file_version)
            """)
    }

    /// A file elsewhere with a version's content, whose job for the plugin makes another one needless.
    static func holder(
        _ db: Database, of version: FileVersionID, _ plugin: String, replaces: Bool
    ) throws -> DuplicateRule.Holder? {
        try takeInContents(db)
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT v.id, q.id, r.path, l.rel_path, q.status, l.current_version_id = v.id FROM cf_file_version me
                    JOIN cf_version_content c ON c.content_key = substr(me.content_hash, 1, 16)
                    JOIN cf_file_version v ON v.id = c.file_version_id
                    JOIN cf_job_key k ON k.file_version_id = v.id AND k.plugin_name = ?2
                    JOIN cf_processing_queue q ON q.id = k.job_id
                    JOIN cf_file_location l ON l.id = v.location_id JOIN cf_source_root r ON r.id = l.source_root_id
                    WHERE me.id = ?1 AND v.content_hash = me.content_hash AND v.location_id <> me.location_id
                    """), arguments: [version.rawValue, plugin])
        while let row = try rows.next() {
            guard let status = row.text(4).flatMap({ JobStatus(rawValue: $0) }),
                DuplicateRule.isHolder(status, isCurrent: row.integer(5) == 1, replaces: replaces)
            else { continue }
            let path = SourceRoot(id: 0, path: row.text(2) ?? "").path(of: row.text(3) ?? "")
            return DuplicateRule.Holder(versionID: row.id(0), jobID: row.id(1), path: path)
        }
        return nil
    }

    static func note(_ db: Database, _ job: Int64, _ plugin: String, of holder: DuplicateRule.Holder) throws {
        try db.run(
            "INSERT OR REPLACE INTO cf_job_duplicate (job_id, plugin_name, of_version_id) VALUES (?, ?, ?)",
            [job, plugin, holder.versionID.rawValue])
    }

    static func isNoted(_ db: Database, _ job: JobID) throws -> Bool {
        try db.integer("SELECT 1 FROM cf_job_duplicate WHERE job_id = ?", [job.rawValue]) != nil
    }

    static func forget(_ db: Database, _ job: JobID) throws {
        try db.run("DELETE FROM cf_job_duplicate WHERE job_id = ?", [job.rawValue])
    }

    /// A job that was not needed waits for its turn.
    static func takeUp(_ db: Database, _ job: JobID, _ events: EventLog) throws {
        try forget(db, job)
        try db.run(
            """
            UPDATE cf_processing_queue SET status = 'QUEUED', end_time = NULL, error_message = NULL
            WHERE id = ? AND status = 'SKIPPED'
            """, [job.rawValue])
        guard db.changesCount > 0 else { return }
        try SQLJobs.addToReady(db, job)
        let attempt = try db.integer(
            "SELECT coalesce(retry_count, 0) + 1 FROM cf_processing_queue WHERE id = ?", [job.rawValue])
        events.add(.requeued, job: job.rawValue, attempt: attempt, detail: DuplicateRule.release)
    }

    /// A job has ended without output: the next one with its content takes its place.
    static func release(_ db: Database, after job: JobID, _ events: EventLog) throws {
        let ended = try db.first(
            "SELECT file_version_id, plugin_name FROM cf_processing_queue WHERE id = ?", [job.rawValue]
        ) { row in (version: FileVersionID(row.integer(0) ?? 0), plugin: row.text(1) ?? "") }
        if let ended { _ = try release(db, of: ended.version, ended.plugin, events) }
    }

    /// A version's output is not there, or will not be: the first job that counted on it takes its place, also for the rest.
    ///
    /// - Returns: Whether there was one.
    static func release(
        _ db: Database, of version: FileVersionID, _ plugin: String, _ events: EventLog
    ) throws -> Bool {
        let next = try db.first(
            """
            SELECT q.id, q.file_version_id FROM cf_job_duplicate d JOIN cf_processing_queue q ON q.id = d.job_id
            WHERE d.of_version_id = ? AND d.plugin_name = ? AND q.status = 'SKIPPED' ORDER BY q.id LIMIT 1
            """, [version.rawValue, plugin]
        ) { row in (job: JobID(row.integer(0) ?? 0), version: row.integer(1)) }
        guard let next else { return false }
        try takeUp(db, next.job, events)
        try db.run(
            "UPDATE cf_job_duplicate SET of_version_id = ? WHERE of_version_id = ? AND plugin_name = ?",
            [next.version, version.rawValue, plugin])
        return true
    }
}
