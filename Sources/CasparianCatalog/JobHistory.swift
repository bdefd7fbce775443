import CasparianModel

/// What happened, kept beside the queue: for people who ask why, and for metrics.
public protocol HistoryCatalog: Sendable {
    /// Events in the order in which they were written. With a filter, the newest `limit` that fit it.
    func jobEvents(_ filter: JobEventFilter) async throws -> [JobEvent]
    /// Attempts of a job that ended, first one first.
    func attempts(of job: JobID) async throws -> [JobAttempt]
    /// What is known of a place beyond its current version.
    func history(of location: FileLocationID) async throws -> FileHistory
    /// The file at a place, if it is known.
    func file(_ relativePath: String, root: SourceRootID) async throws -> KnownFile?
    /// Artifacts of completed jobs with exactly this URI.
    func artifacts(uri: String) async throws -> [ArtifactListing]
    /// How many jobs of its plugin are handed out before a QUEUED one; nil for one that is not to be handed out now.
    func jobsAhead(of job: JobID) async throws -> Int?
    /// Jobs by state and plugin. Completed ones are left out: counting them would read the whole queue.
    func queueDepths() async throws -> [QueueDepth]
}

/// Something that happened to a job: a row of `cf_job_event`, written in the transaction of the change itself.
public struct JobEvent: Hashable, Sendable {
    /// What happened; a later version may know more words.
    public struct Kind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The job was made.
        public static let queued = Kind(rawValue: "queued")
        /// A worker got it.
        public static let claimed = Kind(rawValue: "claimed")
        public static let succeeded = Kind(rawValue: "succeeded")
        public static let failed = Kind(rawValue: "failed")
        /// Its file was not what was queued: the attempt kept nothing, and the job ended.
        public static let changed = Kind(rawValue: "changed")
        /// Its worker is gone, or gave it back.
        public static let lost = Kind(rawValue: "lost")
        /// It waits for the next attempt, which nobody asked for.
        public static let requeued = Kind(rawValue: "requeued")
        /// A person asked for the next attempt.
        public static let retried = Kind(rawValue: "retried")
        /// The time that it had to wait for has come.
        public static let due = Kind(rawValue: "due")
        /// Its file has content that its plugin is given, or was, at another place: nothing is to be done.
        public static let skipped = Kind(rawValue: "skipped")
        /// A person wants it to end; its worker is told.
        public static let cancelling = Kind(rawValue: "cancelling")
        /// It ended because a person wanted that.
        public static let cancelled = Kind(rawValue: "cancelled")

        /// True if the job waits to be claimed from then on.
        public var isWait: Bool { [.queued, .requeued, .due, .retried].contains(self) }
        public var description: String { rawValue }
    }

    /// Grows with every event of the catalog.
    public var id: Int64
    public var jobID: JobID
    public var at: Timestamp
    public var kind: Kind
    /// The attempt it is about, from 1; after `requeued` and `retried` the one that comes.
    public var attempt: Int?
    /// `PID@HOST`.
    public var worker: String?
    /// One line: what came out, or the reason.
    public var detail: String?

    public init(
        id: Int64, jobID: JobID, at: Timestamp, kind: Kind, attempt: Int? = nil, worker: String? = nil,
        detail: String? = nil
    ) {
        self.id = id
        self.jobID = jobID
        self.at = at
        self.kind = kind
        self.attempt = attempt
        self.worker = worker
        self.detail = detail
    }
}

/// Which events to list; nil means any.
public struct JobEventFilter: Hashable, Sendable {
    public var job: JobID?
    /// Only events written after the one with this id; then the oldest `limit` of them, so that none is passed over.
    public var after: Int64?
    public var limit: Int
    public init(job: JobID? = nil, after: Int64? = nil, limit: Int = 10_000) {
        self.job = job
        self.after = after
        self.limit = limit
    }
}

/// How much of the event log is kept (docs/decisions/event-log.md).
public enum EventLogLimits {
    /// Events that are kept; older ones go when new ones come.
    public static let eventsMax = 1_000_000
    /// Old events that go for each new one until only so many are left.
    package static let prunedForEach = 2
    /// Longest detail, in characters.
    package static let detailLengthMax = 300

    /// The detail as it is stored: one line of bounded length.
    package static func detail(_ text: String?) -> String? {
        guard let text, !text.isEmpty else { return nil }
        let line = FailureText.lastLine(text)
        return line.count > detailLengthMax ? String(line.prefix(detailLengthMax)) + "…" : line
    }

    /// A reason, and until when the job waits.
    package static func detail(_ reason: String?, until time: Timestamp?) -> String? {
        let parts = [reason, time.map { "waits until \($0)" }].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// How an event names a worker.
    package static func worker(host: String?, pid: Int64?) -> String? {
        guard let host else { return nil }
        return pid.map { "\($0)@\(host)" } ?? host
    }
}

/// Error texts of jobs.
package enum FailureText {
    /// The line of a traceback that names the reason.
    package static func lastLine(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        let body = lines.prefix { !$0.hasPrefix("--- last output") }
        return String(body.last ?? lines.last ?? "")
    }
}

/// An attempt that ended: a row of `cf_job_attempt`.
public struct JobAttempt: Hashable, Sendable {
    /// From 1.
    public var attempt: Int
    /// `SUCCESS`, `FAILED`, `SKIPPED` or `LOST`; a later version may know more words.
    public var outcome: String
    /// The receipt's numbers, with `JobReceipt`'s keys; empty for a lost attempt.
    public var metrics: [String: Int64]
    /// The whole text.
    public var errorMessage: String?
    public var workerHost: String?
    public var workerPID: Int64?
    public var claimed: Timestamp?
    public var ended: Timestamp
    /// Why it failed, in one word, where the worker said so.
    public var cause: String?
    /// The signal that ended the plugin's process, where the worker said so.
    public var exitSignal: Int64?
    /// SHA-256 in hex of the source of the plugin that ran, where the worker said so.
    public var pluginHash: String?

    public init(
        attempt: Int, outcome: String, metrics: [String: Int64] = [:], errorMessage: String? = nil,
        workerHost: String? = nil, workerPID: Int64? = nil, claimed: Timestamp? = nil, ended: Timestamp,
        cause: String? = nil, exitSignal: Int64? = nil, pluginHash: String? = nil
    ) {
        self.pluginHash = pluginHash
        self.attempt = attempt
        self.outcome = outcome
        self.metrics = metrics
        self.errorMessage = errorMessage
        self.workerHost = workerHost
        self.workerPID = workerPID
        self.claimed = claimed
        self.ended = ended
        self.cause = cause
        self.exitSignal = exitSignal
    }

    public static let succeeded = "SUCCESS"
    public static let failed = "FAILED"
    /// Its file had changed.
    public static let skipped = "SKIPPED"
    public static let lost = "LOST"
}

/// What is known of a place beyond its current version.
public struct FileHistory: Hashable, Sendable {
    public var discovered: Timestamp?
    /// By the last scan that found it.
    public var lastSeen: Timestamp?
    /// Oldest first.
    public var versions: [FileVersion]
    public init(discovered: Timestamp? = nil, lastSeen: Timestamp? = nil, versions: [FileVersion] = []) {
        self.discovered = discovered
        self.lastSeen = lastSeen
        self.versions = versions
    }
}

/// Jobs of one plugin in one state.
public struct QueueDepth: Hashable, Sendable {
    public var status: JobStatus
    public var plugin: String
    public var jobs: Int
    public init(status: JobStatus, plugin: String, jobs: Int) {
        self.status = status
        self.plugin = plugin
        self.jobs = jobs
    }
}
