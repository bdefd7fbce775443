import CasparianCatalog
import CasparianModel
import GRDB

/// Ends jobs with their receipts, inside the caller's transaction.
struct ReceiptWriter {
    private let db: Database
    private let now: String
    private let events: EventLog

    private struct Held {
        var status: JobStatus
        var attempt: Int64
        var plugin: String
        var priority: Int
        var worker: String?
    }

    init(db: Database, now: Timestamp, events: EventLog) {
        self.events = events
        self.db = db
        self.now = now.description
    }

    /// - Returns: Jobs whose receipt changed nothing.
    func write(_ conclusions: [Conclusion]) throws -> [JobID] {
        var ignored: [JobID] = []
        var roots: [SourceRoot]?
        for conclusion in conclusions {
            guard let held = try held(conclusion.jobID), conclusion.applies(to: held.status, attempt: Int(held.attempt))
            else {
                ignored.append(conclusion.jobID)
                continue
            }
            try note(conclusion, held)
            if try ReturnedContent.needsLook(conclusion.receipt, isMoved: isMoved(conclusion.jobID)) {
                try forgetFolder(of: conclusion.jobID)
            }
            guard try !putBack(conclusion, held) else { continue }
            try end(conclusion, held)
            guard conclusion.receipt.status == .success, !conclusion.receipt.artifacts.isEmpty else { continue }
            let known = try roots ?? SQLRoots.all(db)
            roots = known
            try writeArtifacts(conclusion, roots: known)
        }
        return ignored
    }

    /// Whether a scan has found the job's file at another path since it was handed out.
    private func isMoved(_ job: JobID) throws -> Bool {
        try db.integer(
            """
            SELECT 1 FROM cf_processing_queue q JOIN cf_file_version v ON v.id = q.file_version_id
            JOIN cf_file_move m ON m.location_id = v.location_id AND m.moved_at >= q.claim_time WHERE q.id = ?
            """, [job.rawValue]) != nil
    }

    /// The next scan compares all files of the folder that the job's lies in with what is known of them.
    private func forgetFolder(of job: JobID) throws {
        let place = try db.first(
            """
            SELECT l.source_root_id, l.rel_path FROM cf_processing_queue q
            JOIN cf_file_version v ON v.id = q.file_version_id JOIN cf_file_location l ON l.id = v.location_id
            WHERE q.id = ?
            """, [job.rawValue]
        ) { row in (root: row.integer(0) ?? 0, path: row.text(1) ?? "") }
        guard let place else { return }
        try db.run(
            "DELETE FROM cf_folder WHERE source_root_id = ? AND path = ?",
            [place.root, PathParts.folder(of: place.path)])
    }

    private func held(_ job: JobID) throws -> Held? {
        try db.first(
            """
            SELECT status, coalesce(retry_count, 0) + 1, plugin_name, coalesce(priority, 0), worker_host, worker_pid
            FROM cf_processing_queue WHERE id = ?
            """, [job.rawValue]
        ) { row in
            row.text(0).flatMap { JobStatus(rawValue: $0) }.map {
                Held(
                    status: $0, attempt: row.integer(1) ?? 1, plugin: row.text(2) ?? "",
                    priority: Int(row.integer(3) ?? 0),
                    worker: EventLogLimits.worker(host: row.text(4), pid: row.integer(5)))
            }
        } ?? nil
    }

    /// The attempt has ended.
    private func note(_ conclusion: Conclusion, _ held: Held) throws {
        let receipt = conclusion.receipt
        try db.run(
            """
            INSERT OR REPLACE INTO cf_job_attempt (job_id, attempt, outcome, rows, size_bytes, metrics, error_message,
            cause, exit_signal, plugin_hash, worker_host, worker_pid, claimed_at, ended_at)
            SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ?, worker_host, worker_pid, claim_time, ? FROM cf_processing_queue WHERE id = ?
            """,
            [
                held.attempt, receipt.outcome, receipt.rows, receipt.sizeBytes, receipt.metricsJSON,
                receipt.status == .success ? nil : receipt.failureText, receipt.cause?.rawValue, receipt.exitSignal,
                receipt.pluginHash, now,
                conclusion.jobID.rawValue,
            ])
        let isSuccess = receipt.status == .success
        events.add(
            receipt.event, job: conclusion.jobID.rawValue, attempt: held.attempt,
            worker: held.worker, detail: isSuccess ? receipt.summary : receipt.failureText)
    }

    /// False if the job ends with its attempt; else it is tried again, or somebody cancelled it.
    private func putBack(_ conclusion: Conclusion, _ held: Held) throws -> Bool {
        guard conclusion.receipt.status == .failed else { return false }
        if let person = try SQLCourses.canceller(db, of: conclusion.jobID) {
            try SQLCourses.skip(db, conclusion.jobID, by: person, now: now, events)
            events.add(
                .cancelled, job: conclusion.jobID.rawValue, attempt: held.attempt, detail: "by \(person)")
            return true
        }
        switch conclusion.consequence {
        case .end: return false
        case .bury:
            try SQLCourses.bury(db, conclusion.jobID, now: now)
            return false
        case .retry(let time):
            try SQLJobs.putBack(db, Requeue(conclusion.jobID, notBefore: time, isStrike: true))
            events.add(
                .requeued, job: conclusion.jobID.rawValue, attempt: held.attempt + 1,
                detail: EventLogLimits.detail(nil, until: time))
            return true
        }
    }

    private func end(_ conclusion: Conclusion, _ held: Held) throws {
        let id = conclusion.jobID.rawValue
        let receipt = conclusion.receipt
        let isSuccess = receipt.status == .success
        try db.run(
            """
            UPDATE cf_processing_queue SET status = ?, end_time = ?, result_summary = ?, error_message = ? WHERE id = ?
            """,
            [
                receipt.ending.rawValue, now, isSuccess ? receipt.summary : nil, isSuccess ? nil : receipt.failureText,
                id,
            ])
        if held.status == .queued {
            try ReadyIndex.remove(db, plugin: held.plugin, priority: held.priority, job: id)
            try db.run("UPDATE cf_job_course SET not_before = NULL WHERE job_id = ?", [id])
        }
        if !isSuccess { try SQLDuplicates.release(db, after: conclusion.jobID, events) }
    }

    private func writeArtifacts(_ conclusion: Conclusion, roots: [SourceRoot]) throws {
        for (ordinal, artifact) in conclusion.receipt.artifacts.enumerated() {
            try db.run(
                """
                INSERT OR REPLACE INTO cf_job_artifact (job_id, ordinal, topic, uri, rows, size_bytes, content_hash)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    conclusion.jobID.rawValue, ordinal, artifact.topic, artifact.uri, artifact.rows,
                    artifact.sizeBytes, artifact.contentHash,
                ])
            if let file = OutputFile(uri: artifact.uri, roots: roots) { try writePlace(file, artifact) }
        }
    }

    /// A job's output file is a file of its root, so that who made it can be asked before a scan finds it.
    private func writePlace(_ file: OutputFile, _ artifact: Artifact) throws {
        let known = try db.integer(
            "SELECT id FROM cf_file_location WHERE source_root_id = ? AND rel_path = ?",
            [file.root.rawValue, file.relativePath])
        if known == nil {
            let name = file.relativePath.split(separator: "/").last.map(String.init) ?? file.relativePath
            try db.run(
                """
                INSERT INTO cf_file_location (source_root_id, rel_path, filename, last_known_size, discovered_time,
                last_seen_time) VALUES (?, ?, ?, ?, ?, ?)
                """, [file.root.rawValue, file.relativePath, name, artifact.sizeBytes, now, now])
        }
        guard let hash = artifact.contentHash.flatMap({ ContentHash(hex: $0) }), let size = artifact.sizeBytes else {
            return
        }
        let location = known ?? db.lastInsertedRowID
        try writeVersion(hash.hex, size: size, location: location)
    }

    private func writeVersion(_ hash: String, size: Int64, location: Int64) throws {
        try db.run(
            "INSERT OR IGNORE INTO cf_file_hash_registry (content_hash, first_seen, size_bytes) VALUES (?, ?, ?)",
            [hash, now, size])
        var version = try db.integer(
            "SELECT id FROM cf_file_version WHERE location_id = ? AND content_hash = ?", [location, hash])
        if version == nil {
            try db.run(
                """
                INSERT INTO cf_file_version
                (location_id, content_hash, size_bytes, modified_time, detected_at, applied_tags)
                VALUES (?, ?, ?, ?, ?, '')
                """, [location, hash, size, now, now])
            version = db.lastInsertedRowID
        }
        // Size without modification time: the next scan reads the file and finds the same content.
        try db.run(
            "UPDATE cf_file_location SET current_version_id = ?, last_known_size = ? WHERE id = ?",
            [version, size, location])
        try db.run("DELETE FROM cf_file_stamp WHERE location_id = ?", [location])
    }
}
