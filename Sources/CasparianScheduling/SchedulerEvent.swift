import CasparianModel
import CasparianWire

/// What happens to the sentinel.
public enum SchedulerEvent: Hashable, Sendable {
    /// It began; the catalog says that these jobs run.
    case started([RunningJob])
    case message(WireMessage, from: WorkerKey)
    /// A worker's connection ended.
    case disconnected(WorkerKey)
    /// The process of a worker that is away (`Scheduler.away`) is gone.
    case died(WorkerKey)
    /// Somebody wrote to the catalog.
    case catalogChanged
    /// RUNNING jobs that somebody wants to end, each time the catalog was asked.
    case cancellationsWanted([JobID])
    /// Time passed.
    case tick
}

/// A job that an earlier sentinel handed out.
public struct RunningJob: Hashable, Sendable {
    public var id: JobID
    public var pluginName: String
    public var attempt: Int
    /// Host and process id of the worker that got it.
    public var workerHost: String?
    public var workerPID: Int64?
    /// Its worker is known to be dead.
    public var isHolderDead: Bool
    /// Attempts that failed or were lost so far, for reasons that may pass.
    public var strikes: Int
    public var limits: PluginLimits
    /// It may have begun; the others waited behind it at its worker.
    public var mayHaveRun: Bool

    public init(
        id: JobID, pluginName: String, attempt: Int, workerHost: String? = nil, workerPID: Int64? = nil,
        isHolderDead: Bool, strikes: Int = 0, limits: PluginLimits = PluginLimits(), mayHaveRun: Bool = true
    ) {
        self.mayHaveRun = mayHaveRun
        self.strikes = strikes
        self.limits = limits
        self.id = id
        self.pluginName = pluginName
        self.attempt = attempt
        self.workerHost = workerHost
        self.workerPID = workerPID
        self.isHolderDead = isHolderDead
    }
}

/// What the sentinel has to do, in this order. Messages leave after the changes before them are durable.
public enum SchedulerAction: Hashable, Sendable {
    /// Write what a worker's plugins declare.
    case register([PluginDescription])
    /// End a job with its receipt.
    case conclude(JobID, JobReceipt)
    /// The same after a last attempt, though another might help.
    case bury(JobID, JobReceipt)
    /// The attempt failed: queue the job again for that time.
    case retry(JobID, JobReceipt, at: Timestamp)
    /// Put a job back into the queue; it waits until a time, and its loss counts towards its attempts, if there is one.
    case requeue(JobID, at: Timestamp?)
    /// Tell a worker that it may forget the receipt, once the changes of this turn are durable.
    case acknowledge(JobID, to: WorkerKey)
    /// Write that a plugin is paused, or no longer.
    case pause(PluginPause)
    case resume(String)
    /// Write a worker's row.
    case save(WorkerNode)
    case send(WireMessage, to: WorkerKey)
    case note(SchedulerNote)
}

/// Something for the log.
public struct SchedulerNote: Hashable, Sendable {
    public enum Kind: String, Sendable {
        case workerJoined = "worker joined"
        case workerChanged = "worker has other plugins now"
        case workerLeft = "worker left"
        case workerLost = "worker lost"
        case workerRefused = "worker refused"
        case workerReported = "worker reported an error"
        case jobAdopted = "job goes on at its worker"
        case jobRequeued = "job queued again"
        case jobRetried = "job failed; it is tried again"
        case jobBuried = "job failed for the last time"
        case pluginPaused = "plugin paused"
        case pluginResumed = "plugin goes on"
        case jobCancelled = "job is to be cancelled"
        case receiptRefused = "receipt refused"
        case messageRefused = "message refused"
    }

    public var kind: Kind
    public var worker: WorkerKey?
    public var job: JobID?
    /// The reason, or more about it.
    public var detail: String

    public init(_ kind: Kind, worker: WorkerKey? = nil, job: JobID? = nil, detail: String = "") {
        self.kind = kind
        self.worker = worker
        self.job = job
        self.detail = detail
    }

    /// False for what belongs to a normal day.
    public var isWarning: Bool {
        switch kind {
        case .workerJoined, .workerChanged, .workerLeft, .jobAdopted, .pluginResumed: false
        default: true
        }
    }
}

/// A worker with room for jobs.
public struct Opening: Hashable, Sendable {
    public var worker: WorkerKey
    public var host: String
    public var pid: Int64
    public var count: Int
    public var plugins: [String]
}

/// A job that the catalog gave to a worker.
public struct JobAssignment: Hashable, Sendable {
    public var jobID: JobID
    public var attempt: Int
    public var order: DispatchPayload
    /// Attempts that failed or were lost so far, for reasons that may pass.
    public var strikes: Int
    public var limits: PluginLimits

    public init(
        jobID: JobID, attempt: Int, order: DispatchPayload, strikes: Int = 0, limits: PluginLimits = PluginLimits()
    ) {
        self.strikes = strikes
        self.limits = limits
        self.jobID = jobID
        self.attempt = attempt
        self.order = order
    }
}
