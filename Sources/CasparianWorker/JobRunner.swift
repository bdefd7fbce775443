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
    private let hasher: Hasher?

    /// - Parameter hasher: Nil leaves content hashes unchecked.
    public init(registry: SinkRegistry, hasher: Hasher? = nil) {
        self.registry = registry
        self.hasher = hasher
    }

    /// Stage, then promote; on any failure nothing is left behind.
    ///
    /// - Parameter onProgress: Called with the rows so far, on this thread.
    /// - Returns: The receipt; failures are in it, with their whole text.
    public func run(
        _ order: JobOrder, on slot: any PluginSlot, onProgress: @escaping (Int64) -> Void = { _ in }
    ) -> JobReceipt {
        var outputs: TopicOutputs?
        do {
            let file = try SourceFile(path: order.filePath)
            let made = try TopicOutputs(order: order, registry: registry, onProgress: onProgress)
            outputs = made
            let check = ContentCheck(order: order, hasher: hasher)
            try slot.run(
                PluginInvocation(
                    pluginName: order.pluginName, filePath: order.filePath, fileVersionID: order.fileVersionID,
                    jobID: order.jobID, parameters: order.parameters), output: made)
            try check.wait()
            try file.checkUnchanged()
            try made.prepare()
            let artifacts = try made.commit()
            return JobReceipt(
                status: .success,
                metrics: [
                    JobReceipt.rowsMetric: made.rows,
                    JobReceipt.sizeBytesMetric: artifacts.reduce(0) { $0 + ($1.sizeBytes ?? 0) },
                ], artifacts: artifacts, attempt: order.attempt)
        } catch {
            outputs?.discard()
            return JobReceipt(
                status: .failed, metrics: [JobReceipt.rowsMetric: 0, JobReceipt.sizeBytesMetric: 0],
                errorMessage: "\(error)", attempt: order.attempt)
        }
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
        let found = try outcome.get()
        guard found == expected else {
            throw SourceFileError(
                path: path,
                message: "holds other content than when it was queued (SHA-256 \(found), expected \(expected)); "
                    + "the next scan makes a new version of it")
        }
    }
}
