import CasparianModel
import Synchronization

/// A catalog that is gone with its process: for tests, and for runs that leave no state behind.
public final class InMemoryCatalog: Catalog {
    private let state = Mutex(MemoryState())
    private let changes = ChangeGate()

    public init() {}

    public func waitForChange(timeout: Duration) async { await changes.wait(timeout: timeout) }

    private func change<Result: Sendable>(_ body: (inout MemoryState) throws -> Result) rethrows -> Result {
        let result = try state.withLock { state in try body(&state) }
        changes.signal()
        return result
    }

    /// Changes a copy, so that an error leaves everything as it was.
    private func changeOrUndo<Result: Sendable>(_ body: (inout MemoryState) throws -> Result) rethrows -> Result {
        try change { state in
            var copy = state
            let result = try body(&copy)
            state = copy
            return result
        }
    }

    // MARK: Configuration

    public func sourceRoots() async throws -> [SourceRoot] { state.withLock { $0.roots } }

    public func addSourceRoot(path: String) async throws -> SourceRoot {
        try CatalogLimits.check(rootPath: path)
        return change { $0.addRoot(path: path) }
    }

    public func removeSourceRoot(path: String) async throws -> Bool { change { $0.removeRoot(path: path) } }

    public func ignoreRules() async throws -> [IgnoreRule] { state.withLock { $0.ignores } }

    public func addIgnoreRule(pattern: String, sourceRootID: SourceRootID?) async throws -> IgnoreRule {
        try CatalogLimits.check(pattern: pattern)
        return try change { try $0.addIgnore(pattern: pattern, root: sourceRootID) }
    }

    public func removeIgnoreRule(id: RuleID) async throws -> Bool {
        change { $0.ignores.removeFirst { $0.id == id } }
    }

    public func routingRules() async throws -> [RoutingRule] { state.withLock { $0.rules } }

    public func addRoutingRule(pattern: String, tag: String, priority: Int) async throws -> RoutingRule {
        try CatalogLimits.check(pattern: pattern)
        try CatalogLimits.check(tag: tag)
        return change { $0.addRule(pattern: pattern, tag: tag, priority: priority) }
    }

    public func removeRoutingRule(id: RuleID) async throws -> Bool { change { $0.rules.removeFirst { $0.id == id } } }

    public func pluginConfigs() async throws -> [PluginConfig] {
        state.withLock { $0.plugins.values.sorted { $0.pluginName < $1.pluginName } }
    }

    public func setPluginConfig(_ config: PluginConfig) async throws {
        try CatalogLimits.check(name: config.pluginName, of: "plugin name")
        for tag in config.subscriptionTags { try CatalogLimits.check(tag: tag) }
        change { $0.setPlugin(config) }
    }

    public func removePluginConfig(name: String) async throws -> Bool { try change { try $0.removePlugin(name) } }

    public func pluginLimits() async throws -> [String: PluginLimits] { state.withLock { $0.limits } }

    public func setPluginLimits(_ limits: PluginLimits, plugin: String) async throws {
        try CatalogLimits.check(name: plugin, of: "plugin name")
        change { $0.limits[plugin] = limits == PluginLimits() ? nil : limits }
    }

    public func topicConfigs(plugin: String?) async throws -> [TopicConfig] {
        state.withLock { state in
            state.topicRows.filter { plugin == nil || $0.pluginName == plugin }.sorted {
                ($0.pluginName, $0.sink.topic, $0.id) < ($1.pluginName, $1.sink.topic, $1.id)
            }
        }
    }

    public func setTopicConfig(plugin: String, sink: SinkConfig, isAdditional: Bool) async throws -> TopicConfig {
        try CatalogLimits.check(name: plugin, of: "plugin name")
        try CatalogLimits.check(name: sink.topic, of: "topic name")
        try CatalogLimits.check(name: sink.uri, of: "sink URI")
        return change { $0.setTopic(plugin: plugin, sink: sink, isAdditional: isAdditional) }
    }

    public func removeTopicConfig(plugin: String, topic: String) async throws -> Bool {
        change { $0.removeTopic(plugin: plugin, topic: topic) }
    }

    public func pluginVersions() async throws -> [PluginVersion] {
        state.withLock { state in
            state.manifests.ordered(
                byDeployments: state.deployments.values.sorted { $0.pluginName < $1.pluginName })
        }
    }

    public func register(_ plugins: [PluginDescription], now: Timestamp) async throws -> RegistrationResult {
        try change { state in
            var registration = Registration(store: state, now: now)
            let result = try registration.run(plugins)
            state = registration.store
            return result
        }
    }

    // MARK: Files

    public func knownFiles(root: SourceRootID) async throws -> [KnownFile] {
        state.withLock { $0.knownFiles(root: root) }
    }

    public func hasFiles(root: SourceRootID?) async throws -> Bool {
        state.withLock { $0.places.values.contains { root == nil || $0.sourceRootID == root } }
    }

    public func knownFiles(root: SourceRootID, folder: String) async throws -> [KnownFile] {
        state.withLock { $0.knownFiles(root: root).filter { $0.folder.utf8.elementsEqual(folder.utf8) } }
    }

    public func knownFiles(root: SourceRootID, paths: [String]) async throws -> [KnownFile] {
        state.withLock { state in paths.compactMap { state.file($0, root: root) } }
    }

    public func knownFolders(root: SourceRootID, below folder: String) async throws -> [KnownFolder] {
        state.withLock { $0.folders[root, default: [:]].values.filter { PathParts.isPath($0.path, in: folder) } }
    }

    public func places(holding contents: [ContentHash]) async throws -> [FileListing] {
        state.withLock { $0.places(holding: Set(contents.map(\.hex))) }
    }

    public func record(_ scan: ScanRecord, root: SourceRootID, now: Timestamp) async throws -> RecordResult {
        try changeOrUndo { try $0.record(scan, root: root, now: now) }
    }

    public func alarms(root: SourceRootID) async throws -> [DiscoveryAlarm] {
        state.withLock { $0.alarms[root] ?? [] }
    }

    public func setAlarms(_ alarms: [DiscoveryAlarm], root: SourceRootID, now: Timestamp) async throws {
        change { $0.alarms[root] = alarms }
    }

    public func moves(of location: FileLocationID) async throws -> [FileMove] {
        state.withLock { $0.moves.filter { $0.locationID == location } }
    }

    public func reroute(_ routes: [VersionRoute], now: Timestamp) async throws -> RecordResult {
        try changeOrUndo { try $0.reroute(routes, now: now) }
    }

    public func files(_ filter: FileFilter) async throws -> [FileListing] { state.withLock { $0.listFiles(filter) } }

    // MARK: Plans

    public func contents(givenTo plugin: String) async throws -> Set<String> {
        state.withLock { $0.contents(givenTo: plugin) }
    }

    public func work(root: SourceRootID) async throws -> [VersionWork] { state.withLock { $0.work(root: root) } }

    public func configuration(
        registering plugins: [PluginDescription], now: Timestamp
    ) async throws -> WorkConfiguration {
        try state.withLock { state in
            var registration = Registration(store: state, now: now)
            _ = try registration.run(plugins)
            let store = registration.store
            return WorkConfiguration(
                rules: store.rules, plugins: store.plugins.values.sorted { $0.pluginName < $1.pluginName },
                identities: Dictionary(uniqueKeysWithValues: store.plugins.keys.map { ($0, store.identity(of: $0)) }),
                skipping: Set(store.limits.filter { $0.value.duplicateContent == .skip }.keys))
        }
    }

    public func rerun(_ wanted: [Rerun], now: Timestamp) async throws -> RecordResult {
        try changeOrUndo { try $0.rerun(wanted, now: now) }
    }

    // MARK: Queue and workers

    public func commit(_ batch: QueueBatch, now: Timestamp) async throws -> QueueBatchResult {
        if batch.isEmpty { return QueueBatchResult() }
        return change { $0.commit(batch, now: now) }
    }

    public func jobs(_ filter: JobFilter) async throws -> [JobListing] { state.withLock { $0.listJobs(filter) } }

    public func job(id: JobID) async throws -> JobListing? {
        state.withLock { state in state.jobs[id].map { state.listing(of: $0) } }
    }

    public func retry(job: JobID, now: Timestamp) async throws -> Bool { change { $0.retry(job, now: now) } }

    public func cancel(job: JobID, by person: String, now: Timestamp) async throws -> CancelOutcome {
        change { $0.cancel(job, by: person, now: now) }
    }

    public func pluginPauses() async throws -> [PluginPause] {
        state.withLock { $0.pauses.values.sorted { $0.pluginName < $1.pluginName } }
    }

    public func cancellations() async throws -> [JobID] { state.withLock { $0.cancellations() } }

    public func artifacts(_ filter: ArtifactFilter) async throws -> [ArtifactListing] {
        state.withLock { $0.listArtifacts(filter) }
    }

    public func queueSummary() async throws -> QueueSummary { state.withLock { $0.summary() } }

    public func jobEvents(_ filter: JobEventFilter) async throws -> [JobEvent] {
        state.withLock { $0.listEvents(filter) }
    }

    public func attempts(of job: JobID) async throws -> [JobAttempt] { state.withLock { $0.attempts[job] ?? [] } }

    public func history(of location: FileLocationID) async throws -> FileHistory {
        state.withLock { $0.history(of: location) }
    }

    public func file(_ relativePath: String, root: SourceRootID) async throws -> KnownFile? {
        state.withLock { $0.file(relativePath, root: root) }
    }

    public func artifacts(uri: String) async throws -> [ArtifactListing] {
        state.withLock { state in state.listArtifacts(ArtifactFilter()).filter { $0.artifact.uri == uri } }
    }

    public func jobsAhead(of job: JobID) async throws -> Int? { state.withLock { $0.jobsAhead(of: job) } }

    public func queueDepths() async throws -> [QueueDepth] { state.withLock { $0.depths() } }

    public func workers() async throws -> [WorkerNode] {
        state.withLock { $0.workers.values.sorted { ($0.hostname, $0.pid) < ($1.hostname, $1.pid) } }
    }
}
