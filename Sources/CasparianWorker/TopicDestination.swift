import CasparianModel
import CasparianSinks
import Columnar

/// One place where a topic's rows go: its sink and, if there is a contract, the quarantine of rows that do not fit.
final class TopicDestination {
    /// A sink, and what it is to promote.
    struct Staged {
        var output: PromotionIntent.Output
        var sink: any Sink
    }

    private let request: SinkRequest
    private let registry: SinkRegistry
    private let sink: any Sink
    private let gate: ContractGate?
    let contract: Contract?
    /// The topic has a quarantine: it has a contract, or a reader that may reject parts of a file.
    private let hasQuarantine: Bool
    private var lines = LineRejections()
    /// Rows that the plugin made.
    private var seen: Int64 = 0
    /// Opened for the first row that does not fit.
    private var quarantine: (request: SinkRequest, sink: any Sink)?
    private var rows: Int64 = 0

    /// Opens the sink.
    init(_ request: SinkRequest, contract: Contract?, hasQuarantine: Bool, registry: SinkRegistry) throws {
        self.hasQuarantine = hasQuarantine
        self.request = request
        self.registry = registry
        self.contract = contract
        self.gate = try contract.map { try ContractGate(contract: $0, request: request) }
        self.sink = try registry.open(request)
    }

    /// - Parameters:
    ///   - batch: As the plugin made it.
    ///   - complete: The same with lineage.
    func write(_ batch: RecordBatch, complete: RecordBatch) throws {
        seen += Int64(batch.rowCount)
        guard let gate else { return try stage(complete) }
        let sorted = try gate.sort(batch)
        if sorted.accepted.rowCount > 0 { try stage(lineage(sorted.accepted)) }
        if let rejected = sorted.rejected { try openQuarantine().write(lineage(rejected)) }
    }

    /// Takes records of the file that are no rows, as `PluginOutput.reject` has them.
    func reject(_ records: RecordBatch) throws {
        let rows = try lines.take(records)
        try openQuarantine().write(lineage(rows))
    }

    private func stage(_ batch: RecordBatch) throws {
        try sink.write(batch)
        rows += Int64(batch.rowCount)
    }

    private func lineage(_ batch: RecordBatch) throws -> RecordBatch {
        try batch.appendingLineage(jobID: request.jobID.rawValue, fileVersionID: request.fileVersionID.rawValue)
    }

    private func openQuarantine() throws -> any Sink {
        if let quarantine { return quarantine.sink }
        var request = request
        request.uri = request.uri.quarantine
        request.topic = Quarantine.topic(of: request.topic)
        request.schemaDefinition = nil
        let opened = try registry.open(request)
        quarantine = (request, opened)
        return opened
    }

    func reset() throws {
        try sink.reset()
        try quarantine?.sink.reset()
        gate?.reset()
        lines = LineRejections()
        rows = 0
        seen = 0
    }

    /// - Throws: `SinkError`, and `ContractBreach` when too many rows do not fit.
    func prepare() throws {
        try gate?.checkShare()
        try lines.checkShare(
            rows: seen, atMost: contract?.quarantinedShareMax ?? Contract.quarantinedShareMaxDefault, request)
        // A version without such rows takes the place of one with some.
        if hasQuarantine, request.mode == .replace { _ = try openQuarantine() }
        try sink.prepare()
        try quarantine?.sink.prepare()
    }

    /// What is to be promoted, in this order.
    var staged: [Staged] {
        var all = [Staged(output: PromotionIntent.Output(request, rows: rows), sink: sink)]
        if let quarantine {
            var output = PromotionIntent.Output(quarantine.request, rows: (gate?.rejected ?? 0) + lines.count)
            output.quarantineOf = request.topic
            all.append(Staged(output: output, sink: quarantine.sink))
        }
        return all
    }

    func discard() {
        sink.discard()
        quarantine?.sink.discard()
    }
}
