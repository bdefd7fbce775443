import CasparianModel

/// IDENTIFY: who a worker is and what it offers. Everything after `workerID` is our extension.
public struct IdentifyPayload: Hashable, Sendable {
    /// Plugin names.
    public var capabilities: [String]
    public var workerID: String?
    /// Names of what it does beyond plain v4: `leaseExtension`, `fenceExtension`, `receiptsExtension`.
    public var protocolExtensions: [String] = []
    /// Jobs it runs at once; nil is 1.
    public var slots: Int?
    /// Jobs it queues beyond its slots; nil is 0.
    public var backlog: Int?
    public var host: String?
    public var pid: Int64?
    public var version: String?
    /// What its plugins declare; nil for a plain worker.
    public var plugins: [PluginDescription]?

    public init(capabilities: [String], workerID: String? = nil) {
        self.capabilities = capabilities
        self.workerID = workerID
    }

    /// The worker sends heartbeats and may be declared lost without them.
    public static let leaseExtension = "lease"
    /// It waits for a live lease before it promotes.
    public static let fenceExtension = "fence"
    /// It keeps receipts until ERR `recorded` names their jobs.
    public static let receiptsExtension = "receipts"
    public var announcesHeartbeats: Bool { protocolExtensions.contains(Self.leaseExtension) }
    public var waitsForLease: Bool { protocolExtensions.contains(Self.fenceExtension) }
    public var keepsReceipts: Bool { protocolExtensions.contains(Self.receiptsExtension) }
}

/// DISPATCH: do this job.
public struct DispatchPayload: Hashable, Sendable {
    public var pluginName: String
    public var filePath: String
    public var sinks: [SinkConfig]
    public var fileVersionID: Int64
    public var attempt: Int?
    public var leaseSeconds: Int?
    public var deadlineSeconds: Int?
    /// What the plugin may take of the machine.
    public var resources = ResourceLimits()
    public var contentHash: String?
    /// JSON object text.
    public var parameters: String?

    public init(pluginName: String, filePath: String, sinks: [SinkConfig], fileVersionID: Int64) {
        self.pluginName = pluginName
        self.filePath = filePath
        self.sinks = sinks
        self.fileVersionID = fileVersionID
    }
}

/// HEARTBEAT: a worker lives.
public struct HeartbeatPayload: Hashable, Sendable {
    public enum Status: String, Sendable {
        case idle = "IDLE"
        case busy = "BUSY"
    }

    public struct Progress: Hashable, Sendable {
        public var jobID: Int64
        public var rows: Int64
        public var bytes: Int64
        public init(jobID: Int64, rows: Int64, bytes: Int64) {
            self.jobID = jobID
            self.rows = rows
            self.bytes = bytes
        }
    }

    public var status: Status
    public var currentJobID: Int64?
    /// Every job it holds; nil for a plain worker.
    public var activeJobs: [Int64]?
    public var progress: [Progress]?
    /// Counts a worker process's heartbeats from 1, so that ERR `lease` can name one.
    public var sequence: Int64?

    public init(status: Status, currentJobID: Int64? = nil) {
        self.status = status
        self.currentJobID = currentJobID
    }
}

/// ERR: something the other side should know.
public struct ErrorPayload: Hashable, Sendable {
    public var message: String
    public var traceback: String?
    /// For programs; `identify` asks a worker to identify again.
    public var code: String?
    /// With `lease`: the heartbeat that is answered.
    public var sequence: Int64?
    /// With `recorded`: the jobs whose receipts may be forgotten.
    public var jobs: [Int64]?

    public init(
        message: String, traceback: String? = nil, code: String? = nil, sequence: Int64? = nil, jobs: [Int64]? = nil
    ) {
        self.message = message
        self.traceback = traceback
        self.code = code
        self.sequence = sequence
        self.jobs = jobs
    }

    /// From the sentinel: it does not know the worker, which identifies again.
    public static let identifyCode = "identify"
    /// From the sentinel: the heartbeat `sequence` is heard, and every job that it named is the worker's.
    public static let leaseCode = "lease"
    /// From the sentinel: the receipts of `jobs` are in the catalog, or will never change anything.
    public static let recordedCode = "recorded"
    /// From a worker: it hands the job back without having begun, or after having stopped it.
    public static let releasedCode = "released"
    /// From a worker: it is about to end; every job it still holds goes back.
    public static let leavingCode = "leaving"
}
