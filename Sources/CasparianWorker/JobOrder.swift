import CasparianModel

/// One job as a worker is told to do it: DISPATCH, or one file of `casparian run`.
public struct JobOrder: Hashable, Sendable {
    public var jobID: JobID
    public var pluginName: String
    /// As the plugin's manifest has it, where it is known.
    public var pluginVersion: String?
    /// SHA-256 in hex of the plugin's source, where several versions of it may be about.
    public var pluginHash: String?
    /// Absolute.
    public var filePath: String
    public var fileVersionID: FileVersionID
    public var sinks: [SinkConfig]
    /// JSON object text, or nil.
    public var parameters: String?
    /// SHA-256 of the content that is meant; nil takes what lies there.
    public var contentHash: ContentHash?
    public var attempt: Int?
    /// How long the job stays this worker's after a heartbeat that names it; nil for ever.
    public var leaseSeconds: Int?
    /// How long the job may take from its start in a slot; nil for ever.
    public var deadlineSeconds: Int?
    /// What the plugin may take of the machine.
    public var resources = ResourceLimits()

    public init(
        jobID: JobID, pluginName: String, filePath: String, fileVersionID: FileVersionID, sinks: [SinkConfig] = [],
        parameters: String? = nil, contentHash: ContentHash? = nil, attempt: Int? = nil
    ) {
        self.jobID = jobID
        self.pluginName = pluginName
        self.filePath = filePath
        self.fileVersionID = fileVersionID
        self.sinks = sinks
        self.parameters = parameters
        self.contentHash = contentHash
        self.attempt = attempt
    }

    /// Makes the job one of this version of its plugin.
    public mutating func take(_ edition: PluginEdition) {
        pluginVersion = edition.version
        pluginHash = edition.contentHash
    }
}
