import CasparianModel

extension Scheduler {
    mutating func disconnected(_ key: WorkerKey, _ now: SchedulerTime) -> [SchedulerAction] {
        guard let worker = workers[key] else { return [] }
        // One that announced heartbeats reconnects by itself and says so; a plain one never would.
        guard worker.announcesHeartbeats else { return lose(key, "its connection ended", now) }
        // Until then it may promote: it counts from the last heartbeat that was answered, which came before `lastHeard`.
        let grace = worker.waitsForLease ? max(policy.reconnectGrace, policy.lease) : policy.reconnectGrace
        workers[key]?.reconnectBy = now.elapsed + grace
        return []
    }

    /// Looks at every lease and deadline.
    mutating func tick(_ now: SchedulerTime) -> [SchedulerAction] {
        excuse(now)
        mayHaveWork = true
        var actions: [SchedulerAction] = []
        for key in workers.keys.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
            if let reason = lossReason(key, now) {
                actions += lose(key, reason, now)
                continue
            }
            actions += lapsedJobs(of: key, now)
            if let row = workers[key]?.row(now, interval: policy.saveInterval) { actions.append(.save(row)) }
        }
        for (job, orphan) in orphans.sorted(by: { $0.key < $1.key }) where orphan.until <= now.elapsed {
            orphans[job] = nil
            if formerOrphans.count >= Self.formerHoldersMax { formerOrphans.removeAll() }
            formerOrphans[job] = orphan.job
            actions += lapse(orphan.job, "no worker reported it after the sentinel began", now)
        }
        return actions
    }

    /// A sentinel that was stopped, or slept with its machine, heard nobody: the time does not count against them.
    private mutating func excuse(_ now: SchedulerTime) {
        defer { lastTick = now.elapsed }
        guard let lastTick else { return }
        let missed = now.elapsed - lastTick - policy.tick
        guard missed > policy.tick else { return }
        for key in workers.keys {
            workers[key]?.lastHeard += missed
            if let by = workers[key]?.reconnectBy { workers[key]?.reconnectBy = by + missed }
            for job in workers[key]?.jobs.keys ?? [:].keys { workers[key]?.jobs[job]?.confirmed += missed }
        }
        for job in orphans.keys { orphans[job]?.until += missed }
    }

    /// Why a worker has to be given up, or nil.
    private func lossReason(_ key: WorkerKey, _ now: SchedulerTime) -> String? {
        guard let worker = workers[key] else { return nil }
        guard worker.announcesHeartbeats else {
            for job in worker.jobs.values {
                let limit = job.limits.deadlineSeconds.map { .seconds($0) } ?? policy.plainJobDeadline
                if now.elapsed - job.dispatched > limit { return "its job took longer than \(limit)" }
            }
            return nil
        }
        if let by = worker.reconnectBy, by <= now.elapsed { return "its connection ended and it did not come back" }
        return now.elapsed - worker.lastHeard > policy.lease ? "it was silent for \(policy.lease)" : nil
    }

    /// Jobs that a worker, though alive, does not say it has: the order never reached it.
    private mutating func lapsedJobs(of key: WorkerKey, _ now: SchedulerTime) -> [SchedulerAction] {
        guard let worker = workers[key], worker.announcesHeartbeats else { return [] }
        let lapsed = worker.jobs.filter { now.elapsed - $0.value.confirmed > policy.lease }.keys.sorted()
        return lapsed.flatMap { take($0, from: key, "its worker never reported it", now) }
    }

    mutating func lose(_ key: WorkerKey, _ reason: String, _ now: SchedulerTime) -> [SchedulerAction] {
        remove(key, .workerLost, reason, now)
    }

    /// Forgets a worker and puts its jobs back.
    mutating func remove(
        _ key: WorkerKey, _ kind: SchedulerNote.Kind, _ reason: String, _ now: SchedulerTime
    ) -> [SchedulerAction] {
        guard var worker = workers[key] else { return [] }
        var actions: [SchedulerAction] = [.note(SchedulerNote(kind, worker: key, detail: reason))]
        for job in worker.jobs.keys.sorted() {
            // One that waited behind others had no part in it.
            let isPart = kind == .workerLost && worker.isRunning(job)
            actions += take(job, from: key, "its worker is gone: \(reason)", now, isStrike: isPart)
        }
        worker.jobs = [:]
        if let row = worker.row(now, interval: .zero, status: .offline) { actions.append(.save(row)) }
        workers[key] = nil
        return actions
    }
}
