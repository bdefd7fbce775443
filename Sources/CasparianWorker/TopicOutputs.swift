import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import Columnar

/// Gives what a plugin makes to the sinks of its topics, with lineage added.
final class TopicOutputs: PluginOutput {
    private let order: JobOrder
    private let registry: SinkRegistry
    /// The plugin is a reader that may reject parts of a file.
    private let mayReject: Bool
    private var topics: [String: [TopicDestination]] = [:]
    /// In the order in which topics first got rows, for stable receipts.
    private var names: [String] = []
    /// Topic by scheme and place.
    private var takenPlaces: [String: String] = [:]
    private let onProgress: (Int64) -> Void
    private let wasCancelled: () -> Bool
    private(set) var rows: Int64 = 0
    /// Most resident memory of the plugin's process, where it is known.
    private(set) var peakBytes: Int64?
    /// Of what the plugin read, where its slot says so.
    private(set) var contentHash: ContentHash?

    /// Opens the configured sinks, so that a wrong URI fails the job before anything is read.
    init(
        order: JobOrder, registry: SinkRegistry, mayReject: Bool = false, isCancelled: @escaping () -> Bool,
        onProgress: @escaping (Int64) -> Void
    ) throws {
        self.order = order
        self.registry = registry
        self.mayReject = mayReject
        self.wasCancelled = isCancelled
        self.onProgress = onProgress
        for config in order.sinks { try open(config) }
    }

    private func open(_ config: SinkConfig) throws {
        let uri = try SinkURI(config.uri)
        let contract = try contract(of: config)
        try take(uri, for: config.topic, of: config)
        let hasQuarantine = contract != nil || (mayReject && config.topic == SinkConfig.outputTopic)
        if hasQuarantine { try take(uri.quarantine, for: Quarantine.topic(of: config.topic), of: config) }
        let request = SinkRequest(
            uri: uri, topic: config.topic, mode: try uri.mode(configured: config.mode),
            schemaDefinition: config.schemaDefinition,
            jobID: order.jobID, fileVersionID: order.fileVersionID, pluginName: order.pluginName,
            pluginVersion: order.pluginVersion, pluginHash: order.pluginHash, filePath: order.filePath,
            contentHash: order.contentHash)
        let destination = try TopicDestination(
            request, contract: contract, hasQuarantine: hasQuarantine, registry: registry)
        if topics[config.topic] == nil { names.append(config.topic) }
        topics[config.topic, default: []].append(destination)
    }

    private func contract(of config: SinkConfig) throws -> Contract? {
        do {
            return try config.schemaDefinition.flatMap { text throws(ContractError) in try Contract.read(json: text) }
        } catch {
            throw SinkError(
                code: .invalidURI, target: config.uri,
                message: "topic '\(config.topic)': \(error); mend it and set it again: casparian topics set "
                    + "\(order.pluginName) \(config.topic) \(config.uri) --schema FILE")
        }
    }

    private func take(_ uri: SinkURI, for topic: String, of config: SinkConfig) throws {
        guard let other = takenPlaces.updateValue(topic, forKey: "\(uri.scheme)://\(uri.place)") else { return }
        throw SinkError(
            code: .invalidURI, target: uri.description,
            message: "two topics of one job go there, '\(other)' and '\(topic)'; give each its own place: "
                + "casparian topics set \(order.pluginName) \(config.topic) URI")
    }

    /// Columns of topic `output` that all its contracts want as they are written.
    var textColumns: Set<String> {
        let wanted = (topics[SinkConfig.outputTopic] ?? []).map { $0.contract?.textColumns ?? [] }
        return wanted.dropFirst().reduce(wanted.first ?? []) { $0.intersection($1) }
    }

    var isCancelled: Bool { wasCancelled() }

    func note(peakBytes: Int64) { self.peakBytes = max(peakBytes, self.peakBytes ?? 0) }
    func note(contentHash: ContentHash) { self.contentHash = contentHash }

    /// - Throws: `PluginError` with `.cancelled`.
    func checkWanted() throws {
        if isCancelled { throw Self.unwanted(order) }
    }

    static func unwanted(_ order: JobOrder) -> PluginError {
        PluginError(code: .cancelled, plugin: order.pluginName, message: "stopped on request")
    }

    func write(_ batch: RecordBatch, topic: String) throws {
        guard batch.rowCount > 0 else { return }
        let destinations = try destinations(of: topic)
        let complete = try lineage(batch, topic: topic)
        for destination in destinations { try destination.write(batch, complete: complete) }
        if rows == 0 { JobStep.published.reached() }
        rows += Int64(batch.rowCount)
        onProgress(rows)
    }

    func reject(_ records: RecordBatch) throws {
        for destination in try destinations(of: SinkConfig.outputTopic) { try destination.reject(records) }
    }

    /// Those that are configured, or the default one.
    private func destinations(of topic: String) throws -> [TopicDestination] {
        if topics[topic] == nil { try open(SinkConfig.fallback(plugin: order.pluginName, topic: topic)) }
        return topics[topic] ?? []
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

    /// In the order in which they are prepared and promoted.
    private var destinations: [TopicDestination] { names.flatMap { topics[$0] ?? [] } }

    func restart() throws {
        for destination in destinations { try destination.reset() }
        rows = 0
        contentHash = nil
    }

    /// Everything that can fail, for every sink, before the first promotion.
    func prepare() throws {
        for destination in destinations { try destination.prepare() }
        JobStep.prepared.reached()
    }

    /// What `commit` is about to do.
    var intent: PromotionIntent {
        PromotionIntent(
            jobID: order.jobID, fileVersionID: order.fileVersionID, plugin: order.pluginName,
            pluginVersion: order.pluginVersion, pluginHash: order.pluginHash, file: order.filePath,
            contentHash: order.contentHash,
            bootID: IntentLog.bootID,
            outputs: destinations.flatMap(\.staged).map(\.output))
    }

    /// A sink is promoted, so that the others have to be too.
    private(set) var hasCommitted = false

    /// Promotes all; what one sink promoted stays when a later one fails, and the next attempt rolls forward.
    func commit() throws -> PromotionTally {
        var tally = PromotionTally()
        for staged in destinations.flatMap(\.staged) {
            tally.add(staged.output, artifact: try staged.sink.commit())
            hasCommitted = true
            JobStep.committed.reached()
        }
        return tally
    }

    func discard() {
        for destination in destinations { destination.discard() }
    }
}
