import CasparianModel
import CasparianWire

/// A worker as the sentinel sees it.
struct ConnectedWorker {
    struct Held {
        var pluginName: String
        var attempt: Int
        var dispatched: Duration
        /// When the worker last said that it has the job, or got it.
        var confirmed: Duration
        /// Attempts that failed or were lost before, for reasons that may pass.
        var strikes = 0
        var limits = PluginLimits()
        /// Counts up: those that came first run, the others wait behind them.
        var ordinal = 0
    }

    let key: WorkerKey
    let host: String
    let pid: Int64
    let started: Timestamp
    /// Jobs it runs at once, and holds beyond that.
    private(set) var slots = 1
    private(set) var backlog = 0
    private(set) var plugins: [String] = []
    /// Plugins that it has and cannot load.
    private(set) var broken: [String] = []
    /// What it said of its plugins last; nil for a plain worker.
    private(set) var described: [PluginDescription]?
    /// Plugins that it will have once their environments are built.
    private(set) var awaited: [String] = []
    private(set) var announcesHeartbeats = false
    private(set) var waitsForLease = false
    private(set) var keepsReceipts = false
    var lastHeard: Duration
    var lastHeardWall: Timestamp
    /// When it has to be back; nil while its connection stands.
    var reconnectBy: Duration?
    var isLeaving = false
    var jobs: [JobID: Held] = [:]
    /// Smoothed running time of its jobs; nil before the first.
    private var pace: Duration?
    private var saved: (status: WorkerNode.Status, at: Duration)?

    init(key: WorkerKey, identify payload: IdentifyPayload, now: SchedulerTime) {
        self.key = key
        // A plain worker tells neither host nor process; its row is then found by its name.
        host = payload.host ?? payload.workerID ?? Self.text(key)
        pid = payload.pid ?? 0
        started = now.wall
        lastHeard = now.elapsed
        lastHeardWall = now.wall
        update(payload)
    }

    /// True if the message comes from the same process, which then still has its jobs.
    func isSameProcess(as payload: IdentifyPayload) -> Bool {
        guard let otherHost = payload.host, let otherPID = payload.pid else { return false }
        return otherHost == host && otherPID == pid
    }

    mutating func update(_ payload: IdentifyPayload) {
        slots = max(1, payload.slots ?? 1)
        backlog = max(0, payload.backlog ?? 0)
        plugins = payload.capabilities
        broken = (payload.plugins ?? []).filter { $0.loadError != nil && !plugins.contains($0.name) }.map(\.name)
        described = payload.plugins
        awaited = (payload.plugins ?? []).filter(\.isBeingBuilt).map(\.name)
        announcesHeartbeats = payload.announcesHeartbeats
        waitsForLease = payload.waitsForLease
        keepsReceipts = payload.keepsReceipts
        isLeaving = false
    }

    mutating func heard(_ now: SchedulerTime) {
        lastHeard = now.elapsed
        lastHeardWall = now.wall
        reconnectBy = nil
    }

    private var given = 0

    mutating func give(_ job: JobID, _ held: Held) {
        given += 1
        var held = held
        held.ordinal = given
        jobs[job] = held
    }

    /// Whether a job is one of those that have a slot; the others have not begun.
    func isRunning(_ job: JobID) -> Bool {
        guard let ordinal = jobs[job]?.ordinal else { return false }
        return jobs.values.count { $0.ordinal < ordinal } < slots
    }

    /// Jobs it can take now: its free slots, and a backlog as long as its last jobs were short.
    func room(_ policy: SchedulerPolicy) -> Int {
        guard !isLeaving, reconnectBy == nil else { return 0 }
        var ahead = 0
        if backlog > 0, let pace {
            ahead = min(backlog, Int(policy.backlogAhead / max(pace, .microseconds(1))) * slots)
        }
        return max(0, slots + ahead - jobs.count)
    }

    /// Learns from a job that ended: faster slowly, slower at once.
    mutating func learn(_ receipt: JobReceipt) {
        guard let microseconds = receipt.metrics[JobReceipt.elapsedMetric] else { return }
        let elapsed = Duration.microseconds(max(0, microseconds))
        pace = max(elapsed, pace.map { $0 * 0.75 + elapsed * 0.25 } ?? elapsed)
    }

    var status: WorkerNode.Status { jobs.isEmpty ? .idle : .busy }

    /// The worker's row if it has to be written now.
    mutating func row(_ now: SchedulerTime, interval: Duration, status: WorkerNode.Status? = nil) -> WorkerNode? {
        let status = status ?? self.status
        if let saved {
            let age = now.elapsed - saved.at
            // Busy and idle change a thousand times a second; what stands there for longer is written.
            let isDue = saved.status != status ? age >= .seconds(1) : age >= interval
            guard isDue || status == .offline else { return nil }
        }
        saved = (status, now.elapsed)
        return WorkerNode(
            hostname: host, pid: pid, started: started, lastHeartbeat: lastHeardWall, status: status,
            currentJobID: status == .offline ? nil : jobs.keys.min(), plugins: plugins)
    }

    static func text(_ key: WorkerKey) -> String {
        if !key.bytes.isEmpty, key.bytes.allSatisfy({ (33...126).contains($0) }) {
            return String(decoding: key.bytes, as: UTF8.self)
        }
        return "0x" + key.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension WorkerKey: CustomStringConvertible {
    /// Printable ASCII as it is, anything else in hex.
    public var description: String { ConnectedWorker.text(self) }
}
