import CasparianCatalog
import CasparianModel
import CasparianScheduling
import CasparianTestKit
import CasparianWire
import Testing

@testable import CasparianWorker

/// A sentinel and workers with their real minds, on simulated time, over a network that delays and loses, with
/// processes that die, sleep and come back. Everything follows from the seed.
struct Simulation {
    enum Event {
        case toSentinel(WireMessage, from: Int, connection: Int)
        case toWorker(WireMessage, Int, connection: Int)
        case tick(sentinel: Int)
        case heartbeat(Int)
        case jobEnds(worker: Int, slot: Int, run: Int)
        case fault
        case reconnect(Int)
        case startSentinel
    }

    /// Jobs, and every how many of them fails whatever is tried.
    static let jobCount = 60
    static let poisonEvery = 13
    /// Faults happen until then; the rest of the time is for healing.
    static let faultsEnd = Duration.seconds(90)
    static let end = Duration.seconds(400)

    let catalog = InMemoryCatalog()
    var random: SeededRandom
    var agenda = Agenda<Event>()
    var workers: [SimulatedWorker] = []
    var scheduler: Scheduler?
    /// Counts sentinels, so that a dead one's timer does not tick for the next.
    var sentinel = 0
    var runs = 0
    /// When the last message of each link arrives: links keep order.
    var lastArrival: [String: Duration] = [:]

    /// What is in the target, and how often a job's rows were put there: the sink's ledger keeps it at one.
    var promoted: Set<JobID> = []
    var conclusions: [JobID: Int] = [:]
    var faults = 0

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    static func isPoison(_ job: JobID) -> Bool { job.rawValue % Int64(poisonEvery) == 0 }

    var wall: Timestamp {
        Timestamp(microsecondsSinceEpoch: 1_750_000_000_000_000).advanced(by: agenda.now)
    }
    var time: SchedulerTime { SchedulerTime(elapsed: agenda.now, wall: wall) }

    mutating func run() async throws {
        try await queueJobs()
        try await startSentinel()
        for _ in 0..<3 { try await startWorker() }
        agenda.add(.fault, at: .seconds(1))
        while let event = agenda.next(until: Self.end) { try await happen(event) }
    }

    private func queueJobs() async throws {
        let root = try await catalog.addSourceRoot(path: "/data")
        try await catalog.setPluginConfig(PluginConfig(pluginName: "p", subscriptionTags: ["t"]))
        let seen = (0..<Self.jobCount).map { number in
            FileObservation(
                relativePath: "\(number).csv", sizeBytes: 1, modified: wall,
                contentHash: ContentHash(digest: Array(repeating: UInt8(number), count: 32)), tags: ["t"],
                plugins: ["p"], priority: number % 3)
        }
        _ = try await catalog.record(seen, root: root.id, now: wall)
    }

    private mutating func happen(_ event: Event) async throws {
        switch event {
        case .toSentinel(let message, let worker, let connection):
            guard workers[worker].connection == connection, workers[worker].isConnected || workers[worker].isGone else {
                return
            }
            try await tell(.message(message, from: workers[worker].key))
        case .tick(let number):
            guard number == sentinel, scheduler != nil else { return }
            agenda.add(.tick(sentinel: number), at: agenda.now + .seconds(1))
            try await tell(.tick)
        case .toWorker(let message, let worker, let connection):
            guard workers[worker].connection == connection, workers[worker].isConnected else { return }
            if isPutOff(event, worker) { return }
            perform(workers[worker].state.handle(.message(message), at: agenda.now), worker)
        case .heartbeat(let worker):
            guard !workers[worker].isGone else { return }
            if isPutOff(event, worker) { return }
            perform(workers[worker].state.handle(.heartbeatDue([]), at: agenda.now), worker)
            perform(workers[worker].state.handle(.tick, at: agenda.now), worker)
            agenda.add(event, at: agenda.now + .seconds(2))
        case .jobEnds(let worker, let slot, let run): jobEnds(event, worker, slot, run)
        case .fault: try await fault()
        case .reconnect(let worker):
            guard !workers[worker].isGone else { return }
            workers[worker].isConnected = true
            perform(workers[worker].state.handle(.connected, at: agenda.now), worker)
        case .startSentinel: try await startSentinel()
        }
    }

    /// Puts an event off while its worker sleeps; drops it if the worker is gone.
    private mutating func isPutOff(_ event: Event, _ worker: Int) -> Bool {
        if workers[worker].isGone { return true }
        guard agenda.now < workers[worker].stalledUntil else { return false }
        agenda.add(event, at: workers[worker].stalledUntil)
        return true
    }

    // MARK: Sentinel

    mutating func startSentinel() async throws {
        guard scheduler == nil else { return }
        sentinel += 1
        scheduler = Scheduler()
        let running = try await catalog.jobs(JobFilter(status: .running)).map { listed in
            RunningJob(
                id: listed.job.id, pluginName: "p", attempt: listed.job.retryCount + 1,
                workerHost: listed.job.workerHost, workerPID: listed.job.workerPID,
                isHolderDead: workers.indices.contains { Int64($0) == listed.job.workerPID && workers[$0].isGone }
                    && random.oneIn(2))
        }
        try await tell(.started(running))
        agenda.add(.tick(sentinel: sentinel), at: agenda.now + .seconds(1))
        for worker in workers.indices where !workers[worker].isGone { try await disconnect(worker) }
    }

    /// A turn of the sentinel: think, write, send.
    mutating func tell(_ event: SchedulerEvent) async throws {
        let now = time
        guard let actions = scheduler?.handle(event, now: now) else { return }
        var batch = QueueBatch()
        var sends: [(WireMessage, WorkerKey)] = []
        for action in actions {
            switch action {
            case .conclude(let job, let receipt): batch.conclusions.append(Conclusion(jobID: job, receipt: receipt))
            case .bury(let job, let receipt):
                batch.conclusions.append(Conclusion(jobID: job, receipt: receipt, consequence: .bury))
            case .retry(let job, let receipt, let time):
                batch.conclusions.append(Conclusion(jobID: job, receipt: receipt, consequence: .retry(at: time)))
            case .requeue(let job, let time):
                batch.requeues.append(Requeue(job, notBefore: time, isStrike: time != nil))
            case .send(let message, let key): sends.append((message, key))
            case .register, .save, .note, .acknowledge, .pause, .resume: break
            }
        }
        let openings = scheduler?.openings() ?? []
        batch.claims = openings.enumerated().map { index, opening in
            Claim(
                claimant: "\(index)", workerHost: opening.host, workerPID: opening.pid, count: opening.count,
                plugins: opening.plugins)
        }
        batch.rooms = scheduler?.pluginRooms(now: now.elapsed) ?? [:]
        let result = try await catalog.commit(batch, now: wall)
        let ignored = Set(result.ignoredConclusions)
        for conclusion in batch.conclusions where !ignored.contains(conclusion.jobID) {
            conclusions[conclusion.jobID, default: 0] += 1
        }
        // It may die between the transaction and the messages.
        if agenda.now < Self.faultsEnd, random.oneIn(400) { return killSentinel() }
        let assignments = result.claimed.compactMap { job -> (worker: WorkerKey, job: JobAssignment)? in
            guard let index = Int(job.claimant) else { return nil }
            let order = DispatchPayload(
                pluginName: "p", filePath: job.filePath, sinks: [], fileVersionID: job.fileVersionID.rawValue)
            return (
                openings[index].worker, JobAssignment(jobID: job.jobID, attempt: job.attempt, order: order)
            )
        }
        let asked = openings.reduce(0) { $0 + $1.count }
        let more = scheduler?.dispatch(assignments, isExhausted: result.claimed.count < asked, now: now) ?? []
        for case .send(let message, let key) in more { sends.append((message, key)) }
        for (message, key) in sends {
            guard let worker = workers.firstIndex(where: { $0.key == key }) else { continue }
            send(.toWorker(message, worker, connection: workers[worker].connection), link: "to \(worker)")
        }
    }

    mutating func killSentinel() {
        scheduler = nil
        faults += 1
        agenda.add(.startSentinel, at: agenda.now + .milliseconds(Int.random(in: 10...8_000, using: &random)))
    }

    mutating func send(_ event: Event, link: String) {
        let arrival = max(
            lastArrival[link] ?? .zero, agenda.now + .microseconds(Int.random(in: 100...30_000, using: &random)))
        lastArrival[link] = arrival
        agenda.add(event, at: arrival)
    }
}
