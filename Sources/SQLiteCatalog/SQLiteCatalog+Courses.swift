import CasparianCatalog
import CasparianModel
import GRDB

extension SQLiteCatalog {
    public func cancel(job: JobID, by person: String, now: Timestamp) async throws -> CancelOutcome {
        try await write { [eventsMax] db in
            let found = try db.first(
                "SELECT status, coalesce(retry_count, 0) + 1 FROM cf_processing_queue WHERE id = ?", [job.rawValue]
            ) { ($0.text(0).flatMap { JobStatus(rawValue: $0) } ?? .pending, $0.integer(1) ?? 1) }
            guard let (held, attempt) = found else { return .unknown }
            if held.isTerminal { return .ended(held) }
            try SQLCourses.noteWish(db, job, by: person, now: now.description)
            let events = EventLog(db: db, now: now.description, eventsMax: eventsMax)
            events.add(
                held == .running ? .cancelling : .cancelled, job: job.rawValue, attempt: attempt,
                detail: "by \(person)")
            if held != .running { try SQLCourses.skip(db, job, by: person, now: now.description, events) }
            try events.flush()
            return held == .running ? .requested : .cancelled
        }
    }

    public func cancellations() async throws -> [JobID] {
        try await read { db in
            try db.all(
                """
                SELECT c.job_id FROM cf_job_course c JOIN cf_processing_queue q ON q.id = c.job_id
                WHERE c.cancel_at IS NOT NULL AND q.status = 'RUNNING' ORDER BY c.job_id
                """
            ) { $0.id(0) }
        }
    }

    public func pluginPauses() async throws -> [PluginPause] {
        try await read { db in
            try db.all("SELECT plugin_name, until, failures, reason FROM cf_plugin_pause ORDER BY plugin_name") { row in
                PluginPause(
                    pluginName: row.text(0) ?? "", until: row.time(1) ?? .unknown, failures: Int(row.integer(2) ?? 0),
                    reason: row.text(3) ?? "")
            }
        }
    }

    public func pluginLimits() async throws -> [String: PluginLimits] {
        try await read { db in try SQLLimits.all(db) }
    }

    public func setPluginLimits(_ limits: PluginLimits, plugin: String) async throws {
        try CatalogLimits.check(name: plugin, of: "plugin name")
        try await write { db in
            guard limits != PluginLimits() else {
                return try db.run("DELETE FROM cf_plugin_limits WHERE plugin_name = ?", [plugin])
            }
            try db.run(
                """
                INSERT OR REPLACE INTO cf_plugin_limits
                (plugin_name, deadline_seconds, concurrency, attempts_max, retries_failures, duplicate_content,
                memory_mib, cpu_seconds, processes, open_files, network) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    plugin, limits.deadlineSeconds, limits.concurrency, limits.attemptsMax,
                    limits.retriesFailures ? 1 : 0, limits.duplicateContent.rawValue,
                    limits.resources.memoryMebibytes, limits.resources.cpuSeconds, limits.resources.processes,
                    limits.resources.openFiles, limits.resources.allowsNetwork ? 1 : 0,
                ])
        }
    }
}
