import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import Columnar
import Dispatch

/// Runs one job from file to promoted output on the calling thread; needs no daemon and no database.
public struct JobRunner: Sendable {
    /// Hashes a file's content; a job that names a hash runs it beside the plugin.
    public typealias Hasher = @Sendable (String) throws -> ContentHash

    private let registry: SinkRegistry
    private let intents: IntentLog?
    private let hasher: Hasher?

    /// - Parameters:
    ///   - registry: The sinks there are.
    ///   - intents: Where promotions into several sinks are noted, so that a crash between two of them is rolled
    ///     forward; nil for runs whose jobs have no next attempt.
    ///   - hasher: Nil leaves content hashes unchecked.
    public init(registry: SinkRegistry, intents: IntentLog? = nil, hasher: Hasher? = nil) {
        self.registry = registry
        self.intents = intents
        self.hasher = hasher
    }

    /// Completes what processes that died had begun to promote, and removes what else they left; one text each, for the
    /// log. At start, before the first job.
    public func cleanUp() -> [String] {
        let completed = intents.map { RollForward(registry: registry, intents: $0).completeAll() } ?? []
        return completed + registry.removeLeftovers()
    }

    /// Stage, then promote; on any failure nothing is left behind.
    ///
    /// - Parameters:
    ///   - order: The job.
    ///   - slot: Runs its plugin.
    ///   - onProgress: Called with the rows so far, on this thread.
    ///   - isCancelled: Asked before the plugin begins, when it has ended, and before the first promotion; from then on
    ///     the job is done. While the plugin runs it is the slot's `cancel` that stops it.
    ///   - mayPromote: Asked once everything is prepared, right before the first promotion; waits as long as that is not
    ///     certain. False stops the job.
    /// - Returns: The receipt; failures are in it, with their whole text.
    public func run(
        _ order: JobOrder, on slot: any PluginSlot, onProgress: @escaping (Int64) -> Void = { _ in },
        isCancelled: @escaping () -> Bool = { false }, mayPromote: () -> Bool = { true }
    ) -> JobReceipt {
        // A promotion that was begun is completed by whoever comes; that was permitted once, and is idempotent.
        if let intents, let done = RollForward(registry: registry, intents: intents).complete(order) {
            return success(order, done.tally, peakBytes: nil)
        }
        var outputs: TopicOutputs?
        do {
            let file = try SourceFile(path: order.filePath)
            let made = try TopicOutputs(
                order: order, registry: registry, isCancelled: isCancelled, onProgress: onProgress)
            outputs = made
            try made.checkWanted()
            let check = ContentCheck(order: order, hasher: hasher)
            try slot.run(
                PluginInvocation(
                    pluginName: order.pluginName, filePath: order.filePath, fileVersionID: order.fileVersionID,
                    jobID: order.jobID, parameters: order.parameters, textColumns: made.textColumns), output: made)
            JobStep.finished.reached()
            try check.wait()
            try file.checkUnchanged()
            try made.checkWanted()
            try made.prepare()
            try made.checkWanted()
            guard mayPromote() else { throw TopicOutputs.unwanted(order) }
            return success(order, try promote(made), peakBytes: made.peakBytes)
        } catch {
            // Once a sink is promoted the staging of the others is needed.
            if outputs?.hasCommitted != true || intents == nil { outputs?.discard() }
            var receipt = JobReceipt(
                status: .failed, metrics: [JobReceipt.rowsMetric: 0, JobReceipt.sizeBytesMetric: 0],
                errorMessage: "\(error)", attempt: order.attempt, cause: FailureCause(of: error),
                exitSignal: (error as? PluginError)?.exitSignal)
            receipt.metrics[JobReceipt.peakBytesMetric] = outputs?.peakBytes
            return receipt
        }
    }

    /// A single sink's promotion is one step; several are noted first.
    private func promote(_ outputs: TopicOutputs) throws -> PromotionTally {
        let intent = outputs.intent
        guard let intents, intent.outputs.count > 1 else { return try outputs.commit() }
        let held = try intents.record(intent)
        JobStep.recorded.reached()
        do {
            let result = try outputs.commit()
            held.clear()
            JobStep.cleared.reached()
            return result
        } catch {
            if !outputs.hasCommitted { held.clear() }
            throw error
        }
    }

    private func success(_ order: JobOrder, _ tally: PromotionTally, peakBytes: Int64?) -> JobReceipt {
        JobStep.receipt.reached()
        var receipt = JobReceipt(
            status: .success, metrics: tally.metrics, artifacts: tally.artifacts, attempt: order.attempt)
        receipt.metrics[JobReceipt.peakBytesMetric] = peakBytes
        return receipt
    }
}

/// Compares a file's content with the hash that the job was made for, while the plugin reads.
private final class ContentCheck {
    private let expected: ContentHash?
    private let path: String
    private let group = DispatchGroup()
    private let outcome = Outcome()

    init(order: JobOrder, hasher: JobRunner.Hasher?) {
        self.path = order.filePath
        guard let hash = order.contentHash, let hasher else {
            expected = nil
            return
        }
        expected = hash
        let path = order.filePath
        let outcome = outcome
        DispatchQueue.global().async(group: group) { outcome.set(Result { try hasher(path) }) }
    }

    /// - Throws: `SourceFileError` when the content is another, or what hashing threw.
    func wait() throws {
        guard let expected else { return }
        group.wait()
        let found: ContentHash
        do { found = try outcome.get() } catch {
            throw SourceFileError(path: path, message: "its content cannot be hashed: \(error)")
        }
        guard found == expected else {
            throw SourceFileError(
                path: path,
                message: "holds other content than when it was queued (SHA-256 \(found), expected \(expected)); "
                    + "the next scan makes a new version of it")
        }
    }
}
