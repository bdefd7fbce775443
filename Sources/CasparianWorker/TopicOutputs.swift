import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import Columnar

/// Gives what a plugin makes to the sinks of its topics, with lineage added.
final class TopicOutputs: PluginOutput {
    private struct Topic {
        var sinks: [any Sink]
        var rows: Int64 = 0
    }

    private let order: JobOrder
    private let registry: SinkRegistry
    private var topics: [String: Topic] = [:]
    /// In the order in which topics first got rows, for stable receipts.
    private var names: [String] = []
    private let onProgress: (Int64) -> Void
    private(set) var rows: Int64 = 0

    /// Opens the configured sinks, so that a wrong URI fails the job before anything is read.
    init(order: JobOrder, registry: SinkRegistry, onProgress: @escaping (Int64) -> Void) throws {
        self.order = order
        self.registry = registry
        self.onProgress = onProgress
        for config in order.sinks { try open(config) }
    }

    private func open(_ config: SinkConfig) throws {
        let uri = try SinkURI(config.uri)
        var mode = config.mode
        if let text = uri.options["mode"] {
            guard let named = SinkMode(rawValue: text) else {
                throw SinkError(code: .invalidURI, target: config.uri, message: "mode is append, replace or error")
            }
            mode = named
        }
        let sink = try registry.open(
            SinkRequest(
                uri: uri, topic: config.topic, mode: mode, schemaDefinition: config.schemaDefinition,
                jobID: order.jobID, fileVersionID: order.fileVersionID, pluginName: order.pluginName,
                filePath: order.filePath))
        if topics[config.topic] == nil { names.append(config.topic) }
        topics[config.topic, default: Topic(sinks: [])].sinks.append(sink)
    }

    func write(_ batch: RecordBatch, topic: String) throws {
        guard batch.rowCount > 0 else { return }
        if topics[topic] == nil { try open(SinkConfig.fallback(plugin: order.pluginName, topic: topic)) }
        let complete = try lineage(batch, topic: topic)
        for sink in topics[topic]?.sinks ?? [] { try sink.write(complete) }
        topics[topic]?.rows += Int64(batch.rowCount)
        rows += Int64(batch.rowCount)
        onProgress(rows)
    }

    private func lineage(_ batch: RecordBatch, topic: String) throws -> RecordBatch {
        do {
            return try batch.appendingLineage(
                jobID: order.jobID.rawValue, fileVersionID: order.fileVersionID.rawValue)
        } catch {
            throw SinkError(
                code: .reservedColumn, target: topic, message: "topic '\(topic)' of \(order.filePath): \(error.message)"
            )
        }
    }

    func restart() throws {
        for name in names {
            for sink in topics[name]?.sinks ?? [] { try sink.reset() }
            topics[name]?.rows = 0
        }
        rows = 0
    }

    /// Everything that can fail, for every sink, before the first promotion.
    func prepare() throws {
        for name in names { for sink in topics[name]?.sinks ?? [] { try sink.prepare() } }
    }

    /// Promotes all; what one sink promoted stays when a later one fails, and the next attempt rolls forward.
    func commit() throws -> [Artifact] {
        var artifacts: [Artifact] = []
        for name in names {
            for sink in topics[name]?.sinks ?? [] { if let artifact = try sink.commit() { artifacts.append(artifact) } }
        }
        return artifacts
    }

    func discard() {
        for name in names { for sink in topics[name]?.sinks ?? [] { sink.discard() } }
    }
}
