import CasparianModel

/// IDENTIFY: who a worker is and what it offers. Everything after `workerID` is our extension.
public struct IdentifyPayload: Hashable, Sendable {
    /// Plugin names.
    public var capabilities: [String]
    public var workerID: String?
    /// `lease`: the worker sends heartbeats and may be declared lost without them.
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

    public static let leaseExtension = "lease"
    public var announcesHeartbeats: Bool { protocolExtensions.contains(Self.leaseExtension) }
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

    public init(message: String, traceback: String? = nil, code: String? = nil) {
        self.message = message
        self.traceback = traceback
        self.code = code
    }

    /// From the sentinel: it does not know the worker, which identifies again.
    public static let identifyCode = "identify"
    /// From a worker: it hands the job back without having begun, or after having stopped it.
    public static let releasedCode = "released"
    /// From a worker: it is about to end; every job it still holds goes back.
    public static let leavingCode = "leaving"
}
