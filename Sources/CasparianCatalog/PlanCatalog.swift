import CasparianModel

/// What work was done with, for whoever decides what to do again.
public protocol PlanCatalog: Sendable {
    /// Jobs below a root: the newest of each version and plugin, in no order.
    func work(root: SourceRootID) async throws -> [VersionWork]
    /// What configuration a registration of these plugins would leave; none is changed.
    func configuration(registering plugins: [PluginDescription], now: Timestamp) async throws -> WorkConfiguration
    /// Hashes of the contents that a plugin need not be given at one more place: a job for them waits, runs or was completed.
    func contents(givenTo plugin: String) async throws -> Set<String>
    /// Queues one new job for each, in one transaction; the job before it stays as it is, and so does its output, unless the
    /// topic replaces it. None where a job of that version and plugin waits or runs.
    func rerun(_ wanted: [Rerun], now: Timestamp) async throws -> RecordResult
}

/// The newest job of a file version and a plugin.
public struct VersionWork: Hashable, Sendable {
    public var locationID: FileLocationID
    public var fileVersionID: FileVersionID
    public var pluginName: String
    public var status: JobStatus
    /// What it was last handed out with; nil if it was not, or before that was kept.
    public var identity: WorkIdentity?

    public init(
        locationID: FileLocationID, fileVersionID: FileVersionID, pluginName: String, status: JobStatus,
        identity: WorkIdentity?
    ) {
        self.locationID = locationID
        self.fileVersionID = fileVersionID
        self.pluginName = pluginName
        self.status = status
        self.identity = identity
    }
}

/// What decides which plugin gets which file, and what its jobs are done with.
public struct WorkConfiguration: Sendable {
    public var rules: [RoutingRule]
    public var plugins: [PluginConfig]
    /// By plugin.
    public var identities: [String: WorkIdentity]
    /// Plugins that are given a content at one place only.
    public var skipping: Set<String>

    public init(
        rules: [RoutingRule], plugins: [PluginConfig], identities: [String: WorkIdentity], skipping: Set<String> = []
    ) {
        self.skipping = skipping
        self.rules = rules
        self.plugins = plugins
        self.identities = identities
    }
}

/// A file version that a plugin is to be given again, or for the first time.
public struct Rerun: Hashable, Sendable {
    public var fileVersionID: FileVersionID
    public var pluginName: String
    public var priority: Int

    public init(fileVersionID: FileVersionID, pluginName: String, priority: Int) {
        self.fileVersionID = fileVersionID
        self.pluginName = pluginName
        self.priority = priority
    }
}

extension JobStatus {
    /// A job in this state will still do what another one would.
    package var isPending: Bool { !isTerminal }
}
