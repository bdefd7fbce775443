import CasparianModel
import CasparianWire

/// What becomes of a job when an attempt at it is over.
extension Scheduler {
    /// An attempt ended with a receipt that counts.
    mutating func end(
        _ job: JobID, _ receipt: JobReceipt, strikes: Int, limits: PluginLimits, _ now: SchedulerTime
    ) -> [SchedulerAction] {
        guard receipt.status == .failed, mayPass(receipt, limits) else { return [.conclude(job, receipt)] }
        let failures = strikes + 1
        let reason = Self.lastLine(receipt.errorMessage)
        // Whoever holds its staging finds out with its lease, or when it wakes up: that is waited for, not forever, since
        // two topics of a job that share a place look the same.
        let isBusy = receipt.cause == .busy
        guard failures < attemptsMax(limits) * (isBusy ? policy.busyFactor : 1) else {
            return [.bury(job, receipt), .note(SchedulerNote(.jobBuried, job: job, detail: reason))]
        }
        mayHaveWork = true
        return [
            .retry(
                job, receipt,
                at: now.wall.advanced(
                    by: max(policy.pause(after: failures, of: job), isBusy ? policy.lease : .zero))),
            .note(SchedulerNote(.jobRetried, job: job, detail: reason)),
        ]
    }

    /// Whether the same attempt may succeed later. What a plain worker reports is taken for the plugin's own error.
    private func mayPass(_ receipt: JobReceipt, _ limits: PluginLimits) -> Bool {
        guard let cause = receipt.cause else { return limits.retriesFailures }
        return cause.isTransient || (limits.retriesFailures && (cause == .plugin || cause == .deadline))
    }

    private func attemptsMax(_ limits: PluginLimits) -> Int { max(1, limits.attemptsMax ?? policy.attemptsMax) }

    static func lastLine(_ text: String?) -> String {
        String((text ?? "").split(separator: "\n").last ?? "").trimmingPrefix { $0 == " " }.prefix(200).description
    }

    mutating func requeue(_ job: JobID, at time: Timestamp?, _ reason: String) -> [SchedulerAction] {
        mayHaveWork = true
        return [.requeue(job, at: time), .note(SchedulerNote(.jobRequeued, job: job, detail: reason))]
    }

    /// An attempt that ran is lost with its worker, which may be the job's own doing.
    mutating func lost(
        _ job: JobID, _ attempt: Int, strikes: Int, limits: PluginLimits, _ reason: String, _ now: SchedulerTime
    ) -> [SchedulerAction] {
        let losses = strikes + 1
        guard losses < attemptsMax(limits) else {
            let text =
                "\(reason). That was attempt \(losses) of \(attemptsMax(limits)): it may be what this job does to "
                + "its worker; `casparian jobs retry \(job)` queues it again"
            return [
                .bury(job, JobReceipt(status: .failed, errorMessage: text, attempt: attempt)),
                .note(SchedulerNote(.jobBuried, job: job, detail: reason)),
            ]
        }
        return requeue(job, at: now.wall.advanced(by: policy.pause(after: losses, of: job)), reason)
    }

    /// A job of an earlier sentinel has no worker any more.
    mutating func lapse(_ job: RunningJob, _ reason: String, _ now: SchedulerTime) -> [SchedulerAction] {
        guard job.mayHaveRun else { return requeue(job.id, at: nil, reason) }
        return lost(job.id, job.attempt, strikes: job.strikes, limits: job.limits, reason, now)
    }

    /// Takes a job away from its holder.
    mutating func take(
        _ job: JobID, from key: WorkerKey, _ reason: String, _ now: SchedulerTime, isStrike: Bool = false
    ) -> [SchedulerAction] {
        let held = workers[key]?.jobs.removeValue(forKey: job)
        if holder[job] == key { holder[job] = nil }
        if formerHolders.count >= Self.formerHoldersMax { formerHolders.removeAll() }
        formerHolders[job] = key
        guard isStrike, let held else { return requeue(job, at: nil, reason) }
        return lost(job, held.attempt, strikes: held.strikes, limits: held.limits, reason, now)
    }

    /// Tells the workers, again each time the catalog was asked: a message may be lost with its connection. The job ends
    /// with its receipt, or with its worker.
    mutating func cancel(_ jobs: [JobID]) -> [SchedulerAction] {
        jobs.flatMap { job -> [SchedulerAction] in
            guard let key = holder[job] else { return [] }
            return [
                .send(WireMessage(jobID: UInt64(bitPattern: job.rawValue), .abort), to: key),
                .note(SchedulerNote(.jobCancelled, worker: key, job: job)),
            ]
        }
    }
}
