import CasparianCatalog
import CasparianModel
import CasparianRouting

/// Writes what plugins declare into the catalog and sends files that are known already to those who now want them.
public struct Registrar: Sendable {
    private let catalog: any Catalog

    /// Versions routed again in one transaction.
    public static let chunkSize = 5000

    public init(catalog: any Catalog) { self.catalog = catalog }

    /// Registers plugins; idempotent. What a person configured stays.
    ///
    /// - Throws: `CatalogError`.
    @discardableResult
    public func register(_ plugins: [PluginDescription], now: Timestamp) async throws -> RegistrationResult {
        guard !plugins.isEmpty else { return RegistrationResult() }
        let result = try await catalog.register(plugins, now: now)
        if result.routingChanged { try await reroute(now: now) }
        return result
    }

    /// Routes every known file by the rules as they are now; queues the jobs that are missing.
    ///
    /// - Throws: `CatalogError`.
    @discardableResult
    public func reroute(now: Timestamp) async throws -> RecordResult {
        let router = Router(rules: try await catalog.routingRules(), plugins: try await catalog.pluginConfigs())
        var total = RecordResult()
        for root in try await catalog.sourceRoots() where root.isActive {
            var chunk: [VersionRoute] = []
            for file in try await catalog.knownFiles(root: root.id) {
                guard let version = file.version, file.goneSince == nil else { continue }
                let route = router.route(file.relativePath)
                chunk.append(
                    VersionRoute(
                        fileVersionID: version.id, tags: route.tags, plugins: route.plugins,
                        priority: JobPriority.forFile(modified: version.modified, now: now)))
                if chunk.count == Self.chunkSize {
                    total.queuedJobs += try await catalog.reroute(chunk, now: now).queuedJobs
                    chunk = []
                }
            }
            if !chunk.isEmpty { total.queuedJobs += try await catalog.reroute(chunk, now: now).queuedJobs }
        }
        return total
    }
}
