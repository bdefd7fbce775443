import CasparianModel

extension MemoryState {
    mutating func commit(_ batch: QueueBatch, now: Timestamp) -> QueueBatchResult {
        var result = QueueBatchResult()
        for conclusion in batch.conclusions where !end(conclusion, now: now) {
            result.ignoredConclusions.append(conclusion.jobID)
        }
        for requeue in batch.requeues {
            guard let job = jobs[requeue.jobID], job.status == .running else { continue }
            let reason = batch.requeueReasons[job.id]
            noteAttempt(job, JobAttempt.lost, nil, at: now)
            note(
                .lost, job, at: now, worker: EventLogLimits.worker(host: job.workerHost, pid: job.workerPID),
                detail: reason)
            putBack(requeue, now: now, reason: reason)
        }
        for worker in batch.workers { workers["\(worker.pid)@\(worker.hostname)"] = worker }
        for plugin in batch.resumed { pauses[plugin] = nil }
        for pause in batch.pauses { pauses[pause.pluginName] = pause }
        if !batch.claims.isEmpty { releaseDue(now) }
        result.claimed = claim(batch.claims, rooms: batch.rooms, now: now)
        return result
    }

    mutating func retry(_ id: JobID, now: Timestamp) -> Bool {
        guard let status = jobs[id]?.status, status == .failed || status == .skipped else { return false }
        courses[id] = nil
        duplicates[id] = nil
        putBack(id)
        if let job = jobs[id] { note(.retried, job, at: now) }
        return true
    }

    mutating func cancel(_ id: JobID, by person: String, now: Timestamp) -> CancelOutcome {
        guard var job = jobs[id] else { return .unknown }
        if job.status.isTerminal { return .ended(job.status) }
        courses[id, default: JobCourse()].cancelledBy = person
        courses[id]?.cancelRequested = now
        guard job.status != .running else {
            note(.cancelling, job, at: now, detail: "by \(person)")
            return .requested
        }
        removeFromReady(job)
        skip(&job, now: now)
        return .cancelled
    }

    func cancellations() -> [JobID] {
        courses.filter { $0.value.cancelRequested != nil && jobs[$0.key]?.status == .running }.keys.sorted()
    }

    private mutating func skip(_ job: inout Job, now: Timestamp) {
        job.status = .skipped
        job.endTime = now
        job.errorMessage = JobCourse.cancellation(by: courses[job.id]?.cancelledBy ?? "nobody")
        courses[job.id]?.notBefore = nil
        jobs[job.id] = job
        note(.cancelled, job, at: now, detail: courses[job.id]?.cancelledBy.map { "by \($0)" })
        release(of: job.fileVersionID, job.pluginName, now: now)
    }

    /// RUNNING goes back to QUEUED; a job that somebody cancelled ends.
    private mutating func putBack(_ requeue: Requeue, now: Timestamp, reason: String? = nil) {
        guard var job = jobs[requeue.jobID], job.status == .running else { return }
        if courses[job.id]?.cancelRequested != nil { return skip(&job, now: now) }
        if requeue.isStrike { courses[job.id, default: JobCourse()].strikes += 1 }
        if requeue.notBefore != nil { courses[job.id, default: JobCourse()].notBefore = requeue.notBefore }
        putBack(job.id)
        if let again = jobs[job.id] {
            note(.requeued, again, at: now, detail: EventLogLimits.detail(reason, until: requeue.notBefore))
        }
    }

    /// Jobs whose time has come are ready.
    private mutating func releaseDue(_ now: Timestamp) {
        for (id, course) in courses {
            guard let time = course.notBefore, time <= now else { continue }
            courses[id]?.notBefore = nil
            guard let job = jobs[id], job.status == .queued else { continue }
            makeReady(job)
            note(.due, job, at: now)
        }
    }

    /// The content that a job was about is there after all.
    ///
    /// - Returns: True if the job is queued again.
    mutating func takeUpAgain(_ id: JobID, now: Timestamp) -> Bool {
        guard
            ReturnedContent.isWanted(
                jobs[id]?.status, cause: attempts[id]?.last?.cause, isCancelled: courses[id]?.cancelRequested != nil)
        else { return false }
        putBack(id)
        if let job = jobs[id] { note(.requeued, job, at: now, detail: ReturnedContent.reason) }
        return true
    }

    /// The next scan compares all files of the folder that the job's lies in with what is known of them.
    private mutating func forgetFolder(of job: Job, _ receipt: JobReceipt) {
        guard let place = versions[job.fileVersionID].flatMap({ places[$0.locationID] }) else { return }
        let claimed = job.claimTime ?? Timestamp.first
        let isMoved = moves.contains { $0.locationID == place.locationID && $0.at >= claimed }
        guard ReturnedContent.needsLook(receipt, isMoved: isMoved) else { return }
        folders[place.sourceRootID]?[Array(place.folder.utf8)] = nil
    }

    private mutating func putBack(_ id: JobID) {
        guard var job = jobs[id] else { return }
        job.status = .queued
        job.retryCount += 1
        job.workerHost = nil
        job.workerPID = nil
        job.claimTime = nil
        job.endTime = nil
        job.resultSummary = nil
        job.errorMessage = nil
        jobs[id] = job
        receipts[id] = nil
        if courses[id]?.notBefore == nil { makeReady(job) }
    }

    private mutating func end(_ conclusion: Conclusion, now: Timestamp) -> Bool {
        let receipt = conclusion.receipt
        guard var job = jobs[conclusion.jobID], conclusion.applies(to: job.status, attempt: job.retryCount + 1) else {
            return false
        }
        if job.status == .queued { removeFromReady(job) }
        courses[job.id]?.notBefore = nil
        let isSuccess = receipt.status == .success
        noteAttempt(job, receipt.outcome, receipt, at: now)
        note(
            receipt.event, job, at: now,
            worker: EventLogLimits.worker(host: job.workerHost, pid: job.workerPID),
            detail: isSuccess ? receipt.summary : receipt.failureText)
        if !isSuccess {
            if courses[job.id]?.cancelRequested != nil {
                skip(&job, now: now)
                return true
            }
            if case .retry(let time) = conclusion.consequence {
                putBack(Requeue(job.id, notBefore: time, isStrike: true), now: now)
                return true
            }
            if conclusion.consequence == .bury { courses[job.id, default: JobCourse()].isDead = true }
        }
        forgetFolder(of: job, receipt)
        job.status = receipt.ending
        job.endTime = now
        job.resultSummary = isSuccess ? receipt.summary : nil
        job.errorMessage = isSuccess ? nil : receipt.failureText
        jobs[job.id] = job
        receipts[job.id] = receipt
        guard isSuccess else {
            release(of: job.fileVersionID, job.pluginName, now: now)
            return true
        }
        for artifact in receipt.artifacts {
            if let file = OutputFile(uri: artifact.uri, roots: roots) { addOutput(file, artifact, now: now) }
        }
        return true
    }

    // MARK: Claims

    private mutating func claim(_ claims: [Claim], rooms: [String: Int], now: Timestamp) -> [ClaimedJob] {
        var rooms = rooms
        for (plugin, limits) in limits {
            guard let most = limits.concurrency else { continue }
            let running = jobs.values.count { $0.pluginName == plugin && $0.status == .running }
            rooms[plugin] = min(rooms[plugin] ?? .max, max(0, most - running))
        }
        var round = ClaimRound(claims, rooms: rooms, turns: turns)
        var claimed: [ClaimedJob] = []
        while let next = round.next(fetch: { page(of: $0, after: $1) }) {
            let claim = claims[next.seat]
            guard var job = jobs[next.candidate.id], let version = versions[job.fileVersionID],
                let place = places[version.locationID], let root = roots.first(where: { $0.id == place.sourceRootID })
            else { preconditionFailure("a queued job has a file") }
            removeFromReady(job)
            job.status = .running
            job.workerHost = claim.workerHost
            job.workerPID = claim.workerPID
            job.claimTime = now
            jobs[job.id] = job
            let waiting = waitingSince[job.id]
            note(
                .claimed, job, at: now,
                worker: EventLogLimits.worker(host: claim.workerHost, pid: claim.workerPID))
            work[job.id] = identity(of: job.pluginName)
            let sinks = topicRows.filter { $0.pluginName == job.pluginName }
                .sorted { ($0.sink.topic, $0.id) < ($1.sink.topic, $1.id) }
            claimed.append(
                ClaimedJob(
                    claimant: claim.claimant, jobID: job.id, pluginName: job.pluginName,
                    filePath: root.path(of: place.relativePath), fileVersionID: job.fileVersionID,
                    contentHash: version.contentHash, sinks: sinks.map(\.sink),
                    parameters: plugins[job.pluginName]?.defaultParameters, attempt: job.retryCount + 1,
                    strikes: courses[job.id]?.strikes ?? 0, limits: limits[job.pluginName] ?? PluginLimits(),
                    waiting: waiting))
        }
        return claimed
    }

    mutating func makeReady(_ job: Job) {
        let candidate = JobCandidate(id: job.id, priority: job.priority)
        let index = firstIndex(in: ready[job.pluginName] ?? [], notBefore: candidate)
        ready[job.pluginName, default: []].insert(candidate, at: index)
    }

    private mutating func removeFromReady(_ job: Job) {
        let candidate = JobCandidate(id: job.id, priority: job.priority)
        let index = firstIndex(in: ready[job.pluginName] ?? [], notBefore: candidate)
        if index < ready[job.pluginName]?.count ?? 0, ready[job.pluginName]?[index] == candidate {
            ready[job.pluginName]?.remove(at: index)
        }
    }

    private func page(of plugin: String, after: JobCandidate?) -> [JobCandidate] {
        let line = ready[plugin] ?? []
        let start = after.map { firstIndex(in: line, notBefore: $0) } ?? 0
        return line[start...].lazy.filter { $0 != after }.prefix(ClaimRound.pageSize).map { $0 }
    }

    /// Binary search.
    private func firstIndex(in line: [JobCandidate], notBefore candidate: JobCandidate) -> Int {
        var low = 0
        var high = line.count
        while low < high {
            let middle = (low + high) / 2
            if line[middle] < candidate { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Listings

    func listing(of job: Job) -> JobListing {
        let version = versions[job.fileVersionID]
        let place = version.flatMap { places[$0.locationID] }
        let root = place.flatMap { place in roots.first { $0.id == place.sourceRootID } }
        let path = place.flatMap { place in root?.path(of: place.relativePath) }
        let receipt = receipts[job.id]
        return JobListing(
            job: job, filePath: path ?? "", contentHash: version?.contentHash, rows: receipt?.rows,
            sizeBytes: receipt?.sizeBytes, quarantined: receipt?.metrics[JobReceipt.quarantinedMetric],
            course: courses[job.id] ?? JobCourse())
    }

    func listJobs(_ filter: JobFilter) -> [JobListing] {
        let found = jobs.values.filter { job in
            (filter.status == nil || job.status == filter.status)
                && (filter.plugin == nil || job.pluginName == filter.plugin)
                && (filter.fileVersionID == nil || job.fileVersionID == filter.fileVersionID)
                && (!filter.isDead || courses[job.id]?.isDead == true)
        }
        return found.sorted { $0.id < $1.id }.suffix(filter.limit).map { listing(of: $0) }
    }

    func listArtifacts(_ filter: ArtifactFilter) -> [ArtifactListing] {
        let found = receipts.filter { $0.value.status == .success }.keys.compactMap { jobs[$0] }.filter { job in
            (filter.job == nil || job.id == filter.job) && (filter.plugin == nil || job.pluginName == filter.plugin)
        }
        let all = found.sorted { $0.id < $1.id }.flatMap { job in
            (receipts[job.id]?.artifacts ?? []).map {
                ArtifactListing(
                    jobID: job.id, pluginName: job.pluginName, fileVersionID: job.fileVersionID, artifact: $0)
            }
        }
        return Array(all.suffix(filter.limit))
    }

    func summary() -> QueueSummary {
        var summary = QueueSummary()
        for job in jobs.values {
            summary.countByStatus[job.status, default: 0] += 1
            if job.status == .queued || job.status == .pending {
                summary.waitingByPlugin[job.pluginName, default: 0] += 1
            }
        }
        return summary
    }
}
