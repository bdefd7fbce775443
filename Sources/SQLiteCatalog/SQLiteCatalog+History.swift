import CasparianCatalog
import CasparianModel
import GRDB

extension SQLiteCatalog {
    public func jobEvents(_ filter: JobEventFilter) async throws -> [JobEvent] {
        try await read { db in try SQLEvents.list(db, filter) }
    }

    public func attempts(of job: JobID) async throws -> [JobAttempt] {
        try await read { db in
            try db.all(
                """
                SELECT attempt, outcome, metrics, error_message, worker_host, worker_pid, claimed_at, ended_at, cause,
                exit_signal, plugin_hash FROM cf_job_attempt WHERE job_id = ? ORDER BY attempt
                """, [job.rawValue]
            ) { row in
                JobAttempt(
                    attempt: Int(row.integer(0) ?? 0), outcome: row.text(1) ?? "",
                    metrics: try SQLHistory.metrics(db, row.text(2)), errorMessage: row.text(3),
                    workerHost: row.text(4), workerPID: row.integer(5), claimed: row.time(6),
                    ended: row.time(7) ?? .unknown, cause: row.text(8), exitSignal: row.integer(9),
                    pluginHash: row.text(10))
            }
        }
    }

    public func history(of location: FileLocationID) async throws -> FileHistory {
        try await read { db in
            var history =
                try db.first(
                    "SELECT discovered_time, last_seen_time FROM cf_file_location WHERE id = ?", [location.rawValue]
                ) { FileHistory(discovered: $0.time(0), lastSeen: $0.time(1)) } ?? FileHistory()
            history.versions = try db.all(
                """
                SELECT id, location_id, content_hash, size_bytes, modified_time, detected_at, applied_tags
                FROM cf_file_version WHERE location_id = ? ORDER BY id
                """, [location.rawValue]
            ) { row in
                FileVersion(
                    id: row.id(0), locationID: row.id(1), contentHash: row.text(2) ?? "",
                    sizeBytes: row.integer(3) ?? 0, modified: row.time(4) ?? .unknown,
                    detected: row.time(5) ?? .unknown, tags: TagList.parse(row.text(6)))
            }
            return history
        }
    }

    public func file(_ relativePath: String, root: SourceRootID) async throws -> KnownFile? {
        try await read { db in
            try db.first(
                """
                SELECT \(SQLFiles.columns) FROM cf_file_location l \(SQLFiles.joins)
                WHERE l.source_root_id = ? AND l.rel_path = ?
                """, [root.rawValue, relativePath], SQLFiles.file)
        }
    }

    public func artifacts(uri: String) async throws -> [ArtifactListing] {
        try await read { db in
            try db.all(
                """
                SELECT a.job_id, q.plugin_name, q.file_version_id, a.topic, a.rows, a.size_bytes, a.content_hash
                FROM cf_job_artifact a JOIN cf_processing_queue q ON q.id = a.job_id WHERE a.uri = ?
                ORDER BY a.job_id, a.ordinal
                """, [uri]
            ) { row in
                ArtifactListing(
                    jobID: row.id(0), pluginName: row.text(1) ?? "", fileVersionID: row.id(2),
                    artifact: Artifact(
                        topic: row.text(3) ?? "", uri: uri, rows: row.integer(4), sizeBytes: row.integer(5),
                        contentHash: row.text(6)))
            }
        }
    }

    public func jobsAhead(of job: JobID) async throws -> Int? {
        try await read { db in
            let found = try db.first(
                "SELECT plugin_name, priority FROM cf_job_ready WHERE (plugin_name, priority, job_id) IN "
                    + "(SELECT plugin_name, coalesce(priority, 0), id FROM cf_processing_queue WHERE id = ?)",
                [job.rawValue]
            ) { ($0.text(0) ?? "", $0.integer(1) ?? 0) }
            guard let (plugin, priority) = found else { return nil }
            let ahead = try db.integer(
                """
                SELECT count(*) FROM cf_job_ready WHERE plugin_name = ?1
                AND (priority > ?2 OR (priority = ?2 AND job_id < ?3))
                """, [plugin, priority, job.rawValue])
            return Int(ahead ?? 0)
        }
    }

    public func queueDepths() async throws -> [QueueDepth] {
        try await read { db in
            // The queued ones from their own index, since there may be a hundred thousand, and those that wait for
            // their time, which are not in it.
            try db.all(
                """
                SELECT status, plugin_name, count(*) FROM cf_processing_queue
                WHERE status IN ('PENDING', 'RUNNING', 'FAILED', 'SKIPPED') GROUP BY status, plugin_name
                UNION ALL SELECT 'QUEUED', plugin_name, sum(jobs) FROM (
                SELECT plugin_name, count(*) AS jobs FROM cf_job_ready GROUP BY plugin_name
                UNION ALL SELECT q.plugin_name, count(*) FROM cf_job_course c
                JOIN cf_processing_queue q ON q.id = c.job_id WHERE c.not_before IS NOT NULL AND q.status = 'QUEUED'
                GROUP BY q.plugin_name) GROUP BY plugin_name ORDER BY 1, 2
                """
            ) { row in
                QueueDepth(
                    status: row.text(0).flatMap { JobStatus(rawValue: $0) } ?? .pending, plugin: row.text(1) ?? "",
                    jobs: Int(row.integer(2) ?? 0))
            }
        }
    }
}

enum SQLHistory {
    /// The whole numbers of a receipt's metrics; what is no JSON object has none.
    static func metrics(_ db: Database, _ text: String?) throws -> [String: Int64] {
        guard let text else { return [:] }
        let pairs = try db.all(
            """
            SELECT j.key, j.value FROM (SELECT CASE WHEN json_valid(?1) AND json_type(?1) = 'object' THEN ?1 ELSE '{}' END AS text) t,
            json_each(t.text) j WHERE j.type = 'integer'
            """, [text]
        ) { ($0.text(0) ?? "", $0.integer(1) ?? 0) }
        return Dictionary(pairs) { _, last in last }
    }
}
