/// A row of `cf_worker_node`: a worker process that the sentinel knows or knew.
public struct WorkerNode: Hashable, Sendable {
    public enum Status: String, Codable, Sendable {
        case idle = "IDLE"
        case busy = "BUSY"
        case offline = "OFFLINE"
    }

    public var hostname: String
    public var pid: Int64
    public var ipAddress: String?
    public var environmentSignature: String?
    public var started: Timestamp
    public var lastHeartbeat: Timestamp
    public var status: Status
    public var currentJobID: JobID?
    /// Plugins it offers, so that another process can say why a job waits.
    public var plugins: [String]

    public init(
        hostname: String, pid: Int64, ipAddress: String? = nil, environmentSignature: String? = nil, started: Timestamp,
        lastHeartbeat: Timestamp, status: Status, currentJobID: JobID? = nil, plugins: [String] = []
    ) {
        self.hostname = hostname
        self.pid = pid
        self.ipAddress = ipAddress
        self.environmentSignature = environmentSignature
        self.started = started
        self.lastHeartbeat = lastHeartbeat
        self.status = status
        self.currentJobID = currentJobID
        self.plugins = plugins
    }
}
