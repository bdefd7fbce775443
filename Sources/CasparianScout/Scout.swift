import CasparianCatalog
import CasparianModel
import CasparianRouting
import FileDiscovery
import Foundation
import Logging

/// Finds and versions files, tags them and queues the jobs.
public struct Scout: Sendable {
    /// How a scan looks at files.
    public struct Configuration: Sendable {
        /// When a file counts as complete.
        public var settling: SettlePolicy
        /// Patterns beside those in the catalog.
        public var ignore: [String]
        /// Absolute paths of files that are the system's own, such as the state database.
        public var ownFiles: [String]
        /// Records files that are missing as gone even where that is likely to be a mistake (`DiscoveryAlarm`).
        public var acceptsMissing: Bool

        public init(
            settling: SettlePolicy, ignore: [String] = [], ownFiles: [String] = [], acceptsMissing: Bool = false
        ) {
            self.settling = settling
            self.ignore = ignore
            self.ownFiles = ownFiles
            self.acceptsMissing = acceptsMissing
        }

        /// With nothing but a window in which a file must have been left alone.
        public init(
            settle: Duration = .zero, ignore: [String] = [], ownFiles: [String] = [], acceptsMissing: Bool = false
        ) {
            self.init(
                settling: SettlePolicy(quietFor: settle), ignore: ignore, ownFiles: ownFiles,
                acceptsMissing: acceptsMissing)
        }
    }

    /// Files recorded in one transaction.
    public static let chunkSize = 5000
    /// Staging files and SQLite's own; never anybody's input.
    package static let alwaysIgnored = ["*.stg.*", "*.sqlite3-wal", "*.sqlite3-shm", "*.sqlite3-journal"]

    let store: any ScanStore
    let configuration: Configuration
    let logger: Logger

    public init(catalog: any Catalog, configuration: Configuration = Configuration(), logger: Logger) {
        self.init(store: CatalogStore(catalog: catalog), configuration: configuration, logger: logger)
    }

    init(store: any ScanStore, configuration: Configuration, logger: Logger) {
        self.store = store
        self.configuration = configuration
        self.logger = logger
    }

    /// Scans one root. A folder whose files nobody touched since costs a look at their stamps and nothing else; files that
    /// nobody changed or replaced are not read again (`FileStamp`).
    ///
    /// - Parameters:
    ///   - root: An active root.
    ///   - folder: Relative path of the folder to scan with all below it; empty for the whole root.
    ///   - now: The moment that file ages count from.
    ///   - onProgress: Called after each chunk.
    ///   - entering: Called right before a folder is read, with its relative path; from several threads.
    /// - Throws: `DiscoveryError` when the root cannot be read, `CatalogError`, `PatternError`.
    public func scan(
        _ root: SourceRoot, below folder: String = "", now: Timestamp,
        onProgress: (ScanReport) -> Void = { _ in }, entering: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> ScanReport {
        let setting = try await ScanSetting(self, root, now: now)
        var pass = try await ScanPass(setting, below: folder, now: now)
        let channel = FolderChannel()
        let walk = pass.walk(into: channel, entering: entering)
        do {
            for await item in channel.items {
                try Task.checkCancellation()
                try await pass.take(item, onProgress)
            }
            try await pass.finish(try await walk.value)
        } catch {
            channel.finish()
            _ = await walk.result
            await pass.abandon()
            throw error
        }
        onProgress(pass.report)
        for problem in pass.report.problems {
            logger.warning("cannot be read", metadata: ["path": "\(problem.path)", "reason": "\(problem.message)"])
        }
        return pass.report
    }
}

extension Scout {
    /// How long a scan that is made once waits for files that are still being written: some windows, so that one that is
    /// written all the time does not hold it up for ever.
    var patience: Duration { min(max(configuration.settling.longestWindow * 5, .seconds(10)), .seconds(60)) }

    /// Scans one root, and looks again at files that were still being written once they may be complete.
    ///
    /// - Parameters:
    ///   - root: An active root.
    ///   - now: The wall clock.
    ///   - onProgress: Called after each chunk.
    ///   - onWaiting: Called with how many files are waited for.
    /// - Returns: What was found; `unsettled` are those that were still written to
    ///   after five windows (10 s at least, 60 s at most), or wait for another file.
    /// - Throws: What `scan` throws.
    public func scanSettled(
        _ root: SourceRoot, now: @Sendable () -> Timestamp, onProgress: (ScanReport) -> Void = { _ in },
        onWaiting: (Int) -> Void = { _ in }
    ) async throws -> ScanReport {
        var report = try await scan(root, now: now(), onProgress: onProgress)
        let (start, patience) = (ContinuousClock.now, patience)
        while true {
            let moment = now()
            let end = moment.advanced(by: patience - (ContinuousClock.now - start))
            let waiting = report.unsettled.filter { $0.notBefore.map { $0 <= end } ?? false }
            guard let next = waiting.compactMap(\.notBefore).min(), moment < end else { return report }
            onWaiting(waiting.count)
            let pause = Duration.microseconds(next.microsecondsSinceEpoch - moment.microsecondsSinceEpoch)
            // A little more than needed, so that few looks find many.
            try await Task.sleep(for: max(pause, .zero) + .milliseconds(20))
            let due = Set(waiting.filter { $0.notBefore! <= now() }.map { ExactPath($0.relativePath) })
            let looked = try await look(
                root, at: Dictionary(uniqueKeysWithValues: due.map { ($0.text, false) }), now: now())
            report.unsettled.removeAll { due.contains(ExactPath($0.relativePath)) }
            report.unsettled += looked.unsettled
            report.add(looked)
        }
    }
}

/// What a root's files are looked at with.
struct ScanSetting: Sendable {
    let catalog: any ScanStore
    let configuration: Scout.Configuration
    let root: SourceRoot
    let folder: RootFolder
    let router: Router
    let ignored: IgnoreMatcher
    /// Relative paths of the system's own files.
    let ownFiles: [String]

    init(_ scout: Scout, _ root: SourceRoot, now: Timestamp) async throws {
        catalog = scout.store
        configuration = scout.configuration
        self.root = root
        let logger = scout.logger
        do throws(DiscoveryError) {
            folder = try RootFolder(path: root.path)
        } catch {
            try await catalog.setAlarms(
                [DiscoveryAlarm(folder: "", message: error.message)], root: root.id, now: now)
            throw error
        }
        router = Router(rules: try await catalog.routingRules(), plugins: try await catalog.pluginConfigs()) {
            logger.warning("routing rule cannot be used", metadata: ["rule": "\($0.pattern)", "reason": "\($1)"])
        }
        let rules = try await catalog.ignoreRules().filter { rule in
            rule.isActive && (rule.sourceRootID == nil || rule.sourceRootID == root.id)
        }
        ignored = try IgnoreMatcher(configuration.ignore + rules.map(\.pattern) + Scout.alwaysIgnored)
        let prefix = root.path == "/" ? "/" : root.path + "/"
        ownFiles = configuration.ownFiles.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }

    /// Whether a file need not be read again.
    static func isUnchanged(_ file: FoundFile, since last: KnownFile) -> Bool {
        guard last.version != nil else { return false }
        if let stamp = last.stamp { return stamp.isSameContent(as: file.stamp) }
        // Of the earlier implementation, which knew no more.
        return last.lastKnownSizeBytes == file.sizeBytes && last.lastKnownModified == file.modified
    }

    /// A file for the record, routed by its path.
    func observation(
        _ path: String, sizeBytes: Int64, modified: Timestamp, stamp: FileStamp?, hash: ContentHash?,
        movedFrom: FileLocationID? = nil, now: Timestamp
    ) -> FileObservation {
        let route = router.route(path)
        return FileObservation(
            relativePath: path, sizeBytes: sizeBytes, modified: modified, stamp: stamp, contentHash: hash,
            tags: route.tags, plugins: route.plugins, priority: JobPriority.forFile(modified: modified, now: now),
            movedFrom: movedFrom)
    }
}
