import CasparianCatalog
import CasparianModel
import CasparianScheduling
import CasparianTestKit
import CasparianWire

@testable import CasparianWorker

extension Simulation {
    /// One thing goes wrong, and the next one is planned.
    mutating func fault() async throws {
        guard agenda.now < Self.faultsEnd else {
            // Somebody must be there to finish the work.
            if !workers.contains(where: { !$0.isGone && !$0.state.isDraining }) { startWorker() }
            return agenda.add(.fault, at: agenda.now + .seconds(5))
        }
        faults += 1
        agenda.add(.fault, at: agenda.now + .milliseconds(Int.random(in: 100...4_000, using: &random)))
        if faults % 10 == 0 { invariants.compare(try await catalog.jobs(JobFilter()), agenda.now) }
        let alive = workers.indices.filter { !workers[$0].isGone }
        guard let victim = alive.randomElement(using: &random) else { return startWorker() }
        switch Int.random(in: 0..<14, using: &random) {
        case 0:
            note("worker \(victim) is killed")
            workers[victim].isGone = true
            try await tell(.disconnected(workers[victim].key))
        case 1: try await disconnect(victim)
        case 2, 3:
            // One that sleeps already does not wake earlier: what waits for it keeps its order.
            workers[victim].stalledUntil = max(
                workers[victim].stalledUntil, agenda.now + .seconds(Int.random(in: 1...40, using: &random)))
            note("worker \(victim) is suspended until \(workers[victim].stalledUntil)")
        case 4: killSentinel("at rest")
        case 5:
            note("worker \(victim) drains")
            perform(workers[victim].state.handle(random.oneIn(2) ? .drain : .giveUp, at: agenda.now), victim)
        case 6: try await lie(victim)
        case 7, 8: try await cancel()
        case 9:
            // Mostly for moments, now and then for longer than a lease.
            let milliseconds = Int.random(in: 10...(random.oneIn(4) ? 20_000 : 2_000), using: &random)
            catalogRefusesUntil = agenda.now + .milliseconds(milliseconds)
            note("the catalog refuses until \(catalogRefusesUntil)")
        case 10 where jumpsClock:
            wallOffset = .seconds(Int.random(in: -30...30, using: &random))
            note("the wall clock is off by \(wallOffset)")
        default: if alive.count < 4 { startWorker() }
        }
    }

    /// The connection breaks: both sides are told, and it comes back.
    mutating func disconnect(_ worker: Int) async throws {
        note("worker \(worker) is cut off")
        workers[worker].connection += 1
        workers[worker].isConnected = false
        agenda.add(.reconnect(worker), at: agenda.now + .milliseconds(Int.random(in: 50...9_000, using: &random)))
        try await tell(.disconnected(workers[worker].key))
    }

    /// Somebody wants a job to end: one that runs, or one that waits.
    private mutating func cancel() async throws {
        let waiting = invariants.standings.filter { !$0.value.status.isTerminal }.keys
        let jobs = random.oneIn(2) ? invariants.running.sorted() : waiting.sorted()
        guard let job = jobs.randomElement(using: &random) else { return }
        let outcome = try await catalog.cancel(job: job, by: "somebody", now: wall)
        note("job \(job) is cancelled: \(outcome)")
        cancelled.insert(job)
        try await look(at: job)
        try await tell(.catalogChanged)
    }

    /// A worker tells of a job that is not its own.
    private mutating func lie(_ worker: Int) async throws {
        let key = workers[worker].key
        guard let job = invariants.standings.keys.sorted().randomElement(using: &random) else { return }
        let receipt = JobReceipt(
            status: .failed, metrics: [Self.runMetric: -1], errorMessage: Self.lie,
            attempt: Int.random(in: 1...2, using: &random))
        // Only the holder's word counts, and it would not say this about a job that it runs. After a sentinel began
        // anew, one that has not said who it is may be the holder; one that was just cut off may hold it yet.
        guard stuck == nil, scheduler?.knows(key) == true, invariants.standings[job]?.worker != worker,
            !workers[worker].state.holds(job)
        else { return }
        note("worker \(worker) lies about job \(job)")
        try await tell(.message(WireMessage(jobID: UInt64(job.rawValue), .conclude(receipt)), from: key))
    }
}
