import CasparianModel

/// Which jobs to list; nil means any. Newest last.
public struct JobFilter: Hashable, Sendable {
    public var status: JobStatus?
    public var plugin: String?
    public var fileVersionID: FileVersionID?
    public var limit: Int
    public init(
        status: JobStatus? = nil, plugin: String? = nil, fileVersionID: FileVersionID? = nil, limit: Int = 1_000_000
    ) {
        self.status = status
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
    public init(
        job: Job, filePath: String, contentHash: String?, rows: Int64? = nil, sizeBytes: Int64? = nil,
        quarantined: Int64? = nil
    ) {
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
    /// Jobs whose holder is gone: RUNNING goes back to QUEUED, retry_count + 1.
    public var requeues: [JobID] = []
    /// Rows of `cf_worker_node` to insert or update.
    public var workers: [WorkerNode] = []
    /// Free slots, and what each may run.
    public var claims: [Claim] = []
    public init() {}
    public var isEmpty: Bool { conclusions.isEmpty && requeues.isEmpty && workers.isEmpty && claims.isEmpty }
}

/// The end of a job.
public struct Conclusion: Hashable, Sendable {
    public var jobID: JobID
    public var receipt: JobReceipt
    public init(jobID: JobID, receipt: JobReceipt) {
        self.jobID = jobID
        self.receipt = receipt
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
    public init(
        claimant: String, jobID: JobID, pluginName: String, filePath: String, fileVersionID: FileVersionID,
        contentHash: String?, sinks: [SinkConfig], parameters: String?, attempt: Int
    ) {
        self.claimant = claimant
        self.jobID = jobID
        self.pluginName = pluginName
        self.filePath = filePath
        self.fileVersionID = fileVersionID
        self.contentHash = contentHash
        self.sinks = sinks
        self.parameters = parameters
        self.attempt = attempt
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
