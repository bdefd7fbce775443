import CasparianTestKit
import CasparianCatalog
import CasparianModel
import CasparianScout
import Foundation
import Logging
import SQLiteCatalog

/// A folder with files, a catalog that knows it as a root, and a plugin `csv` that wants `*.csv`.
final class Site {
    enum Kind: CaseIterable { case memory, sqlite }

    let files: TemporaryFolder
    private let state: TemporaryFolder
    let catalog: any Catalog
    let root: SourceRoot

    /// A moment after all files that a test writes.
    let now = Timestamp(secondsSinceEpoch: Date().timeIntervalSince1970 + 3600)

    init(_ kind: Kind) async throws {
        files = try TemporaryFolder()
        state = try TemporaryFolder()
        catalog =
            switch kind {
            case .memory: InMemoryCatalog()
            case .sqlite: try SQLiteCatalog(path: state.path + "/state.sqlite3")
            }
        root = try await catalog.addSourceRoot(path: files.path)
        try await catalog.setPluginConfig(PluginConfig(pluginName: "csv", subscriptionTags: ["tables"]))
        try await catalog.addRoutingRule(pattern: "*.csv", tag: "tables", priority: 0)
    }

    @discardableResult
    func scan(
        _ configuration: Scout.Configuration = Scout.Configuration(), now: Timestamp? = nil,
        onProgress: (ScanReport) -> Void = { _ in }
    ) async throws -> ScanReport {
        let scout = Scout(catalog: catalog, configuration: configuration, logger: Logger(label: "scan"))
        return try await scout.scan(root, now: now ?? self.now, onProgress: onProgress)
    }

    func known() async throws -> [String: KnownFile] {
        let files = try await catalog.knownFiles(root: root.id)
        return Dictionary(uniqueKeysWithValues: files.map { ($0.relativePath, $0) })
    }

    /// The catalog has another content for a file than it has, and everything else as it is: a scan that reads it makes a
    /// version.
    func pretendOtherContent(of path: String, plugins: [String] = []) async throws {
        guard let file = try await known()[path], let size = file.lastKnownSizeBytes, let time = file.lastKnownModified
        else { throw CatalogError.unreadFile(path) }
        let other = FileObservation(
            relativePath: path, sizeBytes: size, modified: time, stamp: file.stamp,
            contentHash: ContentHash(digest: Array(repeating: 7, count: 32)), tags: file.version?.tags ?? [],
            plugins: plugins)
        _ = try await catalog.record([other], root: root.id, now: now)
    }

    func jobPaths() async throws -> [String] {
        try await catalog.jobs(JobFilter()).map { String($0.filePath.dropFirst(files.path.count + 1)) }
    }
}
