import CasparianCatalog
import CasparianModel
import CasparianScheduling
import CasparianTestKit
import CasparianWire

@testable import CasparianWorker

/// A sentinel and workers with their real minds, on simulated time, over a network that delays and loses, with
/// processes that die, sleep and come back. Everything follows from the seed. Ends at the first broken invariant.
struct Simulation {
    enum Event {
        case toSentinel(WireMessage, from: Int, connection: Int)
        case toWorker(WireMessage, Int, connection: Int)
        case tick(sentinel: Int)
        /// The catalog refused a turn's transaction; the same one is tried again.
        case commitAgain(sentinel: Int)
        case heartbeat(Int)
        case jobEnds(worker: Int, slot: Int, run: Int)
        case fault
        case reconnect(Int)
        case startSentinel
        case files(wave: Int)
    }

    enum Link: Hashable {
        case fromWorker(Int)
        case toWorker(Int)
    }

    /// Jobs, which come in waves, and every how many of them fails whatever is tried.
    static let jobCount = 60
    static let waves = 3
    static let poisonEvery = 13
    /// Faults happen until then; the rest of the time is for healing.
    static let faultsEnd = Duration.seconds(90)
    /// Workers that were suspended wake until then, and what they do late has to be harmless.
    static let quiet = faultsEnd + .seconds(60)
    /// A worker that is alone, with one slot and some jobs that take forty seconds, takes its time.
    static let end = Duration.seconds(1_200)
    /// Plugin `p` has no limits of its own; failures of `q` are tried again; `r` fails on everything until it is mended, and
    /// has a deadline that some of its jobs do not keep.
    static let limits = [
        "q": PluginLimits(concurrency: 2, attemptsMax: 3, retriesFailures: true),
        "r": PluginLimits(deadlineSeconds: 5),
    ]
    static let deadline = Duration.seconds(5)
    static let mended = Duration.seconds(30)
    static let heartbeat = Duration.seconds(2)
    /// Pauses of plugins come sooner and end sooner than they do in production.
    static let policy = SchedulerPolicy(
        failuresInARow: 3, pluginPause: .seconds(5), pluginPauseMax: .seconds(20))
    static let concurrency = ["q": 2]
    static let plugins = ["p", "q", "r"]
    /// Of a message that was on its way while its connection broke, and comes after it is there again.
    static let lateConnection = -1
    /// Which run, at which worker, a receipt is about.
    static let runMetric = "run"
    static let workerMetric = "worker"
    static let lie = "a lie"

    let catalog = InMemoryCatalog()
    let mutation: Mutation?
    let jumpsClock: Bool
    let isTraced: Bool
    var random: SeededRandom
    var agenda = Agenda<Event>()
    var workers: [SimulatedWorker] = []
    var scheduler: Scheduler?
    /// Counts sentinels, so that a dead one's timer does not tick for the next.
    var sentinel = 0
    /// A turn whose transaction was refused, and what came in meanwhile.
    var stuck: SimulatedTurn?
    var inbox: [SchedulerEvent] = []
    var catalogRefusesUntil = Duration.zero
    /// How far the wall clock was set off.
    var wallOffset = Duration.zero
    var runs = 0
    /// When the last message of each link arrives: links keep order.
    var lastArrival: [Link: Duration] = [:]
    var invariants = Invariants()
    var cancelled: Set<JobID> = []
    var faults = 0

    /// - Parameters:
    ///   - mutation: A bug to plant.
    ///   - jumpsClock: Whether the wall clock is set now and then.
    ///   - isTraced: Whether to print what happens.
    init(seed: UInt64, mutation: Mutation? = nil, jumpsClock: Bool = true, isTraced: Bool = false) {
        random = SeededRandom(seed: seed)
        self.mutation = mutation
        self.jumpsClock = jumpsClock
        self.isTraced = isTraced
    }

    static func isPoison(_ job: JobID) -> Bool { job.rawValue % Int64(poisonEvery) == 0 }
    static func attemptsMax(_ plugin: String) -> Int { limits[plugin]?.attemptsMax ?? SchedulerPolicy().attemptsMax }

    var wall: Timestamp {
        Timestamp(microsecondsSinceEpoch: 1_750_000_000_000_000).advanced(by: agenda.now + wallOffset)
    }
    var time: SchedulerTime { SchedulerTime(elapsed: agenda.now, wall: wall) }

    func note(_ text: @autoclosure () -> String) {
        if isTraced { print("\(agenda.now): \(text())") }
    }

    /// Runs to the end, or to the first broken invariant, which it returns.
    @discardableResult mutating func run() async throws -> Violation? {
        try await configure()
        for wave in 0..<Self.waves { agenda.add(.files(wave: wave), at: .seconds(25 * wave)) }
        agenda.add(.startSentinel, at: .zero)
        for _ in 0..<3 { startWorker() }
        agenda.add(.fault, at: .seconds(1))
        while invariants.violation == nil, !isOver, let event = agenda.next(until: Self.end) { try await happen(event) }
        if invariants.violation == nil {
            invariants.end(try await catalog.jobs(JobFilter()), cancelled: cancelled, agenda.now)
        }
        return invariants.violation
    }

    /// Time goes on after the end.
    ///
    /// - Returns: What changed, though everything had ended.
    mutating func anHourLater() async throws -> String? {
        let before = try await catalog.jobs(JobFilter())
        let promoted = invariants.promoters
        let end = agenda.now + .seconds(3600)
        while let event = agenda.next(until: end) { try await happen(event) }
        if let violation = invariants.violation { return "\(violation)" }
        for (old, new) in zip(before, try await catalog.jobs(JobFilter())) where old != new {
            return "job \(old.job.id) was \(old.job.status.rawValue) and is \(new.job.status.rawValue)"
        }
        return promoted == invariants.promoters ? nil : "rows came later"
    }

    private var isOver: Bool { agenda.now > Self.quiet && invariants.unended == 0 && scheduler?.runningCount == 0 }

    private func configure() async throws {
        _ = try await catalog.addSourceRoot(path: "/data")
        for plugin in Self.plugins {
            try await catalog.setPluginConfig(PluginConfig(pluginName: plugin, subscriptionTags: [plugin]))
        }
        for (plugin, limits) in Self.limits {
            var limits = limits
            if mutation == .concurrencyIsIgnored { limits.concurrency = nil }
            try await catalog.setPluginLimits(limits, plugin: plugin)
        }
    }

    /// New files come, and somebody tells the sentinel that the catalog has changed.
    private mutating func queueJobs(wave: Int) async throws {
        let count = Self.jobCount / Self.waves
        let seen = (wave * count..<(wave + 1) * count).map { number in
            let plugin = number % 3 == 0 ? "q" : number % 6 == 1 ? "r" : "p"
            return FileObservation(
                relativePath: "\(number).csv", sizeBytes: 1, modified: wall,
                contentHash: ContentHash(digest: Array(repeating: UInt8(number), count: 32)), tags: [plugin],
                plugins: [plugin], priority: number % 3)
        }
        let roots = try await catalog.sourceRoots()
        _ = try await catalog.record(seen, root: roots[0].id, now: wall)
        invariants.begin(try await catalog.jobs(JobFilter()))
        try await tell(.catalogChanged)
    }

    private mutating func happen(_ event: Event) async throws {
        switch event {
        case .toSentinel(let message, let worker, let connection):
            try await arrive(message, from: worker, connection: connection)
        case .tick(let number):
            guard number == sentinel, scheduler != nil else { return }
            agenda.add(.tick(sentinel: number), at: agenda.now + .seconds(1))
            try await tell(.tick)
        case .commitAgain(let number):
            if number == sentinel, stuck != nil { try await commitTurn() }
        case .toWorker(let message, let worker, let connection):
            guard workers[worker].connection == connection, workers[worker].isConnected else { return }
            if isPutOff(event, worker) { return }
            note("worker \(worker) hears \(Self.text(message))")
            perform(workers[worker].state.handle(.message(message), at: agenda.now), worker)
        case .heartbeat(let worker):
            guard !workers[worker].isGone else { return }
            if isPutOff(event, worker) { return }
            perform(workers[worker].state.handle(.heartbeatDue([]), at: agenda.now), worker)
            perform(workers[worker].state.handle(.tick, at: agenda.now), worker)
            agenda.add(event, at: agenda.now + Self.heartbeat)
        case .jobEnds(let worker, let slot, let run): jobEnds(event, worker, slot, run)
        case .fault: try await fault()
        case .reconnect(let worker):
            guard !workers[worker].isGone, !workers[worker].isConnected else { return }
            if isPutOff(event, worker) { return }
            workers[worker].isConnected = true
            workers[worker].connectedAt = agenda.now
            note("worker \(worker) is connected again")
            perform(workers[worker].state.handle(.connected, at: agenda.now), worker)
        case .startSentinel: try await startSentinel()
        case .files(let wave): try await queueJobs(wave: wave)
        }
    }

    /// What a message says, for the story.
    private static func text(_ message: WireMessage) -> String {
        guard case .error(let payload) = message.body else { return "\(message.operation) of job \(message.jobID)" }
        return "\(payload.code ?? "error") \(payload.sequence.map { "of heartbeat \($0)" } ?? "") \(payload.jobs ?? [])"
    }

    /// Puts an event off while its worker sleeps; drops it if the worker is gone.
    private mutating func isPutOff(_ event: Event, _ worker: Int) -> Bool {
        if workers[worker].isGone { return true }
        guard agenda.now < workers[worker].stalledUntil else { return false }
        agenda.add(event, at: workers[worker].stalledUntil)
        return true
    }

    // MARK: Network

    mutating func send(_ event: Event, link: Link) {
        let arrival = max(
            lastArrival[link] ?? .zero, agenda.now + .microseconds(Int.random(in: 100...30_000, using: &random)))
        lastArrival[link] = arrival
        agenda.add(event, at: arrival)
    }

    /// What was on its way while the connection broke is lost, or comes when it is there again: late, out of order with
    /// what is sent then, and sometimes twice.
    private mutating func arrive(_ message: WireMessage, from worker: Int, connection: Int) async throws {
        if connection == Self.lateConnection {
            note("\(message.operation) of job \(message.jobID) from worker \(worker) is late")
        } else if workers[worker].connection != connection || !(workers[worker].isConnected || workers[worker].isGone) {
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                agenda.add(
                    .toSentinel(message, from: worker, connection: Self.lateConnection),
                    at: agenda.now + .milliseconds(Int.random(in: 1...12_000, using: &random)))
            }
            return
        }
        try await tell(.message(message, from: workers[worker].key))
    }
}
