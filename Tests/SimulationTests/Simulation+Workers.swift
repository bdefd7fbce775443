import CasparianModel
import CasparianScheduling
import CasparianTestKit
import CasparianWire

@testable import CasparianWorker

extension Simulation {
    mutating func startWorker() {
        let number = workers.count
        // It finds what dead ones of the same folder could not send.
        var found: [JobID: JobReceipt] = [:]
        for dead in workers.indices where workers[dead].isGone {
            found.merge(workers[dead].kept) { _, newer in newer }
            workers[dead].kept = [:]
        }
        workers.append(SimulatedWorker(number: number, slots: Int.random(in: 1...3, using: &random), found: found))
        workers[number].connectedAt = agenda.now
        note("worker \(number) starts with \(workers[number].slotCount) slots")
        perform(workers[number].state.handle(.started, at: agenda.now), number)
        perform(workers[number].state.handle(.connected, at: agenda.now), number)
        agenda.add(.heartbeat(number), at: agenda.now + Self.heartbeat)
    }

    /// True in one of so many cases while faults happen: a worker dies at this step.
    private mutating func dies(_ worker: Int, oneIn count: Int, _ step: String) -> Bool {
        guard agenda.now < Self.faultsEnd, random.oneIn(count) else { return false }
        note("worker \(worker) dies \(step)")
        workers[worker].isGone = true
        return true
    }

    mutating func perform(_ actions: [WorkerState.Action], _ worker: Int) {
        for action in actions where !workers[worker].isGone {
            switch action {
            case .start(let order, let slot):
                runs += 1
                note("worker \(worker) begins job \(order.jobID) as run \(runs)")
                workers[worker].slots[slot] = SimulatedWorker.Slot(
                    order: order, run: runs, began: agenda.now)
                // Mostly short, now and then longer than a lease.
                let hasDeadline = invariants.standings[order.jobID]?.plugin == "r"
                let milliseconds =
                    random.oneIn(hasDeadline ? 4 : 20) ? 40_000 : Int.random(in: 1...3_000, using: &random)
                agenda.add(
                    .jobEnds(worker: worker, slot: slot, run: runs), at: agenda.now + .milliseconds(milliseconds))
            case .cancel(let slot):
                workers[worker].slots[slot]?.isCancelled = true
                guard workers[worker].slots[slot]?.wantsPromotion == true else { continue }
                end(worker, slot, mutation == .stoppedJobPromotes ? nil : .cancelled)
            case .promote(_, let slot):
                if dies(worker, oneIn: 200, "before a promotion") { return }
                end(worker, slot, agenda.now < Self.faultsEnd && random.oneIn(40) ? .full : nil)
            case .keep(let job, let receipt):
                workers[worker].kept[job] = receipt
                if dies(worker, oneIn: 200, "before a receipt that it keeps is sent") { return }
            case .forget(let jobs): for job in jobs { workers[worker].kept[job] = nil }
            case .send(let message):
                if case .conclude(let receipt) = message.body { report(message.jobID, receipt, worker) }
                if case .heartbeat(let heartbeat) = message.body, let jobs = heartbeat.activeJobs, !jobs.isEmpty {
                    note("worker \(worker) sends heartbeat \(heartbeat.sequence ?? 0) of \(jobs)")
                }
                let event = Event.toSentinel(message, from: worker, connection: workers[worker].connection)
                send(event, link: .fromWorker(worker))
            case .finish:
                note("worker \(worker) ends")
                workers[worker].isGone = true
            }
        }
    }

    private mutating func report(_ job: UInt64, _ receipt: JobReceipt, _ worker: Int) {
        note("worker \(worker) says \(receipt.status.rawValue) of job \(job), attempt \(receipt.attempt ?? 0)")
        if receipt.cause == .deadline { invariants.mayFail(JobID(Int64(bitPattern: job))) }
        guard let run = receipt.metrics[Self.runMetric] else { return }
        // One that was found is a dead worker's word.
        let place = Invariants.Place(
            job: JobID(Int64(bitPattern: job)), worker: Int(receipt.metrics[Self.workerMetric] ?? -1))
        invariants.report(run, of: place, attempt: receipt.attempt)
    }

    /// A job's plugin has ended: it failed, or what it made may perhaps be promoted.
    mutating func jobEnds(_ event: Event, _ worker: Int, _ slot: Int, _ run: Int) {
        guard !workers[worker].isGone, let held = workers[worker].slots[slot], held.run == run else { return }
        if agenda.now < workers[worker].stalledUntil {
            agenda.add(event, at: workers[worker].stalledUntil)
            return
        }
        if held.isCancelled { return end(worker, slot, mutation == .stoppedJobPromotes ? nil : .cancelled) }
        if let cause = cause(of: held.order.jobID) { return end(worker, slot, cause) }
        if dies(worker, oneIn: 200, "before it asks whether it may promote") { return }
        if mutation == .promotesWithoutLease { return end(worker, slot, nil) }
        workers[worker].slots[slot]?.wantsPromotion = true
        perform(
            workers[worker].state.handle(.promotionWanted(held.order.jobID, slot: slot), at: agenda.now), worker)
    }

    /// Why the plugin fails, if it does.
    private mutating func cause(of job: JobID) -> FailureCause? {
        if Self.isPoison(job) { return .plugin }
        if invariants.standings[job]?.plugin == "r", agenda.now < Self.mended {
            invariants.mayFail(job)
            return .plugin
        }
        guard agenda.now < Self.faultsEnd else { return nil }
        switch Int.random(in: 0..<60, using: &random) {
        case 0, 1: return .guest
        case 2, 3: return .unreachable
        // Only a plugin whose failures are tried again may fail by chance.
        case 4, 5, 6: return invariants.standings[job]?.plugin == "q" ? .plugin : nil
        default: return nil
        }
    }

    /// Its worker has had the time to see that the job takes too long.
    private func isOverdue(_ held: SimulatedWorker.Slot, _ worker: Int) -> Bool {
        guard invariants.standings[held.order.jobID]?.plugin == "r", workers[worker].stalledUntil <= held.began else {
            return false
        }
        return agenda.now > held.began + Self.deadline + Self.heartbeat
    }

    /// A job ends: with a failure, or promoted.
    private mutating func end(_ worker: Int, _ slot: Int, _ cause: FailureCause?) {
        guard let held = workers[worker].slots[slot] else { return }
        workers[worker].slots[slot] = nil
        let job = held.order.jobID
        var receipt = JobReceipt(status: cause == nil ? .success : .failed, cause: cause)
        if let cause {
            receipt.errorMessage = "failed: \(cause)"
        } else if mutation == .receiptBeforePromotion && random.oneIn(4) {
            note("worker \(worker) does not promote job \(job) after all")
        } else {
            note("worker \(worker) promotes job \(job)")
            invariants.promote(
                Invariants.Place(job: job, worker: worker), isStopped: held.isCancelled,
                isOverdue: isOverdue(held, worker),
                isFenced: workers[worker].isFenced(agenda.now), agenda.now)
        }
        if dies(worker, oneIn: 60, "after a promotion that nobody hears of") { return }
        receipt.metrics[JobReceipt.elapsedMetric] = 1_000
        receipt.metrics[Self.runMetric] = Int64(held.run)
        receipt.metrics[Self.workerMetric] = Int64(worker)
        perform(workers[worker].state.handle(.ended(job, receipt, slot: slot), at: agenda.now), worker)
    }
}
