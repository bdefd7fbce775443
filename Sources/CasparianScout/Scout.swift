import CasparianCatalog
import CasparianModel
import CasparianRegistration
import CasparianRouting
import FileDiscovery
import Foundation
import Logging

/// Finds and versions files, tags them and queues the jobs.
public struct Scout: Sendable {
    /// How a scan looks at files.
    public struct Configuration: Sendable {
        /// A file must have been left alone for this long.
        public var settle: Duration
        /// Patterns beside those in the catalog.
        public var ignore: [String]
        /// Absolute paths of files that are the system's own, such as the state database.
        public var ownFiles: [String]

        public init(settle: Duration = .zero, ignore: [String] = [], ownFiles: [String] = []) {
            self.settle = settle
            self.ignore = ignore
            self.ownFiles = ownFiles
        }
    }

    /// Files recorded in one transaction.
    public static let chunkSize = 5000
    /// Staging files and SQLite's own; never anybody's input.
    static let alwaysIgnored = ["*.stg.*", "*.sqlite3-wal", "*.sqlite3-shm", "*.sqlite3-journal"]

    private let catalog: any Catalog
    private let configuration: Configuration
    private let logger: Logger

    public init(catalog: any Catalog, configuration: Configuration = Configuration(), logger: Logger) {
        self.catalog = catalog
        self.configuration = configuration
        self.logger = logger
    }

    /// Scans one root; files whose size and time are as last known are not read again.
    ///
    /// - Parameters:
    ///   - now: The moment that file ages count from.
    ///   - onProgress: Called after each chunk.
    /// - Throws: `DiscoveryError` when the root cannot be read, `CatalogError`, `PatternError`.
    public func scan(
        _ root: SourceRoot, now: Timestamp, onProgress: (ScanReport) -> Void = { _ in }
    ) async throws -> ScanReport {
        var known: [String: KnownFile] = [:]
        for file in try await catalog.knownFiles(root: root.id) { known[file.relativePath] = file }
        let router = Router(rules: try await catalog.routingRules(), plugins: try await catalog.pluginConfigs()) {
            logger.warning("routing rule cannot be used", metadata: ["rule": "\($0.pattern)", "reason": "\($1)"])
        }
        var walk = FolderWalk(root: root.path, ignored: try await ignored(root))
        var found: [FoundFile] = []
        try walk.run { found.append($0) }
        var report = ScanReport(root: root.path)
        report.problems = walk.problems
        let settledBefore = now.advanced(by: .zero - configuration.settle)
        for start in stride(from: 0, to: found.count, by: Self.chunkSize) {
            let chunk = found[start..<min(start + Self.chunkSize, found.count)].filter { file in
                !configuration.ownFiles.contains(root.path + "/" + file.relativePath)
                    && (configuration.settle == .zero || file.modified <= settledBefore)
            }
            let observations = try await observe(chunk, root, known, router, now, &report)
            report.add(try await catalog.record(observations, root: root.id, now: now))
            report.filesSeen = start + chunk.count
            onProgress(report)
        }
        for problem in report.problems {
            logger.warning("cannot be read", metadata: ["path": "\(problem.path)", "reason": "\(problem.message)"])
        }
        return report
    }

    private func ignored(_ root: SourceRoot) async throws -> IgnoreMatcher {
        let rules = try await catalog.ignoreRules().filter { rule in
            rule.isActive && (rule.sourceRootID == nil || rule.sourceRootID == root.id)
        }
        return try IgnoreMatcher(configuration.ignore + rules.map(\.pattern) + Self.alwaysIgnored)
    }

    private func observe(
        _ files: [FoundFile], _ root: SourceRoot, _ known: [String: KnownFile], _ router: Router, _ now: Timestamp,
        _ report: inout ScanReport
    ) async throws -> [FileObservation] {
        let changed = files.filter { file in
            guard let last = known[file.relativePath], last.version != nil else { return true }
            return last.lastKnownSizeBytes != file.sizeBytes || last.lastKnownModified != file.modified
        }
        let hashes = await ParallelHasher.hash(changed.map(\.relativePath), below: root.path)
        return files.compactMap { file in
            var hash: ContentHash?
            switch hashes[file.relativePath] {
            case .success(let value)?: hash = value
            case .failure(let error)?:
                report.problems.append(error)
                return nil
            case nil: break
            }
            let route = router.route(file.relativePath)
            return FileObservation(
                relativePath: file.relativePath, sizeBytes: file.sizeBytes, modified: file.modified, contentHash: hash,
                tags: route.tags, plugins: route.plugins,
                priority: JobPriority.forFile(modified: file.modified, now: now))
        }
    }
}

/// What a scan found.
public struct ScanReport: Sendable {
    public var root: String
    public var filesSeen = 0
    public var newFiles = 0
    public var newVersions = 0
    public var unchangedFiles = 0
    public var queuedJobs = 0
    public var problems: [DiscoveryError] = []

    mutating func add(_ result: RecordResult) {
        newFiles += result.newFiles
        newVersions += result.newVersions
        unchangedFiles += result.unchangedFiles
        queuedJobs += result.queuedJobs
    }
}
