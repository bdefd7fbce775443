import CasparianModel
import CasparianWire

/// What needs a live lease, a clock, or a sentinel that answers.
extension WorkerState {
    mutating func promotionWanted(_ job: JobID, _ slot: Int, _ now: Duration) -> [Action] {
        // One that is being stopped has been told so already.
        guard slots[slot]?.job == job, slots[slot]?.course == .running else { return [] }
        slots[slot]?.course = .waiting
        let permitted = permitWaiting(now)
        guard slots[slot]?.course == .waiting, !leases.isAsked(job, at: now) else { return permitted }
        return permitted + [heartbeat(at: now)]
    }

    /// Promotes the jobs that wait and whose lease is live.
    mutating func permitWaiting(_ now: Duration) -> [Action] {
        slots.indices.compactMap { slot in
            guard let running = slots[slot], running.course == .waiting, leases.isLive(running.job, at: now)
            else { return nil }
            slots[slot]?.course = .promoting
            return .promote(running.job, slot: slot)
        }
    }

    mutating func tick(_ now: Duration) -> [Action] {
        var actions = permitWaiting(now)
        for slot in slots.indices {
            guard let running = slots[slot], running.course.canBeStopped else { continue }
            if let deadline = running.deadline, now >= deadline {
                slots[slot]?.course = .overdue
                actions.append(.cancel(slot: slot))
            } else if running.course == .waiting, !leases.isAsked(running.job, at: now) {
                // The last question or its answer is lost.
                actions.append(heartbeat(at: now))
            }
        }
        return leases.isAnswered ? actions + resend(now) : actions
    }

    /// Sends receipts again that may not have arrived; only to a sentinel that then says so when they have.
    mutating func resend(_ now: Duration) -> [Action] {
        guard leases.isAnswered else { return [] }
        return receipts.due(at: now).map { .send(Self.message($0.job, $0.receipt)) }
    }

    mutating func conclude(_ job: JobID, _ receipt: JobReceipt, _ now: Duration) -> [Action] {
        let message = Action.send(Self.message(job, receipt))
        // A sentinel that never says what it recorded would have them kept for ever.
        guard leases.hasBeenAnswered, receipts.keep(job, receipt, at: now) else { return [message] }
        return [.keep(job, receipt), message]
    }

    private static func message(_ job: JobID, _ receipt: JobReceipt) -> WireMessage {
        WireMessage(jobID: UInt64(bitPattern: job.rawValue), .conclude(receipt))
    }
}

extension JobReceipt {
    /// Says that the job was stopped for its deadline, if that is why it failed.
    mutating func fail(after deadlineSeconds: Int?) {
        guard status == .failed, cause == .cancelled else { return }
        cause = .deadline
        let limit = deadlineSeconds.map { " of \($0) s" } ?? ""
        errorMessage =
            "it took longer than its deadline\(limit) and was stopped; nothing of it was kept. "
            + "Give the plugin more time, or smaller files. \(errorMessage ?? "")"
    }
}

extension JobOrder {
    init(_ job: JobID, _ payload: DispatchPayload) {
        self.init(
            jobID: job, pluginName: payload.pluginName, filePath: payload.filePath,
            fileVersionID: FileVersionID(payload.fileVersionID), sinks: payload.sinks, parameters: payload.parameters,
            contentHash: payload.contentHash.flatMap { ContentHash(hex: $0) }, attempt: payload.attempt)
        leaseSeconds = payload.leaseSeconds
        deadlineSeconds = payload.deadlineSeconds
        resources = payload.resources
    }
}
