import CasparianCatalog
import CasparianModel
import CasparianRouting
import Synchronization

/// What scans read from a catalog and write to it: the catalog's own, unless a store has another answer.
protocol ScanStore: Sendable {
    var catalog: any Catalog { get }

    func routingRules() async throws -> [RoutingRule]
    func pluginConfigs() async throws -> [PluginConfig]
    func knownFolders(root: SourceRootID, below folder: String) async throws -> [KnownFolder]
    func record(_ scan: ScanRecord, root: SourceRootID, now: Timestamp) async throws -> RecordResult
    func setAlarms(_ alarms: [DiscoveryAlarm], root: SourceRootID, now: Timestamp) async throws
}

extension ScanStore {
    func routingRules() async throws -> [RoutingRule] { try await catalog.routingRules() }
    func pluginConfigs() async throws -> [PluginConfig] { try await catalog.pluginConfigs() }
    func knownFolders(root: SourceRootID, below folder: String) async throws -> [KnownFolder] {
        try await catalog.knownFolders(root: root, below: folder)
    }
    func record(_ scan: ScanRecord, root: SourceRootID, now: Timestamp) async throws -> RecordResult {
        try await catalog.record(scan, root: root, now: now)
    }
    func setAlarms(_ alarms: [DiscoveryAlarm], root: SourceRootID, now: Timestamp) async throws {
        try await catalog.setAlarms(alarms, root: root, now: now)
    }

    // The same for every store.
    func ignoreRules() async throws -> [IgnoreRule] { try await catalog.ignoreRules() }
    func hasFiles(root: SourceRootID?) async throws -> Bool { try await catalog.hasFiles(root: root) }
    func knownFiles(root: SourceRootID) async throws -> [KnownFile] { try await catalog.knownFiles(root: root) }
    func knownFiles(root: SourceRootID, folder: String) async throws -> [KnownFile] {
        try await catalog.knownFiles(root: root, folder: folder)
    }
    func knownFiles(root: SourceRootID, paths: [String]) async throws -> [KnownFile] {
        try await catalog.knownFiles(root: root, paths: paths)
    }
    func places(holding contents: [ContentHash]) async throws -> [FileListing] {
        try await catalog.places(holding: contents)
    }
}

/// The catalog itself.
struct CatalogStore: ScanStore {
    let catalog: any Catalog
}

/// Reads the catalog, with other rules if wanted, and keeps to itself what a scan would write.
final class PreviewStore: ScanStore {
    /// What a scan would have recorded.
    var observations: [FileObservation] { written.withLock { $0.observations } }
    var gone: [FileLocationID] { written.withLock { $0.gone } }

    let catalog: any Catalog
    private let configuration: WorkConfiguration
    private let written = Mutex(ScanRecord())

    init(_ catalog: any Catalog, _ configuration: WorkConfiguration) {
        self.catalog = catalog
        self.configuration = configuration
    }

    func routingRules() async throws -> [RoutingRule] { configuration.rules }
    func pluginConfigs() async throws -> [PluginConfig] { configuration.plugins }
    func knownFolders(root: SourceRootID, below folder: String) async throws -> [KnownFolder] {
        // Files are routed by the planner: here only what was touched matters.
        let fingerprint = Router(rules: configuration.rules, plugins: configuration.plugins).fingerprint
        return try await catalog.knownFolders(root: root, below: folder).map { folder in
            var folder = folder
            folder.routing = fingerprint
            return folder
        }
    }
    func record(_ scan: ScanRecord, root: SourceRootID, now: Timestamp) async throws -> RecordResult {
        written.withLock { written in
            written.observations += scan.observations
            written.gone += scan.gone
        }
        return RecordResult()
    }
    func setAlarms(_ alarms: [DiscoveryAlarm], root: SourceRootID, now: Timestamp) async throws {}
}
