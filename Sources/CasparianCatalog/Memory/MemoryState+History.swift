import CasparianModel

extension MemoryState {
    mutating func note(
        _ kind: JobEvent.Kind, _ job: Job, at now: Timestamp, worker: String? = nil, detail: String? = nil
    ) {
        let id = (events.last?.id ?? 0) + 1
        events.append(
            JobEvent(
                id: id, jobID: job.id, at: now, kind: kind, attempt: job.retryCount + 1, worker: worker,
                detail: EventLogLimits.detail(detail)))
        waitingSince[job.id] = kind.isWait ? now : nil
        // In large steps: each moves what is left.
        if events.count > 2 * EventLogLimits.eventsMax { events.removeFirst(events.count - EventLogLimits.eventsMax) }
    }

    mutating func noteAttempt(_ job: Job, _ outcome: String, _ receipt: JobReceipt?, at now: Timestamp) {
        attempts[job.id, default: []].removeAll { $0.attempt == job.retryCount + 1 }
        attempts[job.id, default: []].append(
            JobAttempt(
                attempt: job.retryCount + 1, outcome: outcome, metrics: receipt?.metrics ?? [:],
                errorMessage: receipt.flatMap { $0.status == .failed ? $0.failureText : nil },
                workerHost: job.workerHost, workerPID: job.workerPID, claimed: job.claimTime, ended: now,
                cause: receipt?.cause?.rawValue,
                exitSignal: receipt?.exitSignal.map(Int64.init), pluginHash: receipt?.pluginHash))
    }

    func listEvents(_ filter: JobEventFilter) -> [JobEvent] {
        let found = events.filter { event in
            (filter.job == nil || event.jobID == filter.job) && (filter.after.map { event.id > $0 } ?? true)
        }
        return Array(filter.after == nil ? found.suffix(filter.limit) : found.prefix(filter.limit))
    }

    func history(of location: FileLocationID) -> FileHistory {
        let found = versions.values.filter { $0.locationID == location }.sorted { $0.id < $1.id }
        return FileHistory(discovered: found.first?.detected, lastSeen: nil, versions: found)
    }

    func jobsAhead(of id: JobID) -> Int? {
        guard let job = jobs[id], job.status == .queued, courses[id]?.notBefore == nil else { return nil }
        let own = JobCandidate(id: id, priority: job.priority)
        return ready[job.pluginName]?.count { $0 < own }
    }

    func depths() -> [QueueDepth] {
        var counts: [JobStatus: [String: Int]] = [:]
        for job in jobs.values where job.status != .completed {
            counts[job.status, default: [:]][job.pluginName, default: 0] += 1
        }
        return counts.flatMap { status, plugins in
            plugins.map { QueueDepth(status: status, plugin: $0.key, jobs: $0.value) }
        }.sorted { ($0.status.rawValue, $0.plugin) < ($1.status.rawValue, $1.plugin) }
    }
}
