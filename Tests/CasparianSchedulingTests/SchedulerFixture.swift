import CasparianModel
import CasparianScheduling
import CasparianWire

/// A scheduler with a clock that the test moves.
struct SchedulerFixture {
    var scheduler: Scheduler
    var elapsed = Duration.seconds(1000)

    static let host = "here"

    init(policy: SchedulerPolicy = SchedulerPolicy(), running: [RunningJob] = []) {
        scheduler = Scheduler(policy: policy)
        _ = handle(.started(running))
    }

    var now: SchedulerTime {
        SchedulerTime(elapsed: elapsed, wall: Timestamp(microsecondsSinceEpoch: 1_750_000_000_000_000))
    }

    @discardableResult
    mutating func handle(_ event: SchedulerEvent) -> [SchedulerAction] { scheduler.handle(event, now: now) }

    @discardableResult
    mutating func receive(_ body: WireMessage.Body, job: UInt64 = 0, from worker: WorkerKey) -> [SchedulerAction] {
        handle(.message(WireMessage(jobID: job, body), from: worker))
    }

    /// Lets time pass, looking at leases at every tick.
    mutating func pass(_ duration: Duration) -> [SchedulerAction] {
        var actions: [SchedulerAction] = []
        let end = elapsed + duration
        while elapsed < end {
            elapsed += .seconds(1)
            actions += handle(.tick)
        }
        return actions
    }

    @discardableResult
    mutating func join(_ worker: WorkerKey, slots: Int = 1, backlog: Int = 0, pid: Int64 = 7) -> [SchedulerAction] {
        receive(.identify(Self.identity(slots: slots, backlog: backlog, pid: pid)), from: worker)
    }

    @discardableResult
    mutating func joinPlain(_ worker: WorkerKey) -> [SchedulerAction] {
        receive(.identify(IdentifyPayload(capabilities: ["p"], workerID: "plain")), from: worker)
    }

    mutating func give(
        _ job: JobID, to worker: WorkerKey, attempt: Int = 1, strikes: Int = 0, limits: PluginLimits = PluginLimits()
    ) -> [SchedulerAction] {
        let order = DispatchPayload(pluginName: "p", filePath: "/f", sinks: [], fileVersionID: 1)
        let assignment = JobAssignment(
            jobID: job, attempt: attempt, order: order, strikes: strikes, limits: limits)
        return scheduler.dispatch([(worker, assignment)], isExhausted: false, now: now)
    }

    static func identity(slots: Int = 1, backlog: Int = 0, pid: Int64 = 7) -> IdentifyPayload {
        var payload = IdentifyPayload(capabilities: ["p"], workerID: "w")
        payload.protocolExtensions = [
            IdentifyPayload.leaseExtension, IdentifyPayload.fenceExtension, IdentifyPayload.receiptsExtension,
        ]
        payload.slots = slots
        payload.backlog = backlog
        payload.host = host
        payload.pid = pid
        return payload
    }

    static func heartbeat(_ jobs: Int64...) -> WireMessage.Body {
        var payload = HeartbeatPayload(status: jobs.isEmpty ? .idle : .busy, currentJobID: jobs.first)
        payload.activeJobs = jobs
        return .heartbeat(payload)
    }

    static func success(attempt: Int? = nil, elapsed: Int64? = nil) -> WireMessage.Body {
        var receipt = JobReceipt(status: .success, attempt: attempt)
        receipt.metrics[JobReceipt.elapsedMetric] = elapsed
        return .conclude(receipt)
    }

    static func failure(attempt: Int? = nil, cause: FailureCause? = nil) -> WireMessage.Body {
        .conclude(JobReceipt(status: .failed, errorMessage: "no", attempt: attempt, cause: cause))
    }
}

extension WorkerKey: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(Array(value.utf8)) }
}

extension [SchedulerAction] {
    var requeued: [JobID] { compactMap { if case .requeue(let job, _) = $0 { job } else { nil } } }
    var concluded: [JobID] { compactMap { if case .conclude(let job, _) = $0 { job } else { nil } } }
    var buried: [JobID] { compactMap { if case .bury(let job, _) = $0 { job } else { nil } } }
    /// Jobs that are tried again, and how long they wait.
    func retried(_ now: SchedulerTime) -> [JobID: Duration] {
        var pauses: [JobID: Duration] = [:]
        for action in self {
            switch action {
            case .retry(let job, _, let time), .requeue(let job, let time?):
                pauses[job] = .microseconds(time.microsecondsSinceEpoch - now.wall.microsecondsSinceEpoch)
            default: break
            }
        }
        return pauses
    }
    func acknowledged(to worker: WorkerKey) -> [JobID] {
        compactMap { if case .acknowledge(let job, worker) = $0 { job } else { nil } }
    }
    var rows: [WorkerNode] { compactMap { if case .save(let row) = $0 { row } else { nil } } }
    var notes: [SchedulerNote.Kind] { compactMap { if case .note(let note) = $0 { note.kind } else { nil } } }

    func sent(to worker: WorkerKey) -> [WireMessage] {
        compactMap { if case .send(let message, let key) = $0, key == worker { message } else { nil } }
    }
}
