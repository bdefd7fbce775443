/// The words of `cf_processing_queue.status`; older readers reject any other.
public enum JobStatus: String, Codable, Sendable, CaseIterable {
    case pending = "PENDING"
    case queued = "QUEUED"
    case running = "RUNNING"
    case completed = "COMPLETED"
    case failed = "FAILED"
    case skipped = "SKIPPED"

    /// True for states that never change again by themselves (a person may retry a failed job).
    public var isTerminal: Bool {
        switch self {
        case .pending, .queued, .running: false
        case .completed, .failed, .skipped: true
        }
    }
}

/// One file version to be read by one plugin.
public struct Job: Hashable, Sendable {
    public var id: JobID
    public var fileVersionID: FileVersionID
    public var pluginName: String
    public var status: JobStatus
    public var priority: Int
    /// Host and process id of the worker that holds or held it.
    public var workerHost: String?
    public var workerPID: Int64?
    public var claimTime: Timestamp?
    public var endTime: Timestamp?
    public var resultSummary: String?
    public var errorMessage: String?
    public var retryCount: Int

    public init(
        id: JobID, fileVersionID: FileVersionID, pluginName: String, status: JobStatus = .queued, priority: Int = 0,
        workerHost: String? = nil, workerPID: Int64? = nil, claimTime: Timestamp? = nil, endTime: Timestamp? = nil,
        resultSummary: String? = nil, errorMessage: String? = nil, retryCount: Int = 0
    ) {
        self.id = id
        self.fileVersionID = fileVersionID
        self.pluginName = pluginName
        self.status = status
        self.priority = priority
        self.workerHost = workerHost
        self.workerPID = workerPID
        self.claimTime = claimTime
        self.endTime = endTime
        self.resultSummary = resultSummary
        self.errorMessage = errorMessage
        self.retryCount = retryCount
    }
}

/// The priority a job gets from the age of its file when it is queued (catalog.md).
public enum JobPriority {
    /// 100 under a day, 50 under a week, else 10. A modification time in the future counts as fresh.
    public static func forFile(modified: Timestamp, now: Timestamp) -> Int {
        let ageSeconds = (now.microsecondsSinceEpoch - modified.microsecondsSinceEpoch) / 1_000_000
        if ageSeconds < 86_400 { return 100 }
        if ageSeconds < 7 * 86_400 { return 50 }
        return 10
    }
}
