import CasparianModel

/// Which jobs to list; nil means any. Newest last.
public struct JobFilter: Hashable, Sendable {
    public var status: JobStatus?
    public var plugin: String?
    public var fileVersionID: FileVersionID?
    /// Only those that failed after every attempt they had.
    public var isDead: Bool
    public var limit: Int
    public init(
        status: JobStatus? = nil, plugin: String? = nil, fileVersionID: FileVersionID? = nil, isDead: Bool = false,
        limit: Int = 1_000_000
    ) {
        self.status = status
        self.isDead = isDead
        self.plugin = plugin
        self.fileVersionID = fileVersionID
        self.limit = limit
    }
}

/// A job with the file it reads and what its receipt said.
public struct JobListing: Hashable, Sendable {
    public var job: Job
    public var filePath: String
    public var contentHash: String?
    /// From the receipt's side table; nil before a receipt came.
    public var rows: Int64?
    public var sizeBytes: Int64?
    /// Nil also where no topic of the job had a contract.
    public var quarantined: Int64?
    public var course: JobCourse
    public init(
        job: Job, filePath: String, contentHash: String?, rows: Int64? = nil, sizeBytes: Int64? = nil,
        quarantined: Int64? = nil, course: JobCourse = JobCourse()
    ) {
        self.course = course
        self.job = job
        self.filePath = filePath
        self.contentHash = contentHash
        self.rows = rows
        self.sizeBytes = sizeBytes
        self.quarantined = quarantined
    }
}

public struct ArtifactFilter: Hashable, Sendable {
    public var job: JobID?
    public var plugin: String?
    public var limit: Int
    public init(job: JobID? = nil, plugin: String? = nil, limit: Int = 1_000_000) {
        self.job = job
        self.plugin = plugin
        self.limit = limit
    }
}

public struct ArtifactListing: Hashable, Sendable {
    public var jobID: JobID
    public var pluginName: String
    public var fileVersionID: FileVersionID
    public var artifact: Artifact
    public init(jobID: JobID, pluginName: String, fileVersionID: FileVersionID, artifact: Artifact) {
        self.jobID = jobID
        self.pluginName = pluginName
        self.fileVersionID = fileVersionID
        self.artifact = artifact
    }
}

/// What one turn of the sentinel wants done at once.
public struct QueueBatch: Sendable {
    /// Receipts of jobs that ended. One for a job that is in a terminal state already changes nothing.
    public var conclusions: [Conclusion] = []
    /// Jobs whose holder is gone: RUNNING goes back to QUEUED, retry_count + 1; one that somebody cancelled ends SKIPPED.
    public var requeues: [Requeue] = []
    /// Why, for the event log, where it is known.
    public var requeueReasons: [JobID: String] = [:]
    /// Rows of `cf_worker_node` to insert or update.
    public var workers: [WorkerNode] = []
    /// Plugins that are paused from now on, and before that those that are no longer (see `resume`).
    public var pauses: [PluginPause] = []
    public var resumed: [String] = []
    /// Free slots, and what each may run.
    public var claims: [Claim] = []
    /// Jobs that plugins may begin with these claims, where there is a limit beside that of `PluginLimits`.
    public var rooms: [String: Int] = [:]
    public init() {}
    /// A plugin goes on, even if the same turn paused it.
    public mutating func resume(_ plugin: String) {
        pauses.removeAll { $0.pluginName == plugin }
        resumed.append(plugin)
    }
    public var isEmpty: Bool {
        conclusions.isEmpty && requeues.isEmpty && workers.isEmpty && claims.isEmpty && pauses.isEmpty
            && resumed.isEmpty
    }
}

/// The end of an attempt, and mostly of its job.
public struct Conclusion: Hashable, Sendable {
    /// What becomes of a job whose attempt failed.
    public enum Consequence: Hashable, Sendable {
        /// It has failed.
        case end
        /// It has failed, after every attempt it had: a dead letter.
        case bury
        /// It is queued again, and nobody gets it before that time.
        case retry(at: Timestamp)
    }

    public var jobID: JobID
    public var receipt: JobReceipt
    /// Of no matter for a success.
    public var consequence: Consequence
    public init(jobID: JobID, receipt: JobReceipt, consequence: Consequence = .end) {
        self.jobID = jobID
        self.receipt = receipt
        self.consequence = consequence
    }
}

/// A job that goes back to the queue without having failed.
public struct Requeue: Hashable, Sendable {
    public var jobID: JobID
    /// Nobody gets it before; nil for at once.
    public var notBefore: Timestamp?
    /// It was running when its worker was lost, which may be its own doing: counts towards the attempts it has.
    public var isStrike: Bool
    public init(_ jobID: JobID, notBefore: Timestamp? = nil, isStrike: Bool = false) {
        self.jobID = jobID
        self.notBefore = notBefore
        self.isStrike = isStrike
    }
}

/// A worker that can take jobs.
public struct Claim: Hashable, Sendable {
    /// The caller's name for the worker, handed back in `ClaimedJob`.
    public var claimant: String
    public var workerHost: String
    public var workerPID: Int64
    /// Jobs it can take now.
    public var count: Int
    /// Plugins it offers.
    public var plugins: [String]
    public init(claimant: String, workerHost: String, workerPID: Int64, count: Int, plugins: [String]) {
        self.claimant = claimant
        self.workerHost = workerHost
        self.workerPID = workerPID
        self.count = count
        self.plugins = plugins
    }
}

/// A job that went from QUEUED to RUNNING, with its configuration read in the same transaction.
public struct ClaimedJob: Hashable, Sendable {
    public var claimant: String
    public var jobID: JobID
    public var pluginName: String
    /// Absolute.
    public var filePath: String
    public var fileVersionID: FileVersionID
    public var contentHash: String?
    /// Configured sinks only; may be empty.
    public var sinks: [SinkConfig]
    /// JSON object text.
    public var parameters: String?
    /// From 1; one more after every requeue or retry.
    public var attempt: Int
    /// Attempts that failed or were lost so far, for reasons that may pass.
    public var strikes: Int
    public var limits: PluginLimits
    /// Since when it waited for this attempt; nil where the event log does not reach back so far.
    public var waiting: Timestamp?
    public init(
        claimant: String, jobID: JobID, pluginName: String, filePath: String, fileVersionID: FileVersionID,
        contentHash: String?, sinks: [SinkConfig], parameters: String?, attempt: Int, strikes: Int = 0,
        limits: PluginLimits = PluginLimits(), waiting: Timestamp? = nil
    ) {
        self.strikes = strikes
        self.limits = limits
        self.claimant = claimant
        self.jobID = jobID
        self.pluginName = pluginName
        self.filePath = filePath
        self.fileVersionID = fileVersionID
        self.contentHash = contentHash
        self.sinks = sinks
        self.parameters = parameters
        self.attempt = attempt
        self.waiting = waiting
    }
}

public struct QueueBatchResult: Sendable {
    public var claimed: [ClaimedJob] = []
    /// Conclusions that changed nothing: unknown or terminal job. For the log.
    public var ignoredConclusions: [JobID] = []
    public init() {}
}

public struct QueueSummary: Hashable, Sendable {
    public var countByStatus: [JobStatus: Int]
    /// QUEUED and PENDING jobs for each plugin.
    public var waitingByPlugin: [String: Int]
    public init(countByStatus: [JobStatus: Int] = [:], waitingByPlugin: [String: Int] = [:]) {
        self.countByStatus = countByStatus
        self.waitingByPlugin = waitingByPlugin
    }
    public func count(_ status: JobStatus) -> Int { countByStatus[status] ?? 0 }
    /// Nothing queued or running.
    public var isIdle: Bool { count(.pending) + count(.queued) + count(.running) == 0 }
}
