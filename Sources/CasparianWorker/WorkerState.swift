import CasparianModel
import CasparianWire

/// A worker's mind: which slot runs what, what waits, what the sentinel has to hear, what may be promoted. Pure.
struct WorkerState {
    enum Event {
        /// The control loop begins; the sentinel is told who this is.
        case started
        case message(WireMessage)
        /// The connection stands; after the first time maybe to another sentinel, and what was on its way is lost.
        case connected
        /// Everything of a job is prepared, and it waits until it may be promoted.
        case promotionWanted(JobID, slot: Int)
        case ended(JobID, JobReceipt, slot: Int)
        case heartbeatDue([HeartbeatPayload.Progress])
        /// What it offers has changed.
        case pluginsChanged([PluginDescription])
        /// Time has passed; at least every second.
        case tick
        /// Take no more jobs; end when those that run have ended.
        case drain
        /// Stop what still runs and hand it back.
        case giveUp
    }

    enum Action: Hashable {
        case start(JobOrder, slot: Int)
        case cancel(slot: Int)
        /// The job that waits for it is promoted now.
        case promote(JobID, slot: Int)
        /// A receipt is to outlive this process, from before it is sent.
        case keep(JobID, JobReceipt)
        /// These receipts need not be kept any longer.
        case forget([JobID])
        case send(WireMessage)
        /// Nothing is left to do.
        case finish
    }

    struct Running {
        var job: JobID
        var attempt: Int?
        var course = Course.running
        var deadlineSeconds: Int?
        /// When it has taken too long.
        var deadline: Duration?
    }

    enum Course {
        case running
        /// All is prepared; it waits for a live lease.
        case waiting
        /// It is being promoted, and nothing stops it any more.
        case promoting
        /// It was told to stop.
        case stopping
        /// The same, because it took too long.
        case overdue
        /// The same, and it goes back to the sentinel then.
        case releasing

        var canBeStopped: Bool { self == .running || self == .waiting }
    }

    private(set) var identity: IdentifyPayload
    /// What each slot runs; nil where one is free.
    var slots: [Running?]
    var waiting: [JobOrder] = []
    var leases = LeaseBook()
    var receipts: UnrecordedReceipts
    private var hasConnected = false
    var isDraining = false
    private var isFinished = false
    /// Jobs that were stopped because they did not end in time when the worker was to end.
    private(set) var releasedCount = 0

    /// Jobs that wait for a slot; a sentinel that sends more gets them back.
    static let waitingMax = 10_000

    /// - Parameter found: Receipts of processes that died.
    init(identity: IdentifyPayload, slots: Int, found: [JobID: JobReceipt] = [:]) {
        self.identity = identity
        self.slots = Array(repeating: nil, count: slots)
        self.receipts = UnrecordedReceipts(found)
    }

    var runningCount: Int { slots.count { $0 != nil } }

    /// Whether the job runs or waits here.
    func holds(_ job: JobID) -> Bool {
        slots.contains { $0?.job == job } || waiting.contains { $0.jobID == job }
    }

    /// - Parameter now: Since the system's start, while it slept too; never less than before.
    mutating func handle(_ event: Event, at now: Duration) -> [Action] {
        switch event {
        case .started:
            leases.introduce(at: now)
            return [introduction, heartbeat(at: now)]
        case .message(let message): return receive(message, now)
        case .connected: return connected(now)
        case .promotionWanted(let job, let slot): return promotionWanted(job, slot, now)
        case .ended(let job, let receipt, let slot): return ended(job, receipt, slot, now)
        case .heartbeatDue(let progress): return isFinished ? [] : [heartbeat(progress, at: now)]
        case .pluginsChanged(let plugins):
            identity.offer(plugins)
            return isDraining || isFinished ? [] : [introduction, heartbeat(at: now)]
        case .tick: return isFinished ? [] : tick(now)
        case .drain: return drain()
        case .giveUp: return giveUp()
        }
    }

    private var introduction: Action { .send(WireMessage(.identify(identity))) }

    mutating func heartbeat(_ progress: [HeartbeatPayload.Progress] = [], at now: Duration) -> Action {
        let running = slots.compactMap { $0?.job }
        let active = running + waiting.map(\.jobID).filter { !running.contains($0) }
        var payload = HeartbeatPayload(status: active.isEmpty ? .idle : .busy, currentJobID: active.first?.rawValue)
        payload.activeJobs = active.map(\.rawValue)
        payload.sequence = leases.number(active, at: now)
        if !progress.isEmpty { payload.progress = progress }
        return .send(WireMessage(jobID: UInt64(bitPattern: active.first?.rawValue ?? 0), .heartbeat(payload)))
    }

    private mutating func connected(_ now: Duration) -> [Action] {
        defer { hasConnected = true }
        // The first introduction waits in the socket's queue for the first connection.
        guard hasConnected else { return [heartbeat(at: now)] }
        leases.connect(at: now)
        receipts.connect()
        return isDraining ? [] : [introduction, heartbeat(at: now)]
    }

    private mutating func receive(_ message: WireMessage, _ now: Duration) -> [Action] {
        let job = JobID(Int64(bitPattern: message.jobID))
        switch message.body {
        case .dispatch(let payload):
            var order = JobOrder(job, payload)
            order.pluginVersion = identity.plugins?.first { $0.name == order.pluginName }?.manifest.version
            return dispatch(order, now)
        case .abort: return abort(job, now)
        case .error(let payload): return noted(payload, now)
        case .identify, .heartbeat, .conclude: return []
        }
    }

    private mutating func noted(_ payload: ErrorPayload, _ now: Duration) -> [Action] {
        switch payload.code {
        case ErrorPayload.identifyCode: return isDraining ? [] : [introduction, heartbeat(at: now)]
        case ErrorPayload.leaseCode:
            leases.hear(payload.sequence)
            return permitWaiting(now) + resend(now)
        case ErrorPayload.recordedCode:
            leases.noteAnswer()
            let forgotten = receipts.forget((payload.jobs ?? []).map { JobID($0) })
            return (forgotten.isEmpty ? [] : [.forget(forgotten)]) + resend(now)
        default: return []
        }
    }

    private mutating func dispatch(_ order: JobOrder, _ now: Duration) -> [Action] {
        if isDraining || waiting.count >= Self.waitingMax { return [release(order.jobID)] }
        leases.hold(order.jobID, seconds: order.leaseSeconds)
        // The sentinel lost sight of a job that is here all the time: it goes on as the new attempt. One that was told to
        // stop meanwhile runs again afterwards; its failure must not be the new attempt's.
        if let slot = slots.firstIndex(where: { running in
            guard let running, running.job == order.jobID else { return false }
            return running.course.canBeStopped || running.course == .promoting
        }) {
            slots[slot]?.attempt = order.attempt
            return []
        }
        if let index = waiting.firstIndex(where: { $0.jobID == order.jobID }) {
            waiting[index] = order
            return []
        }
        waiting.append(order)
        return fill(now)
    }

    /// Starts what waits in the slots that are free.
    private mutating func fill(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        for slot in slots.indices where slots[slot] == nil {
            // One that is still being stopped in another slot would meet itself.
            let next = waiting.firstIndex { order in !slots.contains { $0?.job == order.jobID } }
            guard let next else { break }
            let order = waiting.remove(at: next)
            slots[slot] = Running(
                job: order.jobID, attempt: order.attempt, deadlineSeconds: order.deadlineSeconds,
                deadline: order.deadlineSeconds.map { now + .seconds($0) })
            actions.append(.start(order, slot: slot))
        }
        return actions
    }

    private mutating func abort(_ job: JobID, _ now: Duration) -> [Action] {
        // While one attempt is being stopped the next may wait for it to end: neither is wanted.
        let actions = abortWaiting(job, now)
        guard let slot = slots.firstIndex(where: { $0?.job == job }) else {
            leases.drop(job)
            return actions
        }
        // The outcome of a promotion that has begun is the truth, whatever is wanted.
        guard slots[slot]?.course != .promoting else { return actions }
        if slots[slot]?.course.canBeStopped == true { slots[slot]?.course = .stopping }
        return actions + [.cancel(slot: slot)]
    }

    private mutating func abortWaiting(_ job: JobID, _ now: Duration) -> [Action] {
        guard let index = waiting.firstIndex(where: { $0.jobID == job }) else { return [] }
        let receipt = JobReceipt(
            status: .failed, errorMessage: "aborted before it began", attempt: waiting.remove(at: index).attempt,
            cause: .cancelled)
        return conclude(job, receipt, now)
    }

    private mutating func ended(_ job: JobID, _ receipt: JobReceipt, _ slot: Int, _ now: Duration) -> [Action] {
        guard let running = slots[slot], running.job == job else { return [] }
        slots[slot] = nil
        // It may wait to run again here.
        if !waiting.contains(where: { $0.jobID == job }) { leases.drop(job) }
        var receipt = receipt
        receipt.attempt = running.attempt
        var actions: [Action] = []
        if running.course == .releasing && receipt.status == .failed {
            releasedCount += 1
            actions.append(release(job))
        } else {
            if running.course == .overdue { receipt.fail(after: running.deadlineSeconds) }
            actions += conclude(job, receipt, now)
        }
        return actions + fill(now) + finishIfDone()
    }

    private mutating func drain() -> [Action] {
        guard !isDraining else { return [] }
        isDraining = true
        let back = waiting.map { release($0.jobID) }
        waiting = []
        return back + finishIfDone()
    }

    private mutating func giveUp() -> [Action] {
        var actions = drain()
        for slot in slots.indices {
            guard let course = slots[slot]?.course, course != .releasing, course != .promoting else { continue }
            slots[slot]?.course = .releasing
            actions.append(.cancel(slot: slot))
        }
        return actions
    }

    private mutating func finishIfDone() -> [Action] {
        guard isDraining, !isFinished, runningCount == 0 else { return [] }
        isFinished = true
        let goodbye = ErrorPayload(message: "this worker ends", code: ErrorPayload.leavingCode)
        return [.send(WireMessage(.error(goodbye))), .finish]
    }

    private func release(_ job: JobID) -> Action {
        let payload = ErrorPayload(message: "this worker takes no more jobs", code: ErrorPayload.releasedCode)
        return .send(WireMessage(jobID: UInt64(bitPattern: job.rawValue), .error(payload)))
    }
}
