import CasparianCatalog
import CasparianModel
import CasparianRegistration
import CasparianScheduling
import CasparianTransport
import CasparianWire
import Logging

/// Does what the scheduler says: one turn after the other, on one task.
struct SentinelDesk {
    private var scheduler: Scheduler
    private let catalog: any Catalog
    private let transport: any MessageTransport
    private let clock: SentinelClock
    private var log: SentinelLog
    private let metrics: SentinelMetrics
    /// What came up after a turn's transaction; the next one takes it along.
    private var next = QueueBatch()
    private(set) var snapshot = SentinelSnapshot()

    init(
        scheduler: Scheduler, catalog: any Catalog, transport: any MessageTransport, clock: SentinelClock,
        logger: Logger, metrics: SentinelMetrics
    ) {
        self.scheduler = scheduler
        self.catalog = catalog
        self.transport = transport
        self.clock = clock
        self.log = SentinelLog(logger: logger)
        self.metrics = metrics
    }

    /// Finds what an earlier sentinel left.
    mutating func begin() async throws {
        let catalog = catalog
        let (running, former, limits) = try await retrying {
            (
                try await catalog.jobs(JobFilter(status: .running)), try await catalog.workers(),
                try await catalog.pluginLimits()
            )
        }
        // Whether they still fail shows soon enough.
        next.resumed = try await retrying { try await catalog.pluginPauses() }.map(\.pluginName)
        next.workers = former.filter { $0.status != .offline }.map { worker in
            var worker = worker
            worker.status = .offline
            worker.currentJobID = nil
            return worker
        }
        let first = Self.oldest(running)
        let jobs = running.map { listed in
            RunningJob(
                id: listed.job.id, pluginName: listed.job.pluginName, attempt: listed.job.retryCount + 1,
                workerHost: listed.job.workerHost, workerPID: listed.job.workerPID,
                isHolderDead: ProcessProbe.isDead(host: listed.job.workerHost, pid: listed.job.workerPID),
                strikes: listed.course.strikes, limits: limits[listed.job.pluginName] ?? PluginLimits(),
                mayHaveRun: first.contains(listed.job.id))
        }
        try await perform(scheduler.handle(.started(jobs), now: clock.now()))
    }

    /// The job that each worker got first, which is the one that surely ran: how many slots it has nobody knows any more.
    private static func oldest(_ running: [JobListing]) -> Set<JobID> {
        let byWorker = Dictionary(grouping: running.map(\.job)) { "\($0.workerPID ?? 0)@\($0.workerHost ?? "")" }
        return Set(
            byWorker.values.compactMap { jobs in
                jobs.min { ($0.claimTime ?? .first, $0.id) < ($1.claimTime ?? .first, $1.id) }?.id
            })
    }

    mutating func work(_ turn: SentinelTurn) async throws {
        let now = clock.now()
        var actions: [SchedulerAction] = []
        for message in turn.messages {
            if let event = event(message) { actions += scheduler.handle(event, now: now) }
        }
        if turn.ticked || turn.hasDisconnections {
            for worker in scheduler.away where ProcessProbe.isDead(host: worker.host, pid: worker.pid) {
                actions += scheduler.handle(.died(worker.worker), now: now)
            }
        }
        if turn.catalogChanged { actions += scheduler.handle(.catalogChanged, now: now) }
        if turn.catalogChanged || turn.ticked {
            let catalog = catalog
            let wanted = try await retrying { try await catalog.cancellations() }
            actions += scheduler.handle(.cancellationsWanted(wanted), now: now)
        }
        if turn.ticked { actions += scheduler.handle(.tick, now: now) }
        try await perform(actions)
        metrics.ended(turn: clock.now().elapsed - now.elapsed, snapshot)
    }

    mutating func end() async {
        for case .save(let row) in scheduler.stop(now: clock.now()) { next.workers.append(row) }
        do {
            _ = try await catalog.commit(next, now: clock.now().wall)
        } catch {
            log.catalogFailed(error, isFinal: true)
        }
    }

    private mutating func event(_ message: TransportMessage) -> SchedulerEvent? {
        let key = WorkerKey(message.peer.bytes)
        switch message.content {
        case .connected: return nil
        case .disconnected: return .disconnected(key)
        case .frames(let frames):
            metrics.received()
            do {
                return .message(try WireMessage.decode(frames), from: key)
            } catch {
                log.malformed(error, from: message.peer)
                metrics.malformed()
                return nil
            }
        }
    }

    private mutating func perform(_ actions: [SchedulerAction]) async throws {
        var batch = next
        next = QueueBatch()
        var plugins: [PluginDescription] = []
        var sends: [(WireMessage, WorkerKey)] = []
        var recorded: [WorkerKey: [Int64]] = [:]
        for action in actions {
            switch action {
            case .register(let found): for plugin in found where !plugins.contains(plugin) { plugins.append(plugin) }
            case .conclude(let job, let receipt): batch.conclusions.append(Conclusion(jobID: job, receipt: receipt))
            case .bury(let job, let receipt):
                batch.conclusions.append(Conclusion(jobID: job, receipt: receipt, consequence: .bury))
            case .retry(let job, let receipt, let time):
                batch.conclusions.append(Conclusion(jobID: job, receipt: receipt, consequence: .retry(at: time)))
            case .requeue(let job, let time): batch.requeues.append(Requeue(job, at: time))
            case .pause(let pause): batch.pauses.append(pause)
            case .resume(let plugin): batch.resume(plugin)
            case .acknowledge(let job, let key): recorded[key, default: []].append(job.rawValue)
            case .save(let row): batch.workers.append(row)
            case .send(let message, let key): sends.append((message, key))
            case .note(let note):
                if note.kind == .jobRequeued, let job = note.job { batch.requeueReasons[job] = note.detail }
                write(note)
            }
        }
        try await register(plugins)
        for action in try await commit(&batch) {
            switch action {
            case .send(let message, let key): sends.append((message, key))
            case .save(let row): next.workers.append(row)
            case .requeue(let job, let time): next.requeues.append(Requeue(job, at: time))
            case .note(let note):
                if note.kind == .jobRequeued, let job = note.job { next.requeueReasons[job] = note.detail }
                write(note)
            case .register, .conclude, .bury, .retry, .acknowledge, .pause, .resume: break
            }
        }
        for (message, key) in sends { try await send(message, to: key) }
        for (key, jobs) in recorded {
            let payload = ErrorPayload(message: "recorded", code: ErrorPayload.recordedCode, jobs: jobs)
            try await send(WireMessage(.error(payload)), to: key)
        }
        updateSnapshot()
    }

    private mutating func write(_ note: SchedulerNote) {
        log.write(note)
        metrics.noted(note)
    }

    private mutating func register(_ plugins: [PluginDescription]) async throws {
        guard !plugins.isEmpty else { return }
        let catalog = catalog
        let now = clock.now().wall
        do {
            let result = try await retrying { try await Registrar(catalog: catalog).register(plugins, now: now) }
            log.registered(result)
        } catch let error as CatalogError where error.code == .invalid {
            log.registrationFailed(error)
        }
    }

    /// Writes a turn and claims jobs for those who have room, in one transaction.
    private mutating func commit(_ batch: inout QueueBatch) async throws -> [SchedulerAction] {
        let openings = scheduler.openings()
        batch.claims = openings.enumerated().map { index, opening in
            Claim(
                claimant: String(index), workerHost: opening.host, workerPID: opening.pid, count: opening.count,
                plugins: opening.plugins)
        }
        let now = clock.now()
        batch.rooms = scheduler.pluginRooms(now: now.elapsed)
        let (catalog, whole, wall) = (catalog, batch, now.wall)
        let result = try await retrying { try await catalog.commit(whole, now: wall) }
        count(batch.conclusions, ignored: result.ignoredConclusions)
        metrics.claimed(result.claimed, at: wall)
        let asked = openings.reduce(0) { $0 + $1.count }
        let assignments = result.claimed.compactMap { job in
            Int(job.claimant).map { (worker: openings[$0].worker, job: JobAssignment(job)) }
        }
        return scheduler.dispatch(assignments, isExhausted: result.claimed.count < asked, now: clock.now())
    }

    private mutating func count(_ conclusions: [Conclusion], ignored: [JobID]) {
        for job in ignored { write(SchedulerNote(.receiptRefused, job: job, detail: "unknown or ended already")) }
        let ignored = Set(ignored)
        for conclusion in conclusions where !ignored.contains(conclusion.jobID) {
            metrics.concluded(conclusion.receipt)
            switch (conclusion.receipt.status, conclusion.consequence) {
            case (.success, _): snapshot.completed += 1
            case (.failed, .retry): continue
            case (.failed, _) where conclusion.receipt.isOfChangedFile: snapshot.changed += 1
            case (.failed, _): snapshot.failed += 1
            }
            log.concluded(conclusion)
        }
    }

    private func send(_ message: WireMessage, to key: WorkerKey) async throws {
        do {
            try await transport.send(message.encode(), to: PeerIdentity(key.bytes))
        } catch let error as TransportError where error.code == .closed {
            // The sentinel ends; what could not be sent is found by the next one.
        }
    }

    private mutating func updateSnapshot() {
        snapshot.workers = scheduler.workerCount
        snapshot.running = scheduler.runningCount
        snapshot.isIdle = scheduler.isIdle
        snapshot.offeredPlugins = scheduler.offeredPlugins
        snapshot.pausedPlugins = scheduler.pausedPlugins(now: clock.now().elapsed)
    }

    /// First and longest wait before a refused transaction is tried again.
    private static let retryMilliseconds = 50...2_000

    /// Tries until it succeeds: nothing that a worker reported may be forgotten because a disk is full for a while.
    private mutating func retrying<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        var pause = Self.retryMilliseconds.lowerBound
        while true {
            do {
                return try await body()
            } catch let error as CatalogError where error.isTransient || error.code == .full || error.code == .io {
                log.catalogFailed(error, isFinal: false)
                // Nothing tells when a disk has room again or another program lets go of the file.
                try await Task.sleep(for: .milliseconds(pause))
                pause = min(2 * pause, Self.retryMilliseconds.upperBound)
            }
        }
    }
}

extension Requeue {
    /// A time to wait for means that the loss counts.
    init(_ job: JobID, at time: Timestamp?) { self.init(job, notBefore: time, isStrike: time != nil) }
}

extension JobAssignment {
    /// A claimed job as an order; a topic `output` that nobody configured gets its default sink, as plain workers
    /// expect.
    init(_ job: ClaimedJob) {
        var sinks = job.sinks
        if !sinks.contains(where: { $0.topic == SinkConfig.outputTopic }) {
            sinks.append(SinkConfig.fallback(plugin: job.pluginName, topic: SinkConfig.outputTopic))
        }
        var order = DispatchPayload(
            pluginName: job.pluginName, filePath: job.filePath, sinks: sinks,
            fileVersionID: job.fileVersionID.rawValue)
        order.contentHash = job.contentHash
        order.parameters = job.parameters
        self.init(jobID: job.jobID, attempt: job.attempt, order: order, strikes: job.strikes, limits: job.limits)
    }
}
