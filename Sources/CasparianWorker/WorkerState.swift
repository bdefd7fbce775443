import CasparianModel
import CasparianWire

/// A worker's mind: which slot runs what, what waits, what the sentinel has to hear. Pure.
struct WorkerState {
    enum Event {
        /// The control loop begins; the sentinel is told who this is.
        case started
        case message(WireMessage)
        /// The connection stands; after the first time maybe to another sentinel, and what was on its way is lost.
        case connected
        case ended(JobID, JobReceipt, slot: Int)
        case heartbeatDue([HeartbeatPayload.Progress])
        /// Take no more jobs; end when those that run have ended.
        case drain
        /// Stop what still runs and hand it back.
        case giveUp
    }

    enum Action: Hashable {
        case start(JobOrder, slot: Int)
        case cancel(slot: Int)
        case send(WireMessage)
        /// Nothing is left to do.
        case finish
    }

    private struct Running {
        var job: JobID
        var attempt: Int?
        var course = Course.running
    }

    private enum Course {
        case running
        /// It was told to stop.
        case stopping
        /// The same, and it goes back to the sentinel then.
        case releasing
    }

    private let identity: IdentifyPayload
    /// What each slot runs; nil where one is free.
    private var slots: [Running?]
    private var waiting: [JobOrder] = []
    private var hasConnected = false
    private var isDraining = false
    private var isFinished = false

    /// Jobs that wait for a slot; a sentinel that sends more gets them back.
    static let waitingMax = 10_000

    init(identity: IdentifyPayload, slots: Int) {
        self.identity = identity
        self.slots = Array(repeating: nil, count: slots)
    }

    var runningCount: Int { slots.count { $0 != nil } }

    /// Whether the job runs or waits here.
    func holds(_ job: JobID) -> Bool {
        slots.contains { $0?.job == job } || waiting.contains { $0.jobID == job }
    }

    mutating func handle(_ event: Event) -> [Action] {
        switch event {
        case .started: return [introduction]
        case .message(let message): return receive(message)
        case .connected:
            defer { hasConnected = true }
            // The first introduction waits in the socket's queue for the first connection.
            return hasConnected && !isDraining ? [introduction, heartbeat([])] : []
        case .ended(let job, let receipt, let slot): return ended(job, receipt, slot)
        case .heartbeatDue(let progress): return isFinished ? [] : [heartbeat(progress)]
        case .drain: return drain()
        case .giveUp: return giveUp()
        }
    }

    private var introduction: Action { .send(WireMessage(.identify(identity))) }

    private func heartbeat(_ progress: [HeartbeatPayload.Progress]) -> Action {
        let running = slots.compactMap { $0?.job.rawValue }
        let active = running + waiting.map(\.jobID.rawValue).filter { !running.contains($0) }
        var payload = HeartbeatPayload(status: active.isEmpty ? .idle : .busy, currentJobID: active.first)
        payload.activeJobs = active
        if !progress.isEmpty { payload.progress = progress }
        return .send(WireMessage(jobID: UInt64(bitPattern: active.first ?? 0), .heartbeat(payload)))
    }

    private mutating func receive(_ message: WireMessage) -> [Action] {
        let job = JobID(Int64(bitPattern: message.jobID))
        switch message.body {
        case .dispatch(let payload):
            var order = JobOrder(job, payload)
            order.pluginVersion = identity.plugins?.first { $0.name == order.pluginName }?.manifest.version
            return dispatch(order)
        case .abort: return abort(job)
        case .error(let payload) where payload.code == ErrorPayload.identifyCode:
            return isDraining ? [] : [introduction, heartbeat([])]
        case .error, .identify, .heartbeat, .conclude: return []
        }
    }

    private mutating func dispatch(_ order: JobOrder) -> [Action] {
        if isDraining || waiting.count >= Self.waitingMax { return [release(order.jobID)] }
        // The sentinel lost sight of a job that is here all the time: it goes on as the new attempt. One that was told to
        // stop meanwhile runs again afterwards; its failure must not be the new attempt's.
        if let slot = slots.firstIndex(where: { $0?.job == order.jobID && $0?.course == .running }) {
            slots[slot]?.attempt = order.attempt
            return []
        }
        if let index = waiting.firstIndex(where: { $0.jobID == order.jobID }) {
            waiting[index] = order
            return []
        }
        waiting.append(order)
        return fill()
    }

    /// Starts what waits in the slots that are free.
    private mutating func fill() -> [Action] {
        var actions: [Action] = []
        for slot in slots.indices where slots[slot] == nil {
            // One that is still being stopped in another slot would meet itself.
            let next = waiting.firstIndex { order in !slots.contains { $0?.job == order.jobID } }
            guard let next else { break }
            let order = waiting.remove(at: next)
            slots[slot] = Running(job: order.jobID, attempt: order.attempt)
            actions.append(.start(order, slot: slot))
        }
        return actions
    }

    private mutating func abort(_ job: JobID) -> [Action] {
        if let slot = slots.firstIndex(where: { $0?.job == job }) {
            if slots[slot]?.course == .running { slots[slot]?.course = .stopping }
            return [.cancel(slot: slot)]
        }
        guard let index = waiting.firstIndex(where: { $0.jobID == job }) else { return [] }
        let order = waiting.remove(at: index)
        let receipt = JobReceipt(status: .failed, errorMessage: "aborted before it began", attempt: order.attempt)
        return [.send(WireMessage(jobID: UInt64(bitPattern: job.rawValue), .conclude(receipt)))]
    }

    private mutating func ended(_ job: JobID, _ receipt: JobReceipt, _ slot: Int) -> [Action] {
        guard let running = slots[slot], running.job == job else { return [] }
        slots[slot] = nil
        var receipt = receipt
        receipt.attempt = running.attempt
        var actions: [Action] = []
        if running.course == .releasing && receipt.status == .failed {
            actions.append(release(job))
        } else {
            actions.append(.send(WireMessage(jobID: UInt64(bitPattern: job.rawValue), .conclude(receipt))))
        }
        return actions + fill() + finishIfDone()
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
        for slot in slots.indices where slots[slot] != nil && slots[slot]?.course != .releasing {
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

extension JobOrder {
    init(_ job: JobID, _ payload: DispatchPayload) {
        self.init(
            jobID: job, pluginName: payload.pluginName, filePath: payload.filePath,
            fileVersionID: FileVersionID(payload.fileVersionID), sinks: payload.sinks, parameters: payload.parameters,
            contentHash: payload.contentHash.flatMap { ContentHash(hex: $0) }, attempt: payload.attempt)
    }
}
