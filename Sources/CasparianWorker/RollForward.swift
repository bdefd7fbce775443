import CasparianModel
import CasparianSinks

/// Completes promotions that a process did not live to complete.
struct RollForward {
    let registry: SinkRegistry
    let intents: IntentLog

    /// What came of one intent.
    struct Outcome {
        var tally = PromotionTally()
        /// SHA-256 in hex of the source of the plugin that made it.
        var pluginHash: String?
        /// Every output is promoted: the job need not run again.
        var isComplete = true
        /// What could not be promoted, and why.
        var problems: [String] = []
    }

    /// Completes the job's promotion; nil if none was begun, or not all of its staging is left.
    func complete(_ order: JobOrder) -> Outcome? {
        guard let held = intents.abandoned(order.jobID) else { return nil }
        guard held.intent.isAbout(order) else {
            held.clear()
            return nil
        }
        let outcome = complete(held)
        return outcome.isComplete ? outcome : nil
    }

    /// Completes every promotion that was begun; one text each, for the log.
    func completeAll() -> [String] {
        intents.abandoned().map { held in
            let outcome = complete(held)
            let job = "job \(held.intent.jobID)"
            if outcome.isComplete { return "\(job): its promotion was completed, \(outcome.tally.rows) rows" }
            return "\(job): its promotion could not be completed; it has to run again. "
                + outcome.problems.joined(separator: "; ")
        }
    }

    private func complete(_ held: IntentLog.Held) -> Outcome {
        var outcome = Outcome(pluginHash: held.intent.pluginHash)
        for output in held.intent.outputs {
            do {
                guard let sink = try sink(held.intent.request(output), rows: output.rows) else {
                    outcome.isComplete = false
                    outcome.problems.append("\(output.uri): its staging is gone")
                    continue
                }
                outcome.tally.add(output, artifact: try sink.commit())
            } catch {
                outcome.isComplete = false
                outcome.problems.append("\(error)")
            }
        }
        // What could not be completed is not tried for ever: the job's next attempt makes it anew.
        held.clear()
        return outcome
    }

    /// Ready for its commit. A topic without rows has no staging, and may still have rows to replace.
    private func sink(_ request: SinkRequest, rows: Int64) throws -> (any Sink)? {
        guard rows == 0 else { return try registry.resume(request, rows: rows) }
        let sink = try registry.open(request)
        try sink.prepare()
        return sink
    }
}
