import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import Columnar

/// Runs one job from file to promoted output on the calling thread; needs no daemon and no database.
public struct JobRunner: Sendable {
    /// Hashes a file's content; a job that names a hash runs it beside a plugin that does not tell what it read.
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
            return success(order, done.tally, peakBytes: nil, pluginHash: done.pluginHash)
        }
        var outputs: TopicOutputs?
        do {
            let file = try SourceFile(path: order.filePath)
            let made = try TopicOutputs(
                order: order, registry: registry, mayReject: slot.mayReject(order.pluginName), isCancelled: isCancelled,
                onProgress: onProgress)
            outputs = made
            try made.checkWanted()
            try read(file, order, on: slot, into: made)
            try made.checkWanted()
            try made.prepare()
            try made.checkWanted()
            guard mayPromote() else { throw TopicOutputs.unwanted(order) }
            return success(order, try promote(made), peakBytes: made.peakBytes, pluginHash: order.pluginHash)
        } catch {
            // Once a sink is promoted the staging of the others is needed.
            if outputs?.hasCommitted != true || intents == nil { outputs?.discard() }
            var receipt = JobReceipt(
                status: .failed, metrics: [JobReceipt.rowsMetric: 0, JobReceipt.sizeBytesMetric: 0],
                errorMessage: "\(error)", attempt: order.attempt, cause: FailureCause(of: error),
                exitSignal: (error as? PluginError)?.exitSignal, pluginHash: order.pluginHash)
            receipt.metrics[JobReceipt.peakBytesMetric] = outputs?.peakBytes
            return receipt
        }
    }

    /// Runs the plugin, and makes sure that what it read is what the job is about.
    private func read(
        _ file: SourceFile, _ order: JobOrder, on slot: any PluginSlot, into outputs: TopicOutputs
    ) throws {
        let check = ContentCheck(
            file, expected: order.contentHash, hasher: hasher,
            isReported: slot.reportsContentHash(of: order.pluginName))
        do {
            try slot.run(
                PluginInvocation(
                    pluginName: order.pluginName, filePath: order.filePath, fileVersionID: order.fileVersionID,
                    jobID: order.jobID, parameters: order.parameters, textColumns: outputs.textColumns,
                    wantsContentHash: check.wantsReport, resources: order.resources, pluginHash: order.pluginHash),
                output: outputs)
        } catch {
            throw check.reason(for: error)
        }
        JobStep.finished.reached()
        try check.verify(reported: outputs.contentHash)
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

    private func success(
        _ order: JobOrder, _ tally: PromotionTally, peakBytes: Int64?, pluginHash: String?
    ) -> JobReceipt {
        JobStep.receipt.reached()
        var receipt = JobReceipt(
            status: .success, metrics: tally.metrics, artifacts: tally.artifacts, attempt: order.attempt,
            pluginHash: pluginHash)
        receipt.metrics[JobReceipt.peakBytesMetric] = peakBytes
        return receipt
    }
}
