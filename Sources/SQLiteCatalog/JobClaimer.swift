import CasparianCatalog
import CasparianModel
import GRDB

/// Claims jobs for workers, inside the caller's transaction.
struct JobClaimer {
    private let db: Database
    private let now: String
    private let claims: [Claim]
    private var round: ClaimRound
    private var taken: [Int]
    private let limits: [String: PluginLimits]
    private var configurations: [String: Configuration] = [:]
    private let events: EventLog

    private struct Configuration {
        var sinks: [SinkConfig]
        var parameters: String?
        var identity: WorkIdentity
    }

    init(
        db: Database, now: Timestamp, claims: [Claim], rooms: [String: Int], turns: PluginTurns, events: EventLog
    ) throws {
        self.db = db
        self.events = events
        self.now = now.description
        self.claims = claims
        limits = try SQLLimits.all(db)
        round = ClaimRound(claims, rooms: try SQLLimits.rooms(db, limits, with: rooms), turns: turns)
        taken = Array(repeating: 0, count: claims.count)
    }

    /// Somebody had room and found nothing.
    var hasIdleClaimant: Bool { round.hasIdleSeat }

    /// What is left of the claims.
    var openClaims: [Claim] {
        claims.indices.map { index in
            var claim = claims[index]
            claim.count -= taken[index]
            return claim
        }
    }

    mutating func run() throws -> [ClaimedJob] {
        var claimed: [ClaimedJob] = []
        while let next = try round.next(fetch: { [db] in try ReadyIndex.page(db, plugin: $0, after: $1) }) {
            try ReadyIndex.remove(
                db, plugin: next.plugin, priority: next.candidate.priority, job: next.candidate.id.rawValue)
            let claim = claims[next.seat]
            guard try take(next, for: claim), let job = try load(next, for: claim) else {
                round.giveBack(next)
                continue
            }
            taken[next.seat] += 1
            claimed.append(job)
        }
        return claimed
    }

    /// False if another program took, moved or deleted the job.
    private func take(_ next: ClaimRound.Assignment, for claim: Claim) throws -> Bool {
        try db.run(
            """
            UPDATE cf_processing_queue SET status = 'RUNNING', worker_host = ?, worker_pid = ?, claim_time = ?,
            end_time = NULL, result_summary = NULL, error_message = NULL
            WHERE id = ? AND status = 'QUEUED' AND plugin_name = ?
            """, [claim.workerHost, claim.workerPID, now, next.candidate.id.rawValue, next.plugin])
        return db.changesCount > 0
    }

    /// Nil if the job names a file that the catalog does not have; such a job fails, since no worker could run it.
    private mutating func load(_ next: ClaimRound.Assignment, for claim: Claim) throws -> ClaimedJob? {
        let id = next.candidate.id
        let configuration = try configuration(of: next.plugin)
        let job = try db.first(
            """
            SELECT r.path, l.rel_path, v.id, v.content_hash, coalesce(q.retry_count, 0) + 1, c.strikes,
            \(SQLEvents.waiting)
            FROM cf_processing_queue q JOIN cf_file_version v ON v.id = q.file_version_id
            JOIN cf_file_location l ON l.id = v.location_id JOIN cf_source_root r ON r.id = l.source_root_id
            LEFT JOIN cf_job_course c ON c.job_id = q.id WHERE q.id = ?
            """, [id.rawValue]
        ) { row in
            let root = SourceRoot(id: 0, path: row.text(0) ?? "")
            return ClaimedJob(
                claimant: claim.claimant, jobID: id, pluginName: next.plugin,
                filePath: root.path(of: row.text(1) ?? ""), fileVersionID: row.id(2), contentHash: row.text(3),
                sinks: configuration.sinks, parameters: configuration.parameters, attempt: Int(row.integer(4) ?? 1),
                strikes: Int(row.integer(5) ?? 0), limits: limits[next.plugin] ?? PluginLimits(), waiting: row.time(6))
        }
        if let job {
            try SQLWork.note(db, configuration.identity, of: id)
            let worker = EventLogLimits.worker(host: claim.workerHost, pid: claim.workerPID)
            events.add(.claimed, job: id.rawValue, attempt: Int64(job.attempt), worker: worker)
        } else {
            events.add(.failed, job: id.rawValue, detail: "the catalog has no file for its version")
            try db.run(
                """
                UPDATE cf_processing_queue SET status = 'FAILED', end_time = ?, error_message =
                'the catalog has no file for version ' || coalesce(file_version_id, 'NULL') || ' of this job; scan the '
                || 'folder again' WHERE id = ?
                """, [now, id.rawValue])
        }
        return job
    }

    private mutating func configuration(of plugin: String) throws -> Configuration {
        if let known = configurations[plugin] { return known }
        let sinks = try SQLWork.sinks(db, of: plugin)
        let parameters = try SQLWork.parameters(db, of: plugin)
        let configuration = Configuration(
            sinks: sinks, parameters: parameters,
            identity: WorkIdentity(
                pluginHash: try SQLWork.pluginHash(db, of: plugin),
                configurationHash: WorkIdentity.digest(sinks: sinks, parameters: parameters)))
        configurations[plugin] = configuration
        return configuration
    }
}
