import CasparianCatalog
import CasparianModel
import GRDB

extension SQLiteCatalog {
    public func jobs(_ filter: JobFilter) async throws -> [JobListing] {
        try await read { db in
            let jobs: [JobListing]
            if let version = filter.fileVersionID {
                jobs = try SQLListings.jobs(db, of: version, filter)
            } else {
                jobs = try db.all(
                    """
                    \(SQLListings.jobSelect) WHERE (?1 IS NULL OR q.status = ?1) AND (?2 IS NULL OR q.plugin_name = ?2)
                    AND (NOT ?4 OR c.dead_at IS NOT NULL) ORDER BY q.id DESC LIMIT ?3
                    """, [filter.status?.rawValue, filter.plugin, filter.limit, filter.isDead], SQLListings.job)
            }
            return jobs.reversed()
        }
    }

    public func job(id: JobID) async throws -> JobListing? {
        try await read { db in
            try db.first("\(SQLListings.jobSelect) WHERE q.id = ?", [id.rawValue], SQLListings.job)
        }
    }

    public func artifacts(_ filter: ArtifactFilter) async throws -> [ArtifactListing] {
        try await read { db in
            try db.all(
                """
                SELECT * FROM (SELECT a.job_id, q.plugin_name, q.file_version_id, a.topic, a.uri, a.rows, a.size_bytes,
                a.content_hash, a.ordinal FROM cf_job_artifact a JOIN cf_processing_queue q ON q.id = a.job_id
                WHERE a.job_id BETWEEN ?1 AND ?2 AND (?3 IS NULL OR q.plugin_name = ?3)
                ORDER BY a.job_id DESC, a.ordinal DESC LIMIT ?4) ORDER BY job_id, ordinal
                """, [filter.job?.rawValue ?? 0, filter.job?.rawValue ?? .max, filter.plugin, filter.limit]
            ) { row in
                ArtifactListing(
                    jobID: row.id(0), pluginName: row.text(1) ?? "", fileVersionID: row.id(2),
                    artifact: Artifact(
                        topic: row.text(3) ?? "", uri: row.text(4) ?? "", rows: row.integer(5),
                        sizeBytes: row.integer(6), contentHash: row.text(7)))
            }
        }
    }

    public func queueSummary() async throws -> QueueSummary {
        try await read { db in
            var summary = QueueSummary()
            let counts = try db.all("SELECT status, count(*) FROM cf_processing_queue GROUP BY status") { row in
                (row.text(0).flatMap { JobStatus(rawValue: $0) }, Int(row.integer(1) ?? 0))
            }
            for case (let status?, let count) in counts { summary.countByStatus[status] = count }
            let waiting = try db.all(
                """
                SELECT plugin_name, count(*) FROM cf_processing_queue WHERE status IN ('QUEUED', 'PENDING')
                GROUP BY plugin_name
                """
            ) { ($0.text(0) ?? "", Int($0.integer(1) ?? 0)) }
            for (plugin, count) in waiting { summary.waitingByPlugin[plugin] = count }
            return summary
        }
    }
}

enum SQLListings {
    static let jobSelect = """
        SELECT q.id, q.file_version_id, q.plugin_name, q.status, q.priority, q.worker_host, q.worker_pid, q.claim_time,
        q.end_time, q.result_summary, q.error_message, q.retry_count, r.path, l.rel_path, v.content_hash, a.rows,
        a.size_bytes, CASE WHEN json_valid(a.metrics) THEN json_extract(a.metrics, '$.quarantined') END,
        \(SQLCourses.columns) FROM cf_processing_queue q LEFT JOIN cf_file_version v ON v.id = q.file_version_id
        LEFT JOIN cf_file_location l ON l.id = v.location_id LEFT JOIN cf_source_root r ON r.id = l.source_root_id
        LEFT JOIN cf_job_attempt a ON a.job_id = q.id AND a.attempt = coalesce(q.retry_count, 0) + 1
        LEFT JOIN cf_job_course c ON c.job_id = q.id
        """

    /// Jobs of one version, newest first, found by their key and not by reading the whole queue; rows that another
    /// program added lately have no key yet.
    static func jobs(_ db: Database, of version: FileVersionID, _ filter: JobFilter) throws -> [JobListing] {
        try db.all(
            """
            \(jobSelect) WHERE q.id IN (SELECT job_id FROM cf_job_key WHERE file_version_id = ?1 UNION ALL
            SELECT id FROM cf_processing_queue WHERE id > (SELECT last_job_id FROM cf_job_watermark)
            AND file_version_id = ?1) AND q.file_version_id = ?1
            AND (?2 IS NULL OR q.status = ?2) AND (?3 IS NULL OR q.plugin_name = ?3)
            AND (NOT ?5 OR c.dead_at IS NOT NULL) ORDER BY q.id DESC LIMIT ?4
            """, [version.rawValue, filter.status?.rawValue, filter.plugin, filter.limit, filter.isDead], job)
    }

    static func job(_ row: Row) -> JobListing {
        let root = row.text(12).map { SourceRoot(id: 0, path: $0) }
        return JobListing(
            job: Job(
                id: row.id(0), fileVersionID: row.id(1), pluginName: row.text(2) ?? "",
                status: row.text(3).flatMap { JobStatus(rawValue: $0) } ?? .pending,
                priority: Int(row.integer(4) ?? 0), workerHost: row.text(5), workerPID: row.integer(6),
                claimTime: row.time(7), endTime: row.time(8), resultSummary: row.text(9), errorMessage: row.text(10),
                retryCount: Int(row.integer(11) ?? 0)),
            filePath: root?.path(of: row.text(13) ?? "") ?? "", contentHash: row.text(14), rows: row.integer(15),
            sizeBytes: row.integer(16), quarantined: row.integer(17), course: SQLCourses.read(row, from: 18))
    }
}
