import CasparianModel
import CasparianSinks

/// What a job is about to promote: every sink of it is prepared. With it whoever comes after a crash completes what was
/// begun, without running the plugin again.
struct PromotionIntent: Codable, Equatable {
    struct Output: Codable, Equatable {
        var uri: String
        var topic: String
        var mode: SinkMode
        var schemaDefinition: String?
        var rows: Int64
        /// The topic whose rows that do not fit its contract these are.
        var quarantineOf: String?

        init(_ request: SinkRequest, rows: Int64) {
            uri = request.uri.description
            topic = request.topic
            mode = request.mode
            schemaDefinition = request.schemaDefinition
            self.rows = rows
        }

        enum CodingKeys: String, CodingKey {
            case uri, topic, mode, rows
            case schemaDefinition = "schema_def"
            case quarantineOf = "quarantine_of"
        }
    }

    var jobID: JobID
    var fileVersionID: FileVersionID
    var plugin: String
    var pluginVersion: String?
    var pluginHash: String?
    var file: String
    var contentHash: ContentHash?
    /// Of the running system: staging that was not synced is gone with it.
    var bootID: String
    /// In the order of their promotion.
    var outputs: [Output]

    enum CodingKeys: String, CodingKey {
        case plugin, file, outputs
        case jobID = "job_id"
        case fileVersionID = "file_version_id"
        case pluginVersion = "plugin_version"
        case pluginHash = "plugin_hash"
        case contentHash = "content_hash"
        case bootID = "boot_id"
    }

    /// Whether it is about the same job, not one that got its number in another state database.
    func isAbout(_ order: JobOrder) -> Bool {
        jobID == order.jobID && fileVersionID == order.fileVersionID && plugin == order.pluginName
            && file.utf8.elementsEqual(order.filePath.utf8)
            && (contentHash == nil || order.contentHash == nil || contentHash == order.contentHash)
    }

    func request(_ output: Output) throws(SinkError) -> SinkRequest {
        SinkRequest(
            uri: try SinkURI(output.uri), topic: output.topic, mode: output.mode,
            schemaDefinition: output.schemaDefinition, jobID: jobID, fileVersionID: fileVersionID, pluginName: plugin,
            pluginVersion: pluginVersion, pluginHash: pluginHash, filePath: file, contentHash: contentHash)
    }
}

/// Where a process may die between a plugin's first rows and the receipt, beside the steps of the sinks.
public enum JobStep: String, SinkStep {
    /// The first batch went to all sinks of its topic.
    case published = "job.published"
    /// The plugin is through.
    case finished = "job.finished"
    /// Every sink is prepared.
    case prepared = "job.prepared"
    /// The intent is on disk.
    case recorded = "job.recorded"
    /// A sink is promoted; as many times as there are sinks.
    case committed = "job.committed"
    /// The intent is gone.
    case cleared = "job.cleared"
    /// The receipt is made and not sent.
    case receipt = "job.receipt"
}
