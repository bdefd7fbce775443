import CasparianCatalog
import CasparianModel
import CasparianTestKit
import CasparianWire

@testable import CasparianScheduling

/// A turn of the sentinel: what it thought, and has to write before it sends.
struct SimulatedTurn {
    var batch = QueueBatch()
    var sends: [(message: WireMessage, key: WorkerKey)] = []
    var recorded: [(job: JobID, key: WorkerKey)] = []
    var openings: [Opening] = []
    /// Until when plugins are paused from now on.
    var paused: [String: Duration] = [:]
}

/// What `SentinelDesk` does, on simulated time.
extension Simulation {
    mutating func startSentinel() async throws {
        guard scheduler == nil else { return }
        sentinel += 1
        note("sentinel \(sentinel) starts")
        scheduler = Scheduler(policy: Self.policy)
        invariants.forgetPauses()
        let limits = try await catalog.pluginLimits()
        let running = try await catalog.jobs(JobFilter(status: .running)).map { listed in
            RunningJob(
                id: listed.job.id, pluginName: listed.job.pluginName, attempt: listed.job.retryCount + 1,
                workerHost: listed.job.workerHost, workerPID: listed.job.workerPID,
                isHolderDead: workers.indices.contains { Int64($0) == listed.job.workerPID && workers[$0].isGone }
                    && random.oneIn(2),
                strikes: listed.course.strikes, limits: limits[listed.job.pluginName] ?? PluginLimits())
        }
        try await tell(.started(mutation == .startForgetsRunningJobs ? [] : running))
        agenda.add(.tick(sentinel: sentinel), at: agenda.now + .seconds(1))
        for worker in workers.indices where !workers[worker].isGone { try await disconnect(worker) }
    }

    mutating func killSentinel(_ moment: String) {
        guard scheduler != nil else { return }
        note("sentinel \(sentinel) dies \(moment)")
        scheduler = nil
        stuck = nil
        inbox = []
        faults += 1
        agenda.add(.startSentinel, at: agenda.now + .milliseconds(Int.random(in: 10...8_000, using: &random)))
    }

    /// Something happens to the sentinel; it takes note when the turn before is written.
    mutating func tell(_ event: SchedulerEvent) async throws {
        guard scheduler != nil else { return }
        if stuck != nil { return inbox.append(event) }
        try await turn([event])
    }

    /// Think, write, send.
    private mutating func turn(_ events: [SchedulerEvent]) async throws {
        var actions: [SchedulerAction] = []
        var asksForCancellations = false
        for event in events {
            if case .tick = event { asksForCancellations = true }
            if case .catalogChanged = event { asksForCancellations = true }
            let (event, now) = (mutated(event), time)
            actions += scheduler?.handle(event, now: now) ?? []
        }
        if asksForCancellations {
            // Of every other worker the sentinel can see that its process is gone: the others run on other machines.
            for worker in scheduler?.away ?? [] where worker.pid % 2 == 0 && workers[Int(worker.pid)].isGone {
                let now = time
                actions += scheduler?.handle(.died(worker.worker), now: now) ?? []
            }
            let wanted = try await catalog.cancellations()
            let now = time
            actions += scheduler?.handle(.cancellationsWanted(wanted), now: now) ?? []
        }
        var turn = SimulatedTurn()
        for action in actions { take(action, &turn) }
        turn.openings = scheduler?.openings() ?? []
        if mutation == .slotsAreIgnored {
            for index in turn.openings.indices { turn.openings[index].count += 10 }
        }
        turn.batch.claims = turn.openings.enumerated().map { index, opening in
            Claim(
                claimant: "\(index)", workerHost: opening.host, workerPID: opening.pid, count: opening.count,
                plugins: opening.plugins)
        }
        if mutation != .pauseIsIgnored { turn.batch.rooms = scheduler?.pluginRooms(now: agenda.now) ?? [:] }
        stuck = turn
        try await commitTurn()
    }

    private func take(_ action: SchedulerAction, _ turn: inout SimulatedTurn) {
        switch action {
        case .conclude(let job, let receipt): turn.batch.conclusions.append(Conclusion(jobID: job, receipt: receipt))
        case .bury(let job, let receipt):
            turn.batch.conclusions.append(Conclusion(jobID: job, receipt: receipt, consequence: .bury))
        case .retry(let job, let receipt, let time):
            turn.batch.conclusions.append(Conclusion(jobID: job, receipt: receipt, consequence: .retry(at: time)))
        case .requeue(let job, let time):
            if mutation == .lostJobIsNotRequeued, time != nil { return }
            turn.batch.requeues.append(Requeue(job, notBefore: time, isStrike: time != nil))
        case .pause(let pause):
            turn.batch.pauses.append(pause)
            let left = pause.until.microsecondsSinceEpoch - wall.microsecondsSinceEpoch
            turn.paused[pause.pluginName] = agenda.now + .microseconds(left)
        case .resume(let plugin): turn.batch.resume(plugin)
        case .acknowledge(let job, let key): turn.recorded.append((job, key))
        case .send(let message, let key): turn.sends.append((message, key))
        case .note(let note): self.note("\(note.kind.rawValue) \(note.job.map { "\($0)" } ?? "") \(note.detail)")
        case .register, .save: break
        }
    }

    /// Writes the turn, the same one until it succeeds, and only then sends.
    mutating func commitTurn() async throws {
        guard let turn = stuck else { return }
        if mutation == .dispatchBeforeCommit { try await sendEarly(turn) }
        if agenda.now < catalogRefusesUntil {
            return agenda.add(
                .commitAgain(sentinel: sentinel),
                at: agenda.now + .milliseconds(Int.random(in: 50...2_000, using: &random)))
        }
        if dies("before a transaction") { return }
        let result = try await catalog.commit(turn.batch, now: wall)
        stuck = nil
        if !turn.batch.pauses.isEmpty || !turn.batch.resumed.isEmpty {
            invariants.pause(Set(try await catalog.pluginPauses().map(\.pluginName)), turn.paused)
        }
        invariants.claim(result.claimed.map(\.pluginName), agenda.now)
        try await look(at: turn.batch, result)
        if dies("between a transaction and what it sends") { return }
        let asked = turn.openings.reduce(0) { $0 + $1.count }
        let assignments = result.claimed.compactMap { job in
            Int(job.claimant).map { (worker: turn.openings[$0].worker, job: assignment(job)) }
        }
        var sends = turn.sends
        let now = time
        let more = scheduler?.dispatch(assignments, isExhausted: result.claimed.count < asked, now: now) ?? []
        for case .send(let message, let key) in more { sends.append((message, key)) }
        for (job, key) in turn.recorded {
            let payload = ErrorPayload(message: "recorded", code: ErrorPayload.recordedCode, jobs: [job.rawValue])
            sends.append((WireMessage(.error(payload)), key))
        }
        for (message, key) in sends {
            if sends.count > 1, dies("in the middle of what it sends") { return }
            send(message, to: key)
        }
        if let scheduler { invariants.endTurn(scheduler, workers: workers, agenda.now) }
        guard !inbox.isEmpty, invariants.violation == nil else { return }
        let events = inbox
        inbox = []
        try await self.turn(events)
    }

    private mutating func dies(_ moment: String) -> Bool {
        guard agenda.now < Self.faultsEnd, random.oneIn(800) else { return false }
        killSentinel(moment)
        return true
    }

    /// What a transaction did.
    private mutating func look(at batch: QueueBatch, _ result: QueueBatchResult) async throws {
        var touched: Set<JobID> = []
        let ignored = Set(result.ignoredConclusions)
        for conclusion in batch.conclusions where !ignored.contains(conclusion.jobID) {
            touched.insert(conclusion.jobID)
            guard conclusion.receipt.status == .failed else { continue }
            let run = conclusion.receipt.metrics[Self.runMetric]
            if conclusion.consequence == .bury, run == nil { invariants.noteLoss(of: conclusion.jobID) }
            invariants.noteFailure(of: conclusion.jobID, run: run, agenda.now)
        }
        for requeue in batch.requeues {
            touched.insert(requeue.jobID)
            invariants.noteLoss(of: requeue.jobID)
        }
        for job in touched.sorted() { try await look(at: job) }
        if mutation == .cancelledJobIsRequeued {
            for requeue in batch.requeues where invariants.standings[requeue.jobID]?.status == .skipped {
                _ = try await catalog.retry(job: requeue.jobID, now: wall)
                try await look(at: requeue.jobID)
            }
        }
        for claimed in result.claimed { try await look(at: claimed.jobID) }
    }

    /// A job that may have changed.
    mutating func look(at job: JobID) async throws {
        if let listed = try await catalog.job(id: job) { invariants.look(listed, agenda.now) }
    }

    private func assignment(_ job: ClaimedJob) -> JobAssignment {
        let order = DispatchPayload(
            pluginName: job.pluginName, filePath: job.filePath, sinks: [], fileVersionID: job.fileVersionID.rawValue)
        var limits = job.limits
        if mutation == .deadlineIsIgnored { limits.deadlineSeconds = nil }
        return JobAssignment(
            jobID: job.jobID, attempt: job.attempt, order: order,
            strikes: mutation == .strikesAreForgotten ? 0 : job.strikes, limits: limits)
    }

    private mutating func send(_ message: WireMessage, to key: WorkerKey) {
        guard let worker = workers.firstIndex(where: { $0.key == key }) else { return }
        if case .dispatch(let order) = message.body {
            let job = JobID(Int64(bitPattern: message.jobID))
            note("job \(job), attempt \(order.attempt ?? 0), goes to worker \(worker)")
            invariants.order(Invariants.Place(job: job, worker: worker), attempt: order.attempt, agenda.now)
        }
        send(.toWorker(message, worker, connection: workers[worker].connection), link: .toWorker(worker))
    }

    // MARK: Planted bugs

    private func mutated(_ event: SchedulerEvent) -> SchedulerEvent {
        guard mutation == .formerReceiptCounts, case .message(var message, _) = event,
            case .conclude(var receipt) = message.body, receipt.status == .failed, receipt.errorMessage != Self.lie,
            let holder = scheduler?.holder[JobID(Int64(bitPattern: message.jobID))]
        else { return event }
        receipt.attempt = nil
        message.body = .conclude(receipt)
        return .message(message, from: holder)
    }

    /// Orders what the catalog would give, before it did.
    private mutating func sendEarly(_ turn: SimulatedTurn) async throws {
        guard let opening = turn.openings.first,
            let job = try await catalog.jobs(JobFilter(status: .queued)).first(where: { $0.course.notBefore == nil })
        else { return }
        var order = DispatchPayload(
            pluginName: job.job.pluginName, filePath: job.filePath, sinks: [],
            fileVersionID: job.job.fileVersionID.rawValue)
        order.attempt = job.job.retryCount + 1
        send(WireMessage(jobID: UInt64(bitPattern: job.job.id.rawValue), .dispatch(order)), to: opening.worker)
    }
}
