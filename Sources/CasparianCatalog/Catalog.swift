import CasparianModel

/// The state database: what is where, which plugin gets what, the queue and the receipts (docs/catalog.md).
///
/// Used by several processes at once; every call is one short transaction. Implementations: `InMemoryCatalog` here,
/// SQLite in `SQLiteCatalog`; both pass one conformance suite. All calls throw `CatalogError`.
public protocol Catalog: ConfigurationCatalog, FileCatalog, QueueCatalog, HistoryCatalog, WorkerCatalog,
    PlanCatalog
{
    /// Waits until another process or task may have changed something since the last call, or `timeout` passed.
    ///
    /// May return early, never misses a change for longer than `timeout`. One waiter at a time.
    func waitForChange(timeout: Duration) async
}

/// Roots, rules, plugins and topics.
public protocol ConfigurationCatalog: Sendable {
    func sourceRoots() async throws -> [SourceRoot]
    /// Adds or reactivates a root. `path` is absolute, without a trailing slash.
    @discardableResult func addSourceRoot(path: String) async throws -> SourceRoot
    /// Deactivates it; its files and jobs stay. False if there is no such root.
    func removeSourceRoot(path: String) async throws -> Bool

    func ignoreRules() async throws -> [IgnoreRule]
    /// Adds a rule, or returns the equal one that is there.
    @discardableResult func addIgnoreRule(pattern: String, sourceRootID: SourceRootID?) async throws -> IgnoreRule
    func removeIgnoreRule(id: RuleID) async throws -> Bool

    func routingRules() async throws -> [RoutingRule]
    /// Adds a rule; one with the same pattern and tag gets the new priority.
    @discardableResult func addRoutingRule(pattern: String, tag: String, priority: Int) async throws -> RoutingRule
    func removeRoutingRule(id: RuleID) async throws -> Bool

    func pluginConfigs() async throws -> [PluginConfig]
    /// Writes a person's configuration of a plugin; it then wins over what the manifest declares.
    func setPluginConfig(_ config: PluginConfig) async throws
    /// Removes its configuration and topics; refused (`.inUse`) while jobs refer to it.
    func removePluginConfig(name: String) async throws -> Bool

    /// Limits by plugin, of those that have any.
    func pluginLimits() async throws -> [String: PluginLimits]
    func setPluginLimits(_ limits: PluginLimits, plugin: String) async throws

    func topicConfigs(plugin: String?) async throws -> [TopicConfig]
    /// Writes a person's topic configuration (plugin config row is made if missing). Same plugin, topic and uri
    /// replaces mode and schema; another uri for the same topic replaces the topic's sinks unless `isAdditional`.
    @discardableResult
    func setTopicConfig(plugin: String, sink: SinkConfig, isAdditional: Bool) async throws -> TopicConfig
    func removeTopicConfig(plugin: String, topic: String) async throws -> Bool

    /// Manifests recorded so far, newest last.
    func pluginVersions() async throws -> [PluginVersion]
    /// Writes what manifests declare, in one transaction: manifest row, plugin config, routing rule, topics. Idempotent.
    /// What a person wrote stays as it is.
    ///
    /// - Returns: Whether rules or subscriptions changed, so that known files must be routed again.
    func register(_ plugins: [PluginDescription], now: Timestamp) async throws -> RegistrationResult
}

/// Files, places and versions.
public protocol FileCatalog: Sendable {
    /// Every place under a root with its current version, by relative path.
    func knownFiles(root: SourceRootID) async throws -> [KnownFile]
    /// Whether a root, or nil for any, has a place.
    func hasFiles(root: SourceRootID?) async throws -> Bool
    /// The places directly in one folder below a root, by relative path.
    func knownFiles(root: SourceRootID, folder: String) async throws -> [KnownFile]
    /// The places at some relative paths below a root, in no order; paths without a place give none.
    func knownFiles(root: SourceRootID, paths: [String]) async throws -> [KnownFile]
    /// A folder of a root and those below it as scans left them, in no order; an empty path is the root.
    func knownFolders(root: SourceRootID, below folder: String) async throws -> [KnownFolder]
    /// Places of any root whose current content, or last one if the file has gone, is one of these; some for each at most.
    func places(holding contents: [ContentHash]) async throws -> [FileListing]
    /// Records what a scan saw, in one transaction: hash registry, place, version (only if the content is new there),
    /// tags, and one job for each (version, plugin) that has none yet; folders, moves, and what is gone.
    func record(_ scan: ScanRecord, root: SourceRootID, now: Timestamp) async throws -> RecordResult
    /// Alarms of a root's last scan.
    func alarms(root: SourceRootID) async throws -> [DiscoveryAlarm]
    /// Replaces the alarms of a root; writes only if they differ.
    func setAlarms(_ alarms: [DiscoveryAlarm], root: SourceRootID, now: Timestamp) async throws
    /// Where a place's file lay before, oldest first.
    func moves(of location: FileLocationID) async throws -> [FileMove]
    /// Sets tags and queues the missing jobs of versions that are known already (after rules changed).
    func reroute(_ routes: [VersionRoute], now: Timestamp) async throws -> RecordResult
    /// Files by relative path, newest state; `pathContains` filters.
    func files(_ filter: FileFilter) async throws -> [FileListing]
}

extension FileCatalog {
    /// Records files alone.
    public func record(
        _ observations: [FileObservation], root: SourceRootID, now: Timestamp
    ) async throws -> RecordResult {
        try await record(ScanRecord(observations: observations), root: root, now: now)
    }
}

/// The queue.
public protocol QueueCatalog: Sendable {
    /// Everything one turn of the sentinel wants, in one durable transaction: receipts and requeues first, then claims.
    func commit(_ batch: QueueBatch, now: Timestamp) async throws -> QueueBatchResult
    func jobs(_ filter: JobFilter) async throws -> [JobListing]
    func job(id: JobID) async throws -> JobListing?
    /// Puts a FAILED or SKIPPED job back to QUEUED, with all its attempts before it; its id stays. False if it is in no
    /// such state.
    func retry(job: JobID, now: Timestamp) async throws -> Bool
    /// Ends a job that waits; notes the wish for one that runs, whose worker the sentinel tells.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - person: Who wants it, for the job's message.
    ///   - now: The time that stands in the catalog.
    func cancel(job: JobID, by person: String, now: Timestamp) async throws -> CancelOutcome
    /// Plugins that the sentinel has paused, by name.
    func pluginPauses() async throws -> [PluginPause]
    /// RUNNING jobs that somebody wants to end.
    func cancellations() async throws -> [JobID]
    func artifacts(_ filter: ArtifactFilter) async throws -> [ArtifactListing]
    /// Jobs by status, and the plugins of the queued ones.
    func queueSummary() async throws -> QueueSummary
}

/// Worker processes.
public protocol WorkerCatalog: Sendable {
    func workers() async throws -> [WorkerNode]
}
