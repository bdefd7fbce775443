import CasparianModel
import CasparianScheduling
import CasparianTestKit
import CasparianWire

@testable import CasparianWorker

extension Simulation {
    mutating func startWorker() async throws {
        let number = workers.count
        workers.append(SimulatedWorker(number: number, slots: Int.random(in: 1...3, using: &random)))
        perform(workers[number].state.handle(.started, at: agenda.now), number)
        perform(workers[number].state.handle(.connected, at: agenda.now), number)
        agenda.add(.heartbeat(number), at: agenda.now + .seconds(2))
    }

    mutating func perform(_ actions: [WorkerState.Action], _ worker: Int) {
        for action in actions {
            switch action {
            case .start(let order, let slot):
                runs += 1
                workers[worker].slots[slot] = SimulatedWorker.Slot(order: order, run: runs)
                // Mostly short, now and then longer than a lease.
                let milliseconds = random.oneIn(20) ? 40_000 : Int.random(in: 1...3_000, using: &random)
                agenda.add(
                    .jobEnds(worker: worker, slot: slot, run: runs), at: agenda.now + .milliseconds(milliseconds))
            case .cancel(let slot):
                workers[worker].slots[slot]?.isCancelled = true
                if workers[worker].slots[slot]?.wantsPromotion == true { conclude(worker, slot) }
            case .promote(_, let slot): conclude(worker, slot)
            // What it kept is gone with it here.
            case .keep, .forget: break
            case .send(let message):
                send(
                    .toSentinel(message, from: worker, connection: workers[worker].connection),
                    link: "from \(worker)")
            case .finish: workers[worker].isGone = true
            }
        }
    }

    /// A job's plugin has ended: its rows are promoted, once whatever happens, and the receipt goes out.
    mutating func jobEnds(_ event: Event, _ worker: Int, _ slot: Int, _ run: Int) {
        guard !workers[worker].isGone, let held = workers[worker].slots[slot], held.run == run else { return }
        if agenda.now < workers[worker].stalledUntil {
            agenda.add(event, at: workers[worker].stalledUntil)
            return
        }
        if held.isCancelled { return conclude(worker, slot) }
        workers[worker].slots[slot]?.wantsPromotion = true
        perform(
            workers[worker].state.handle(.promotionWanted(held.order.jobID, slot: slot), at: agenda.now), worker)
    }

    /// A job ends: it was stopped, or may be promoted.
    private mutating func conclude(_ worker: Int, _ slot: Int) {
        guard let held = workers[worker].slots[slot] else { return }
        workers[worker].slots[slot] = nil
        let job = held.order.jobID
        var receipt = JobReceipt(status: .success)
        if held.isCancelled || Self.isPoison(job) {
            receipt = JobReceipt(status: .failed, errorMessage: "no")
        } else {
            // The ledger of the target: a second promotion of a job changes nothing.
            promoted.insert(job)
        }
        if agenda.now < Self.faultsEnd, random.oneIn(60) {
            // It dies after the promotion and before anybody hears of it.
            workers[worker].isGone = true
            return
        }
        receipt.metrics[JobReceipt.elapsedMetric] = 1_000
        perform(workers[worker].state.handle(.ended(job, receipt, slot: slot), at: agenda.now), worker)
    }

    /// The connection breaks: what is on its way is lost, both sides are told, and it comes back.
    mutating func disconnect(_ worker: Int) async throws {
        workers[worker].connection += 1
        workers[worker].isConnected = false
        agenda.add(.reconnect(worker), at: agenda.now + .milliseconds(Int.random(in: 50...9_000, using: &random)))
        try await tell(.disconnected(workers[worker].key))
    }

    /// One thing goes wrong, and the next one is planned.
    mutating func fault() async throws {
        guard agenda.now < Self.faultsEnd else {
            // Somebody must be there to finish the work.
            if scheduler == nil { try await startSentinel() }
            if !workers.contains(where: { !$0.isGone }) { try await startWorker() }
            return agenda.add(.fault, at: agenda.now + .seconds(5))
        }
        faults += 1
        agenda.add(.fault, at: agenda.now + .milliseconds(Int.random(in: 100...4_000, using: &random)))
        let alive = workers.indices.filter { !workers[$0].isGone }
        guard let victim = alive.randomElement(using: &random) else { return try await startWorker() }
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            workers[victim].isGone = true
            try await tell(.disconnected(workers[victim].key))
        case 1: try await disconnect(victim)
        case 2: workers[victim].stalledUntil = agenda.now + .seconds(Int.random(in: 1...40, using: &random))
        case 3 where scheduler != nil: killSentinel()
        case 4: perform(workers[victim].state.handle(random.oneIn(2) ? .drain : .giveUp, at: agenda.now), victim)
        case 5: try await duplicate(victim)
        default: if alive.count < 4 { try await startWorker() }
        }
    }

    /// An old message comes again: a receipt for any job, or an order that was meant for somebody else.
    private mutating func duplicate(_ worker: Int) async throws {
        let job = JobID(Int64.random(in: 1...Int64(2 * Self.jobCount), using: &random))
        let receipt = JobReceipt(status: .failed, errorMessage: "a lie", attempt: Int.random(in: 1...2, using: &random))
        // Only the holder's word counts, and it would not say this about a job that it runs. After a sentinel began
        // anew, one that has not said who it is may be the holder.
        guard scheduler?.knows(workers[worker].key) == true,
            try await catalog.job(id: job)?.job.workerPID != Int64(worker)
        else { return }
        guard !workers[worker].slots.values.contains(where: { $0.order.jobID == job }),
            !workers[worker].state.holds(job)
        else { return }
        try await tell(
            .message(WireMessage(jobID: UInt64(job.rawValue), .conclude(receipt)), from: workers[worker].key))
    }
}
