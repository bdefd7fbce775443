import CasparianCatalog
import CasparianModel
import GRDB

extension SQLiteCatalog {
    public func commit(_ batch: QueueBatch, now: Timestamp) async throws -> QueueBatchResult {
        if batch.isEmpty { return QueueBatchResult() }
        let (repair, turns, eventsMax) = (repair, turns, eventsMax)
        return try await write { db in
            var result = QueueBatchResult()
            let events = EventLog(db: db, now: now.description, eventsMax: eventsMax)
            result.ignoredConclusions = try ReceiptWriter(db: db, now: now, events: events).write(batch.conclusions)
            for requeue in batch.requeues {
                let reason = batch.requeueReasons[requeue.jobID]
                try SQLJobs.requeue(db, requeue, now: now.description, reason: reason, events)
            }
            try SQLPauses.write(db, batch)
            for worker in batch.workers { try SQLWorkers.upsert(db, worker) }
            if batch.claims.contains(where: { $0.count > 0 }) {
                try ReadyIndex.catchUp(db)
                try SQLCourses.releaseDue(db, now: now.description, events)
                // Claims look up since when a job waits.
                try events.flush()
                var claimer = try JobClaimer(
                    db: db, now: now, claims: batch.claims, rooms: batch.rooms, turns: turns, events: events)
                result.claimed = try claimer.run()
                if claimer.hasIdleClaimant, try repair.run(db) {
                    var again = try JobClaimer(
                        db: db, now: now, claims: claimer.openClaims, rooms: batch.rooms, turns: turns, events: events)
                    result.claimed += try again.run()
                }
            }
            try events.flush()
            return result
        }
    }

    public func retry(job: JobID, now: Timestamp) async throws -> Bool {
        try await write { [eventsMax] db in
            try db.run(
                """
                UPDATE cf_processing_queue SET status = 'QUEUED', retry_count = coalesce(retry_count, 0) + 1,
                worker_host = NULL, worker_pid = NULL, claim_time = NULL, end_time = NULL, result_summary = NULL,
                error_message = NULL WHERE id = ? AND status IN ('FAILED', 'SKIPPED')
                """, [job.rawValue])
            guard db.changesCount > 0 else { return false }
            try db.run("DELETE FROM cf_job_course WHERE job_id = ?", [job.rawValue])
            try SQLDuplicates.forget(db, job)
            try SQLJobs.addToReady(db, job)
            let attempt = try db.integer(
                "SELECT retry_count + 1 FROM cf_processing_queue WHERE id = ?", [job.rawValue])
            let events = EventLog(db: db, now: now.description, eventsMax: eventsMax)
            events.add(.retried, job: job.rawValue, attempt: attempt)
            try events.flush()
            return true
        }
    }

    public func workers() async throws -> [WorkerNode] {
        try await read { db in try SQLWorkers.all(db) }
    }
}

enum SQLJobs {
    /// RUNNING goes back to QUEUED, and the attempt that was lost is noted; a job that somebody cancelled ends.
    static func requeue(
        _ db: Database, _ requeue: Requeue, now: String, reason: String?, _ events: EventLog
    ) throws {
        let id = requeue.jobID
        let held = try db.first(
            """
            SELECT coalesce(retry_count, 0) + 1, worker_host, worker_pid FROM cf_processing_queue
            WHERE id = ? AND status = 'RUNNING'
            """, [id.rawValue]
        ) { ($0.integer(0) ?? 1, EventLogLimits.worker(host: $0.text(1), pid: $0.integer(2))) }
        guard let (attempt, worker) = held else { return }
        events.add(.lost, job: id.rawValue, attempt: attempt, worker: worker, detail: reason)
        try db.run(
            """
            INSERT OR REPLACE INTO cf_job_attempt
            (job_id, attempt, outcome, worker_host, worker_pid, claimed_at, ended_at)
            SELECT id, coalesce(retry_count, 0) + 1, 'LOST', worker_host, worker_pid, claim_time, ?
            FROM cf_processing_queue WHERE id = ? AND status = 'RUNNING'
            """, [now, id.rawValue])
        if let person = try SQLCourses.canceller(db, of: id) {
            events.add(.cancelled, job: id.rawValue, attempt: attempt, detail: "by \(person)")
            return try SQLCourses.skip(db, id, by: person, now: now, events)
        }
        try putBack(db, requeue)
        events.add(
            .requeued, job: id.rawValue, attempt: attempt + 1,
            detail: EventLogLimits.detail(reason, until: requeue.notBefore))
    }

    /// The next attempt waits for its turn, or for its time.
    static func putBack(_ db: Database, _ requeue: Requeue) throws {
        let id = requeue.jobID
        try db.run(
            """
            UPDATE cf_processing_queue SET status = 'QUEUED', retry_count = coalesce(retry_count, 0) + 1,
            worker_host = NULL, worker_pid = NULL, claim_time = NULL WHERE id = ?
            """, [id.rawValue])
        if requeue.isStrike { try SQLCourses.strike(db, id) }
        if let time = requeue.notBefore { try SQLCourses.hold(db, id, until: time) } else { try addToReady(db, id) }
    }

    static func addToReady(_ db: Database, _ id: JobID) throws {
        try db.run(
            """
            INSERT OR IGNORE INTO cf_job_ready (plugin_name, priority, job_id)
            SELECT plugin_name, coalesce(priority, 0), id FROM cf_processing_queue WHERE id = ? AND status = 'QUEUED'
            """, [id.rawValue])
    }
}

enum SQLWorkers {
    static func upsert(_ db: Database, _ worker: WorkerNode) throws {
        try db.run(
            """
            INSERT INTO cf_worker_node (hostname, pid, ip_address, env_signature, started_at, last_heartbeat, status,
            current_job_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hostname, pid) DO UPDATE SET
            ip_address = excluded.ip_address, env_signature = excluded.env_signature,
            started_at = excluded.started_at, last_heartbeat = excluded.last_heartbeat, status = excluded.status,
            current_job_id = excluded.current_job_id
            """,
            [
                worker.hostname, worker.pid, worker.ipAddress, worker.environmentSignature, worker.started.description,
                worker.lastHeartbeat.description, worker.status.rawValue, worker.currentJobID?.rawValue,
            ])
        let offer = "[" + worker.plugins.map(JSONText.quoted).joined(separator: ",") + "]"
        try db.run(
            """
            INSERT INTO cf_worker_offer (hostname, pid, plugins) VALUES (?, ?, ?)
            ON CONFLICT (hostname, pid) DO UPDATE SET plugins = excluded.plugins
            WHERE plugins <> excluded.plugins
            """, [worker.hostname, worker.pid, offer])
    }

    static func all(_ db: Database) throws -> [WorkerNode] {
        var plugins: [String: [String]] = [:]
        let offers = try db.all(
            "SELECT o.hostname, o.pid, j.value FROM cf_worker_offer o, json_each(o.plugins) j ORDER BY j.key"
        ) { ("\($0.integer(1) ?? 0)@\($0.text(0) ?? "")", $0.text(2) ?? "") }
        for (worker, plugin) in offers { plugins[worker, default: []].append(plugin) }
        return try db.all(
            """
            SELECT hostname, pid, ip_address, env_signature, started_at, last_heartbeat, status, current_job_id
            FROM cf_worker_node ORDER BY hostname, pid
            """
        ) { row in
            let hostname = row.text(0) ?? ""
            let pid = row.integer(1) ?? 0
            return WorkerNode(
                hostname: hostname, pid: pid, ipAddress: row.text(2), environmentSignature: row.text(3),
                started: row.time(4) ?? .unknown, lastHeartbeat: row.time(5) ?? .unknown,
                status: row.text(6).flatMap { WorkerNode.Status(rawValue: $0) } ?? .offline,
                currentJobID: row.integer(7).map { JobID($0) }, plugins: plugins["\(pid)@\(hostname)"] ?? [])
        }
    }
}
