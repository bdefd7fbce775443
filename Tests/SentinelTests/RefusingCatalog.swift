import CasparianCatalog
import CasparianModel
import Synchronization

/// A catalog whose disk is full for a while, or that turns out to be damaged.
final class RefusingCatalog: Catalog {
    private let inner: InMemoryCatalog
    private let state = Mutex((left: 0, refused: 0, isDamaged: false))

    init(_ inner: InMemoryCatalog) { self.inner = inner }

    var refused: Int { state.withLock { $0.refused } }
    func refuse(_ count: Int) { state.withLock { $0.left = count } }
    func damage() { state.withLock { $0.isDamaged = true } }

    func commit(_ batch: QueueBatch, now: Timestamp) async throws -> QueueBatchResult {
        if state.withLock({ $0.isDamaged }) {
            throw CatalogError(code: .corrupt, subject: "state", message: "the file is damaged")
        }
        let refuses = state.withLock { state in
            guard state.left > 0 else { return false }
            state.left -= 1
            state.refused += 1
            return true
        }
        if refuses { throw CatalogError(code: .full, subject: "state", message: "the disk is full") }
        return try await inner.commit(batch, now: now)
    }

    func waitForChange(timeout: Duration) async { await inner.waitForChange(timeout: timeout) }
    func sourceRoots() async throws -> [SourceRoot] { try await inner.sourceRoots() }
    func addSourceRoot(path: String) async throws -> SourceRoot { try await inner.addSourceRoot(path: path) }
    func removeSourceRoot(path: String) async throws -> Bool { try await inner.removeSourceRoot(path: path) }
    func ignoreRules() async throws -> [IgnoreRule] { try await inner.ignoreRules() }
    func addIgnoreRule(pattern: String, sourceRootID: SourceRootID?) async throws -> IgnoreRule {
        try await inner.addIgnoreRule(pattern: pattern, sourceRootID: sourceRootID)
    }
    func removeIgnoreRule(id: RuleID) async throws -> Bool { try await inner.removeIgnoreRule(id: id) }
    func cancel(job: JobID, by person: String, now: Timestamp) async throws -> CancelOutcome {
        try await inner.cancel(job: job, by: person, now: now)
    }
    func pluginPauses() async throws -> [PluginPause] { try await inner.pluginPauses() }
    func cancellations() async throws -> [JobID] { try await inner.cancellations() }
    func pluginLimits() async throws -> [String: PluginLimits] { try await inner.pluginLimits() }
    func setPluginLimits(_ limits: PluginLimits, plugin: String) async throws {
        try await inner.setPluginLimits(limits, plugin: plugin)
    }
    func routingRules() async throws -> [RoutingRule] { try await inner.routingRules() }
    func addRoutingRule(pattern: String, tag: String, priority: Int) async throws -> RoutingRule {
        try await inner.addRoutingRule(pattern: pattern, tag: tag, priority: priority)
    }
    func removeRoutingRule(id: RuleID) async throws -> Bool { try await inner.removeRoutingRule(id: id) }
    func pluginConfigs() async throws -> [PluginConfig] { try await inner.pluginConfigs() }
    func setPluginConfig(_ config: PluginConfig) async throws { try await inner.setPluginConfig(config) }
    func removePluginConfig(name: String) async throws -> Bool { try await inner.removePluginConfig(name: name) }
    func topicConfigs(plugin: String?) async throws -> [TopicConfig] { try await inner.topicConfigs(plugin: plugin) }
    func setTopicConfig(plugin: String, sink: SinkConfig, isAdditional: Bool) async throws -> TopicConfig {
        try await inner.setTopicConfig(plugin: plugin, sink: sink, isAdditional: isAdditional)
    }
    func removeTopicConfig(plugin: String, topic: String) async throws -> Bool {
        try await inner.removeTopicConfig(plugin: plugin, topic: topic)
    }
    func pluginVersions() async throws -> [PluginVersion] { try await inner.pluginVersions() }
    func register(_ plugins: [PluginDescription], now: Timestamp) async throws -> RegistrationResult {
        try await inner.register(plugins, now: now)
    }
    func knownFiles(root: SourceRootID) async throws -> [KnownFile] { try await inner.knownFiles(root: root) }
    func hasFiles(root: SourceRootID?) async throws -> Bool { try await inner.hasFiles(root: root) }
    func knownFiles(root: SourceRootID, folder: String) async throws -> [KnownFile] {
        try await inner.knownFiles(root: root, folder: folder)
    }
    func knownFiles(root: SourceRootID, paths: [String]) async throws -> [KnownFile] {
        try await inner.knownFiles(root: root, paths: paths)
    }
    func knownFolders(root: SourceRootID, below folder: String) async throws -> [KnownFolder] {
        try await inner.knownFolders(root: root, below: folder)
    }
    func places(holding contents: [ContentHash]) async throws -> [FileListing] {
        try await inner.places(holding: contents)
    }
    func record(_ scan: ScanRecord, root: SourceRootID, now: Timestamp) async throws -> RecordResult {
        try await inner.record(scan, root: root, now: now)
    }
    func alarms(root: SourceRootID) async throws -> [DiscoveryAlarm] { try await inner.alarms(root: root) }
    func setAlarms(_ alarms: [DiscoveryAlarm], root: SourceRootID, now: Timestamp) async throws {
        try await inner.setAlarms(alarms, root: root, now: now)
    }
    func moves(of location: FileLocationID) async throws -> [FileMove] { try await inner.moves(of: location) }
    func reroute(_ routes: [VersionRoute], now: Timestamp) async throws -> RecordResult {
        try await inner.reroute(routes, now: now)
    }
    func files(_ filter: FileFilter) async throws -> [FileListing] { try await inner.files(filter) }
    func jobs(_ filter: JobFilter) async throws -> [JobListing] { try await inner.jobs(filter) }
    func job(id: JobID) async throws -> JobListing? { try await inner.job(id: id) }
    func retry(job: JobID, now: Timestamp) async throws -> Bool { try await inner.retry(job: job, now: now) }
    func artifacts(_ filter: ArtifactFilter) async throws -> [ArtifactListing] { try await inner.artifacts(filter) }
    func queueSummary() async throws -> QueueSummary { try await inner.queueSummary() }
    func jobEvents(_ filter: JobEventFilter) async throws -> [JobEvent] { try await inner.jobEvents(filter) }
    func attempts(of job: JobID) async throws -> [JobAttempt] { try await inner.attempts(of: job) }
    func history(of location: FileLocationID) async throws -> FileHistory { try await inner.history(of: location) }
    func file(_ relativePath: String, root: SourceRootID) async throws -> KnownFile? {
        try await inner.file(relativePath, root: root)
    }
    func artifacts(uri: String) async throws -> [ArtifactListing] { try await inner.artifacts(uri: uri) }
    func jobsAhead(of job: JobID) async throws -> Int? { try await inner.jobsAhead(of: job) }
    func queueDepths() async throws -> [QueueDepth] { try await inner.queueDepths() }
    func contents(givenTo plugin: String) async throws -> Set<String> { try await inner.contents(givenTo: plugin) }
    func work(root: SourceRootID) async throws -> [VersionWork] { try await inner.work(root: root) }
    func configuration(
        registering plugins: [PluginDescription], now: Timestamp
    ) async throws -> WorkConfiguration {
        try await inner.configuration(registering: plugins, now: now)
    }
    func rerun(_ wanted: [Rerun], now: Timestamp) async throws -> RecordResult {
        try await inner.rerun(wanted, now: now)
    }
    func workers() async throws -> [WorkerNode] { try await inner.workers() }
}
