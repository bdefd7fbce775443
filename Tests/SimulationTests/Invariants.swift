import CasparianCatalog
import CasparianModel

@testable import CasparianScheduling

/// What holds at every moment, whatever is killed, lost and restarted.
enum Invariant: String, Sendable {
    case rowsOnce = "a COMPLETED job has its rows, and no other has any that its holder reported"
    case leaseBeforePromotion = "a job that was taken from a worker is not promoted there once the lease is over"
    case stoppedStaysStopped = "a job that was told to stop is not promoted"
    case terminalIsFinal = "a terminal state never changes, and jobs change in transactions only"
    case ownReceipt = "a failure ends the attempt that it is about, by the word of the worker that ran it"
    case holder = "a RUNNING job has a holder or is an orphan whose time runs, and whoever holds a job has one RUNNING"
    case concurrency = "a plugin never has more jobs RUNNING than it may"
    case pause = "nothing of a paused plugin begins but, when the pause is over, one job that is tried"
    case deadline = "a job that takes longer than its deadline is not promoted"
    case room = "a worker never gets more jobs than its slots and its backlog"
    case attempts = "a job never has more attempts that count than it may"
    case durability = "an order leaves after its claim is durable"
    case ending = "when the faults are over every job ends: COMPLETED unless poison, cancelled or out of attempts"
}

/// An invariant that does not hold.
struct Violation: CustomStringConvertible {
    var invariant: Invariant
    var detail: String
    var time: Duration

    var description: String { "broken after \(time): \(invariant.rawValue) (\(detail))" }
}

/// Looks at every change of the catalog, every promotion and every order, and keeps the first violation.
struct Invariants {
    /// A job as it last stood in the catalog.
    struct Standing {
        var plugin: String
        var status = JobStatus.queued
        var attempt = 1
        /// Process id of the worker that has it.
        var worker: Int?
    }

    /// A job at a worker.
    struct Place: Hashable {
        var job: JobID
        var worker: Int
    }

    private(set) var standings: [JobID: Standing] = [:]
    private(set) var running: Set<JobID> = []
    private(set) var unended = 0
    private(set) var violation: Violation?
    /// Jobs with rows in the target, and the workers that put them there (again and again: the ledger keeps it at once).
    private(set) var promoters: [JobID: [Int]] = [:]
    /// When a job was last taken from a worker that has not got it again.
    private var taken: [Place: Duration] = [:]
    /// Places whose worker was given up while it had the job: what it promoted then, nobody may ever hear of.
    private var lost: Set<Place> = []
    /// The attempt that a run was about when its worker reported it.
    private var reported: [Int64: (place: Place, attempt: Int?)] = [:]

    /// Until when plugins are paused.
    private var paused: [String: Duration] = [:]
    /// Jobs with a failure that nobody tries again.
    private var failing: Set<JobID> = []

    static let lease = SchedulerPolicy().lease

    mutating func broken(_ invariant: Invariant, _ detail: String, _ now: Duration) {
        violation = violation ?? Violation(invariant: invariant, detail: detail, time: now)
    }

    // MARK: The catalog

    mutating func begin(_ jobs: [JobListing]) {
        for listed in jobs where standings[listed.job.id] == nil {
            standings[listed.job.id] = Standing(plugin: listed.job.pluginName)
            unended += 1
        }
    }

    /// A transaction gave a job up for lost at its worker.
    mutating func noteLoss(of job: JobID) {
        if let worker = standings[job]?.worker { lost.insert(Place(job: job, worker: worker)) }
    }

    /// A failure was accepted for an attempt; called before `look`.
    mutating func noteFailure(of job: JobID, run: Int64?, _ now: Duration) {
        guard let standing = standings[job], let run else { return }
        guard let truth = reported[run], truth.place.worker == standing.worker, truth.attempt == standing.attempt else {
            return broken(.ownReceipt, "job \(job), attempt \(standing.attempt), run \(run)", now)
        }
    }

    /// A worker reports a run.
    mutating func report(_ run: Int64, of place: Place, attempt: Int?) { reported[run] = (place, attempt) }

    /// A job after a transaction that may have changed it.
    mutating func look(_ listed: JobListing, _ now: Duration) {
        let job = listed.job
        guard let before = standings[job.id] else { return }
        let after = Standing(
            plugin: job.pluginName, status: job.status, attempt: job.retryCount + 1,
            worker: job.status == .running ? job.workerPID.map { Int($0) } : nil)
        standings[job.id] = after
        if before.status.isTerminal, before.status != after.status || before.attempt != after.attempt {
            return broken(.terminalIsFinal, "job \(job.id): \(before.status.rawValue), \(after.status.rawValue)", now)
        }
        if let worker = before.worker, before.worker != after.worker || before.attempt != after.attempt {
            taken[Place(job: job.id, worker: worker)] = now
        }
        if let worker = after.worker { taken[Place(job: job.id, worker: worker)] = nil }
        if after.status == .running { running.insert(job.id) } else { running.remove(job.id) }
        if after.status.isTerminal, !before.status.isTerminal { unended -= 1 }
        if listed.course.strikes >= Simulation.attemptsMax(after.plugin) {
            broken(.attempts, "job \(job.id) has \(listed.course.strikes) strikes", now)
        }
        if after.status.isTerminal { checkRows(job.id, now) }
    }

    /// Every job is as it was left: nothing changes outside of the transactions that were looked at.
    mutating func compare(_ jobs: [JobListing], _ now: Duration) {
        for listed in jobs {
            let standing = standings[listed.job.id]
            if standing?.status != listed.job.status || standing?.attempt != listed.job.retryCount + 1 {
                broken(.terminalIsFinal, "job \(listed.job.id) is \(listed.job.status.rawValue) all at once", now)
            }
        }
    }

    /// No sentinel can know what a worker did that it never hears of again; what a holder reports it knows.
    private mutating func checkRows(_ job: JobID, _ now: Duration) {
        let workers = promoters[job] ?? []
        let status = standings[job]?.status
        if status == .completed {
            if workers.isEmpty { broken(.rowsOnce, "job \(job) is COMPLETED without rows", now) }
        } else if let worker = workers.first(where: { !lost.contains(Place(job: job, worker: $0)) }) {
            broken(.rowsOnce, "job \(job) is \(status?.rawValue ?? "") with rows from worker \(worker)", now)
        }
    }

    // MARK: Workers

    /// A worker promotes a job.
    ///
    /// - Parameters:
    ///   - isStopped: The worker was told to stop it.
    ///   - isOverdue: It runs for longer than its worker should have let it.
    ///   - isFenced: False if the worker takes its sentinel for a plain one.
    mutating func promote(_ place: Place, isStopped: Bool, isOverdue: Bool, isFenced: Bool, _ now: Duration) {
        if isOverdue { broken(.deadline, "job \(place.job) at worker \(place.worker)", now) }
        if isStopped { broken(.stoppedStaysStopped, "job \(place.job) at worker \(place.worker)", now) }
        // Four fifths of a lease are the worker's, from a heartbeat before it lost the job.
        if let since = taken[place], isFenced, now >= since + Self.lease * 4 / 5 {
            broken(.leaseBeforePromotion, "job \(place.job), taken from worker \(place.worker) after \(since)", now)
        }
        promoters[place.job, default: []].append(place.worker)
        if standings[place.job]?.status.isTerminal == true { checkRows(place.job, now) }
    }

    /// The job may end as FAILED.
    mutating func mayFail(_ job: JobID) { failing.insert(job) }

    // MARK: The sentinel

    /// The catalog says until when these plugins are paused, and that no other one is.
    mutating func pause(_ plugins: Set<String>, _ until: [String: Duration]) {
        paused = paused.merging(until) { _, newer in newer }.filter { plugins.contains($0.key) }
    }

    /// A sentinel that begins knows of no pause.
    mutating func forgetPauses() { paused = [:] }

    /// Plugins of the jobs that a turn claimed.
    mutating func claim(_ plugins: [String], _ now: Duration) {
        for (plugin, until) in paused {
            let count = plugins.count { $0 == plugin }
            if count > (until <= now ? 1 : 0) { broken(.pause, "\(count) of '\(plugin)'", now) }
        }
    }

    /// An order leaves for a worker.
    mutating func order(_ place: Place, attempt: Int?, _ now: Duration) {
        let standing = standings[place.job]
        guard standing?.status == .running, standing?.worker == place.worker, standing?.attempt == attempt else {
            return broken(.durability, "job \(place.job) to worker \(place.worker)", now)
        }
    }

    /// After a whole turn.
    mutating func endTurn(_ scheduler: Scheduler, workers: [SimulatedWorker], _ now: Duration) {
        // The lowest one of several, so that a seed always tells of the same job.
        let adrift = running.filter { scheduler.holder[$0] == nil && scheduler.orphans[$0] == nil }.min()
        if let adrift { broken(.holder, "job \(adrift) is RUNNING at nobody", now) }
        let held = scheduler.holder.filter { job, key in standings[job]?.worker.map { workers[$0].key } != key }
        if let job = held.map(\.key).min() { broken(.holder, "job \(job) is held and not RUNNING there", now) }
        let late = scheduler.orphans.filter { job, orphan in
            !running.contains(job) || orphan.until > now + Self.lease * 2
        }
        if let job = late.map(\.key).min() { broken(.holder, "job \(job) is an orphan for too long", now) }
        for (plugin, most) in Simulation.concurrency {
            let count = running.count { standings[$0]?.plugin == plugin }
            if count > most { broken(.concurrency, "\(count) of '\(plugin)'", now) }
        }
        for worker in scheduler.workers.values {
            let most = workers[Int(worker.pid)].slotCount + SimulatedWorker.backlog
            if worker.jobs.count > most { broken(.room, "\(worker.key): \(worker.jobs.count) of \(most)", now) }
        }
    }

    // MARK: The end

    mutating func end(_ jobs: [JobListing], cancelled: Set<JobID>, _ now: Duration) {
        compare(jobs, now)
        for listed in jobs {
            let job = listed.job
            let isOut = listed.course.isDead
            let isRight =
                switch job.status {
                case .completed: !Simulation.isPoison(job.id)
                case .failed: Simulation.isPoison(job.id) || isOut || failing.contains(job.id)
                case .skipped: cancelled.contains(job.id)
                case .pending, .queued, .running: false
                }
            if !isRight { broken(.ending, "job \(job.id) is \(job.status.rawValue): \(job.errorMessage ?? "")", now) }
        }
    }
}
