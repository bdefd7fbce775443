import CasparianModel
import CasparianWire

/// The sentinel's brain: which worker holds which job, who is lost, who gets the next one.
///
/// Pure: it is told what happens and when, and says what to do. The queue itself is in the catalog; the scheduler says
/// how many jobs each worker can take (`openings`) and is told which ones it got (`dispatch`).
public struct Scheduler: Sendable {
    let policy: SchedulerPolicy
    var workers: [WorkerKey: ConnectedWorker] = [:]
    /// Who holds each job that was handed out.
    var holder: [JobID: WorkerKey] = [:]
    /// Jobs of an earlier sentinel whose workers have not reported yet, and when their time is up.
    var orphans: [JobID: (job: RunningJob, until: Duration)] = [:]
    /// Who held a job before it was taken away: its late success still counts.
    var formerHolders: [JobID: WorkerKey] = [:]
    /// The same for jobs of an earlier sentinel, whose worker had not said who it is.
    var formerOrphans: [JobID: RunningJob] = [:]
    /// Plugins whose last job failed.
    var circuits: [String: Circuit] = [:]
    /// Content hash of each plugin's source, as the worker has it that came last.
    var sources: [String: String?] = [:]
    var lastTick: Duration?
    /// Something may be in the queue that somebody can take.
    public internal(set) var mayHaveWork = false

    /// Former holders that are remembered.
    static let formerHoldersMax = 100_000

    public init(policy: SchedulerPolicy = SchedulerPolicy()) { self.policy = policy }

    /// Nobody holds a job, nobody waits to be asked for one, and no worker is still getting a plugin ready.
    public var isIdle: Bool {
        holder.isEmpty && orphans.isEmpty && !mayHaveWork && workers.values.allSatisfy(\.awaited.isEmpty)
    }
    public var workerCount: Int { workers.count }
    public var runningCount: Int { holder.count + orphans.count }
    /// For simulations: whether a worker has identified.
    package func knows(_ worker: WorkerKey) -> Bool { workers[worker] != nil }
    /// Host and process id of workers whose connections ended and who may come back.
    public var away: [(worker: WorkerKey, host: String, pid: Int64)] {
        workers.values.filter { $0.reconnectBy != nil && $0.pid > 0 }.map { ($0.key, $0.host, $0.pid) }
    }

    /// Plugins whose jobs find a worker, now or once it has built what they need, if only to fail there with the reason.
    public var offeredPlugins: Set<String> { Set(workers.values.flatMap { $0.plugins + $0.broken + $0.awaited }) }

    /// Takes note of an event.
    public mutating func handle(_ event: SchedulerEvent, now: SchedulerTime) -> [SchedulerAction] {
        switch event {
        case .started(let running): return start(running, now)
        case .message(let message, let key): return receive(message, from: key, now)
        case .disconnected(let key): return disconnected(key, now)
        case .died(let key): return workers[key]?.reconnectBy == nil ? [] : lose(key, "its process is gone", now)
        case .tick: return tick(now)
        case .catalogChanged:
            mayHaveWork = true
            return []
        case .cancellationsWanted(let jobs): return cancel(jobs)
        }
    }

    /// Room for jobs, worker by worker; empty when there is nothing to ask the catalog for.
    public func openings() -> [Opening] {
        guard mayHaveWork else { return [] }
        let loadable =
            workers.values.contains { !$0.broken.isEmpty }
            ? Set(workers.values.flatMap { $0.plugins + $0.awaited }) : []
        // In a stable order, so that a run can be repeated; the catalog hands out jobs in turns.
        let inOrder = workers.values.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
        let expected = orphansByProcess
        return inOrder.compactMap { worker in
            // What an earlier sentinel gave it is there, too, though it has not said so yet.
            let room = worker.room(policy) - (expected[WorkerProcess(host: worker.host, pid: worker.pid)] ?? 0)
            // What no worker can load fails at one that has it, with the traceback; it does not wait unseen.
            let plugins = worker.plugins + worker.broken.filter { !loadable.contains($0) }
            guard room > 0, !plugins.isEmpty else { return nil }
            return Opening(worker: worker.key, host: worker.host, pid: worker.pid, count: room, plugins: plugins)
        }
    }

    private struct WorkerProcess: Hashable {
        let host: String
        let pid: Int64
    }

    /// Jobs of an earlier sentinel, by the process that the catalog says got them.
    private var orphansByProcess: [WorkerProcess: Int] {
        orphans.values.reduce(into: [:]) { counts, orphan in
            guard let host = orphan.job.workerHost, let pid = orphan.job.workerPID else { return }
            counts[WorkerProcess(host: host, pid: pid), default: 0] += 1
        }
    }

    /// Takes note of what the catalog gave for `openings`.
    ///
    /// - Parameters:
    ///   - assignments: Jobs with their workers; RUNNING in the catalog by now.
    ///   - isExhausted: Somebody had room left: nothing more waits for those who asked.
    ///   - now: When the catalog answered; leases begin.
    public mutating func dispatch(
        _ assignments: [(worker: WorkerKey, job: JobAssignment)], isExhausted: Bool, now: SchedulerTime
    ) -> [SchedulerAction] {
        if isExhausted { mayHaveWork = false }
        var actions: [SchedulerAction] = []
        for (key, job) in assignments {
            guard workers[key] != nil else {
                actions += requeue(job.jobID, at: nil, "its worker is gone")
                continue
            }
            workers[key]?.give(
                job.jobID,
                ConnectedWorker.Held(
                    pluginName: job.order.pluginName, attempt: job.attempt, dispatched: now.elapsed,
                    confirmed: now.elapsed, strikes: job.strikes, limits: job.limits))
            holder[job.jobID] = key
            if formerHolders[job.jobID] == key { formerHolders[job.jobID] = nil }
            var order = job.order
            order.attempt = job.attempt
            order.leaseSeconds = Int(policy.lease.components.seconds)
            order.deadlineSeconds = job.limits.deadlineSeconds
            order.resources = job.limits.resources
            actions.append(
                .send(WireMessage(jobID: UInt64(bitPattern: job.jobID.rawValue), .dispatch(order)), to: key))
            if let row = workers[key]?.row(now, interval: policy.saveInterval) { actions.append(.save(row)) }
        }
        return actions
    }

    /// The sentinel ends: its workers' rows say so. Their jobs stay RUNNING; the next sentinel finds them.
    public mutating func stop(now: SchedulerTime) -> [SchedulerAction] {
        workers.keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.compactMap { key in
            workers[key]?.row(now, interval: .zero, status: .offline).map { .save($0) }
        }
    }

    private mutating func start(_ running: [RunningJob], _ now: SchedulerTime) -> [SchedulerAction] {
        mayHaveWork = true
        lastTick = now.elapsed
        var actions: [SchedulerAction] = []
        for job in running {
            if job.isHolderDead {
                actions += lapse(job, "its worker is dead", now)
            } else {
                orphans[job.id] = (job, now.elapsed + policy.lease)
            }
        }
        return actions
    }
}
