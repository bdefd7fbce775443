import CasparianModel
import CasparianWire

extension Scheduler {
    mutating func receive(_ message: WireMessage, from key: WorkerKey, _ now: SchedulerTime) -> [SchedulerAction] {
        workers[key]?.heard(now)
        switch message.body {
        case .identify(let payload): return identify(payload, key, now)
        case .heartbeat(let payload): return heartbeat(payload, key, now)
        case .conclude(let receipt): return conclude(receipt, message.jobID, key, now)
        case .error(let payload): return error(payload, message.jobID, key, now)
        case .dispatch, .abort:
            return [
                .note(
                    SchedulerNote(
                        .messageRefused, worker: key, detail: "\(message.operation) is not for a sentinel to receive"))
            ]
        }
    }

    private mutating func identify(
        _ payload: IdentifyPayload, _ key: WorkerKey, _ now: SchedulerTime
    ) -> [SchedulerAction] {
        var actions: [SchedulerAction] = []
        if let known = workers[key], !known.isSameProcess(as: payload) {
            actions += lose(key, "a new process came with its name", now)
        }
        var kind: SchedulerNote.Kind? = .workerJoined
        if let known = workers[key] {
            if known.described != payload.plugins {
                kind = known.plugins == payload.capabilities ? nil : .workerChanged
            }
            workers[key]?.update(payload)
        } else {
            guard workers.count < policy.workersMax else {
                let text = "the sentinel has \(policy.workersMax) workers already"
                return actions + [
                    .send(WireMessage(.error(ErrorPayload(message: text))), to: key),
                    .note(SchedulerNote(.workerRefused, worker: key, detail: text)),
                ]
            }
            workers[key] = ConnectedWorker(key: key, identify: payload, now: now)
        }
        mayHaveWork = true
        let plugins = payload.plugins ?? payload.capabilities.map { PluginDescription(name: $0) }
        if !plugins.isEmpty { actions.append(.register(plugins)) }
        actions += noteSources(plugins)
        if let row = workers[key]?.row(now, interval: .zero) { actions.append(.save(row)) }
        let slots = workers[key]?.slots ?? 1
        let detail = "\(payload.capabilities.count) plugins, \(slots) slot\(slots == 1 ? "" : "s")"
        return actions + (kind.map { [.note(SchedulerNote($0, worker: key, detail: detail))] } ?? [])
    }

    private mutating func heartbeat(
        _ payload: HeartbeatPayload, _ key: WorkerKey, _ now: SchedulerTime
    ) -> [SchedulerAction] {
        guard workers[key] != nil else { return [askToIdentify(key)] }
        var actions: [SchedulerAction] = []
        for id in payload.activeJobs ?? (payload.currentJobID.map { [$0] } ?? []) {
            let job = JobID(id)
            if holder[job] == key {
                workers[key]?.jobs[job]?.confirmed = now.elapsed
            } else if let orphan = orphans[job], mayBelong(orphan.job, to: key) {
                orphans[job] = nil
                workers[key]?.give(
                    job,
                    ConnectedWorker.Held(
                        pluginName: orphan.job.pluginName, attempt: orphan.job.attempt, dispatched: now.elapsed,
                        confirmed: now.elapsed, strikes: orphan.job.strikes, limits: orphan.job.limits))
                holder[job] = key
                actions.append(.note(SchedulerNote(.jobAdopted, worker: key, job: job)))
            } else {
                // It was taken away meanwhile, or has ended.
                actions.append(.send(WireMessage(jobID: UInt64(bitPattern: id), .abort), to: key))
            }
        }
        if let sequence = payload.sequence, workers[key]?.waitsForLease == true {
            let text = "lease renewed"
            actions.append(
                .send(
                    WireMessage(.error(ErrorPayload(message: text, code: ErrorPayload.leaseCode, sequence: sequence))),
                    to: key))
        }
        if let row = workers[key]?.row(now, interval: policy.saveInterval) { actions.append(.save(row)) }
        return actions
    }

    private mutating func conclude(
        _ receipt: JobReceipt, _ wireID: UInt64, _ key: WorkerKey, _ now: SchedulerTime
    ) -> [SchedulerAction] {
        let job = JobID(Int64(bitPattern: wireID))
        var actions: [SchedulerAction] = workers[key] == nil ? [askToIdentify(key)] : []
        if workers[key]?.keepsReceipts == true { actions.append(.acknowledge(job, to: key)) }
        guard mayConclude(job, receipt, key) else {
            return actions + [
                .note(
                    SchedulerNote(
                        .receiptRefused, worker: key, job: job,
                        detail: "\(receipt.status.rawValue) for a job that is not this worker's"))
            ]
        }
        let held = workers[key]?.jobs.removeValue(forKey: job)
        let orphan = orphans[job]?.job
        if held != nil {
            workers[key]?.learn(receipt)
            mayHaveWork = true
        }
        if let other = holder.removeValue(forKey: job), other != key {
            workers[other]?.jobs[job] = nil
            actions.append(.send(WireMessage(jobID: wireID, .abort), to: other))
        }
        orphans[job] = nil
        formerHolders[job] = nil
        formerOrphans[job] = nil
        let ending = end(
            job, receipt, strikes: held?.strikes ?? orphan?.strikes ?? 0,
            limits: held?.limits ?? orphan?.limits ?? PluginLimits(), now)
        actions += ending
        if let plugin = held?.pluginName ?? orphan?.pluginName {
            let isFinal = !ending.contains { if case .retry = $0 { true } else { false } }
            actions += note(receipt, of: plugin, isFinal: isFinal, now)
        }
        if let row = workers[key]?.row(now, interval: policy.saveInterval) { actions.append(.save(row)) }
        return actions
    }

    /// The holder ends its job. Who held it before may still report a success, since its output is promoted then; its
    /// failure says nothing about the attempt that runs now.
    private func mayConclude(_ job: JobID, _ receipt: JobReceipt, _ key: WorkerKey) -> Bool {
        func isAbout(_ attempt: Int?) -> Bool {
            receipt.status == .success || receipt.attempt == nil || receipt.attempt == attempt
        }
        if holder[job] == key { return isAbout(workers[key]?.jobs[job]?.attempt) }
        if holder[job] == nil, let orphan = orphans[job]?.job {
            return mayBelong(orphan, to: key) && isAbout(orphan.attempt)
        }
        guard receipt.status == .success else { return false }
        if let former = formerOrphans[job], workers[key] != nil, mayBelong(former, to: key) { return true }
        return formerHolders[job] == key
    }

    /// False if the catalog says that another process got the job. A worker that has not said who it is yet may have.
    private func mayBelong(_ job: RunningJob, to key: WorkerKey) -> Bool {
        guard let worker = workers[key], let host = job.workerHost else { return true }
        return worker.host == host && (job.workerPID ?? worker.pid) == worker.pid
    }

    private mutating func error(
        _ payload: ErrorPayload, _ wireID: UInt64, _ key: WorkerKey, _ now: SchedulerTime
    ) -> [SchedulerAction] {
        let job = JobID(Int64(bitPattern: wireID))
        switch payload.code {
        case ErrorPayload.leavingCode:
            guard workers[key] != nil else { return [] }
            return remove(key, .workerLeft, payload.message, now)
        case ErrorPayload.releasedCode:
            guard holder[job] == key else { return [] }
            // It takes no more: what it gives back would come to it again at once.
            workers[key]?.isLeaving = true
            return take(job, from: key, "handed back by its worker", now)
        default:
            let text = [payload.message, payload.traceback ?? ""].filter { !$0.isEmpty }.joined(separator: "\n")
            let note = SchedulerAction.note(
                SchedulerNote(.workerReported, worker: key, job: wireID == 0 ? nil : job, detail: text))
            guard wireID != 0, holder[job] == key else { return [note] }
            return [note] + conclude(JobReceipt(status: .failed, errorMessage: text), wireID, key, now)
        }
    }

    private func askToIdentify(_ key: WorkerKey) -> SchedulerAction {
        .send(
            WireMessage(
                .error(
                    ErrorPayload(
                        message: "this sentinel does not know you; identify again", code: ErrorPayload.identifyCode))),
            to: key)
    }
}
