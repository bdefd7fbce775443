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
    package static let alwaysIgnored = ["*.stg.*", "*.sqlite3-wal", "*.sqlite3-shm", "*.sqlite3-journal"]

    private let catalog: any Catalog
    private let configuration: Configuration
    private let logger: Logger

    public init(catalog: any Catalog, configuration: Configuration = Configuration(), logger: Logger) {
        self.catalog = catalog
        self.configuration = configuration
        self.logger = logger
    }

    /// Scans one root; files that nobody changed or replaced since they were read are not read again (`FileStamp`).
    ///
    /// - Parameters:
    ///   - root: An active root.
    ///   - now: The moment that file ages count from.
    ///   - onProgress: Called after each chunk.
    /// - Throws: `DiscoveryError` when the root cannot be read, `CatalogError`, `PatternError`.
    public func scan(
        _ root: SourceRoot, now: Timestamp, onProgress: (ScanReport) -> Void = { _ in }
    ) async throws -> ScanReport {
        var known: [ExactPath: KnownFile] = [:]
        for file in try await catalog.knownFiles(root: root.id) { known[ExactPath(file.relativePath)] = file }
        let router = Router(rules: try await catalog.routingRules(), plugins: try await catalog.pluginConfigs()) {
            logger.warning("routing rule cannot be used", metadata: ["rule": "\($0.pattern)", "reason": "\($1)"])
        }
        var report = ScanReport(root: root.path)
        let found = settled(try await walk(root, &report), in: root, now, &report)
        for start in stride(from: 0, to: found.count, by: Self.chunkSize) {
            try Task.checkCancellation()
            let chunk = found[start..<min(start + Self.chunkSize, found.count)]
            let observations = await observe(chunk, root, known, router, now, &report)
            report.add(try await catalog.record(observations, root: root.id, now: now))
            report.filesSeen += chunk.count
            onProgress(report)
        }
        for problem in report.problems {
            logger.warning("cannot be read", metadata: ["path": "\(problem.path)", "reason": "\(problem.message)"])
        }
        return report
    }

    private func walk(_ root: SourceRoot, _ report: inout ScanReport) async throws -> [FoundFile] {
        var walk = FolderWalk(root: root.path, ignored: try await ignored(root))
        var found: [FoundFile] = []
        try walk.run { found.append($0) }
        report.problems = walk.problems
        return found
    }

    /// What is left without the system's own files and those that are still being written.
    private func settled(
        _ found: [FoundFile], in root: SourceRoot, _ now: Timestamp, _ report: inout ScanReport
    ) -> [FoundFile] {
        let prefix = root.path + "/"
        let own = Set(
            configuration.ownFiles.filter { $0.hasPrefix(prefix) }.map { ExactPath(String($0.dropFirst(prefix.count))) }
        )
        let settledBefore = now.advanced(by: .zero - configuration.settle)
        return found.filter { file in
            if !own.isEmpty, own.contains(ExactPath(file.relativePath)) { return false }
            // A file that is dated in the future would never settle by that date.
            let written = file.modified > now ? file.changed : file.modified
            guard configuration.settle > .zero, written > settledBefore else { return true }
            report.unsettledFiles += 1
            return false
        }
    }

    private func ignored(_ root: SourceRoot) async throws -> IgnoreMatcher {
        let rules = try await catalog.ignoreRules().filter { rule in
            rule.isActive && (rule.sourceRootID == nil || rule.sourceRootID == root.id)
        }
        return try IgnoreMatcher(configuration.ignore + rules.map(\.pattern) + Self.alwaysIgnored)
    }

    /// Whether the file need not be read again.
    private static func isUnchanged(_ file: FoundFile, since last: KnownFile) -> Bool {
        guard last.version != nil else { return false }
        if let stamp = last.stamp { return stamp.isSameContent(as: file.stamp) }
        // Of the earlier implementation, which knew no more.
        return last.lastKnownSizeBytes == file.sizeBytes && last.lastKnownModified == file.modified
    }

    private func observe(
        _ files: ArraySlice<FoundFile>, _ root: SourceRoot, _ known: [ExactPath: KnownFile], _ router: Router,
        _ now: Timestamp, _ report: inout ScanReport
    ) async -> [FileObservation] {
        var observations: [FileObservation] = []
        observations.reserveCapacity(files.count)
        func add(
            _ path: String, _ sizeBytes: Int64, _ modified: Timestamp, _ stamp: FileStamp?, _ hash: ContentHash?
        ) {
            let route = router.route(path)
            observations.append(
                FileObservation(
                    relativePath: path, sizeBytes: sizeBytes, modified: modified, stamp: stamp, contentHash: hash,
                    tags: route.tags, plugins: route.plugins,
                    priority: JobPriority.forFile(modified: modified, now: now)))
        }
        var changed: [String] = []
        for file in files {
            if let last = known[ExactPath(file.relativePath)], Self.isUnchanged(file, since: last) {
                let stamp = last.stamp == file.stamp ? nil : file.stamp
                add(file.relativePath, file.sizeBytes, file.modified, stamp, nil)
            } else {
                changed.append(file.relativePath)
            }
        }
        for (path, result) in zip(changed, await ParallelHasher.hash(changed, below: root.path)) {
            switch result {
            // Size and time as they were while it was read, not as the walk found them a while before.
            case .success(let file): add(path, file.sizeBytes, file.modified, file.stamp, file.contentHash)
            case .failure(let problem): if !problem.isGone { report.note(problem) }
            }
        }
        return observations
    }
}
