import CasparianModel
import CasparianSinks

/// What a job has at its targets.
struct PromotionTally {
    private(set) var artifacts: [Artifact] = []
    private var rowsByTopic: [String: Int64] = [:]
    private var quarantinedByTopic: [String: Int64] = [:]

    /// - Parameters:
    ///   - output: What was to be promoted.
    ///   - artifact: What is there now: an earlier attempt may have promoted other rows than this one made.
    mutating func add(_ output: PromotionIntent.Output, artifact: Artifact?) {
        if let artifact { artifacts.append(artifact) }
        let rows = artifact?.rows ?? output.rows
        if let topic = output.quarantineOf {
            quarantinedByTopic[topic] = max(quarantinedByTopic[topic] ?? 0, rows)
            return
        }
        rowsByTopic[output.topic] = min(rowsByTopic[output.topic] ?? rows, rows)
        let contract = try? output.schemaDefinition.flatMap { try Contract.read(json: $0) }
        if contract != nil { quarantinedByTopic[output.topic, default: 0] += 0 }
    }

    var rows: Int64 { rowsByTopic.values.reduce(0, +) }

    /// Each row once however many sinks its topic has: as quarantined if it is missing at one of them, so that both
    /// counts add up to what the plugin made.
    var metrics: [String: Int64] {
        var metrics = [
            JobReceipt.rowsMetric: rows,
            JobReceipt.sizeBytesMetric: artifacts.reduce(0) { $0 + ($1.sizeBytes ?? 0) },
        ]
        if !quarantinedByTopic.isEmpty {
            metrics[JobReceipt.quarantinedMetric] = quarantinedByTopic.values.reduce(0, +)
        }
        return metrics
    }
}
