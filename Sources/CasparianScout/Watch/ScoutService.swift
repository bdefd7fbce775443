import CasparianCatalog
import CasparianModel
import FileDiscovery
import Logging
import ServiceLifecycle

/// Watches all active roots until it is told to stop: changes are looked at as they are announced, and everything from time
/// to time.
public struct ScoutService: Service {
    /// How often things are looked at.
    public struct Pace: Sendable {
        /// Pause between two scans of a root whose changes are not all announced, and between two looks at the list of
        /// roots and rules.
        public var interval: Duration
        /// Pause between two scans of a root whose changes are announced: what a lost event would have told.
        public var watched: Duration

        public init(interval: Duration = .seconds(2), watched: Duration = .seconds(60)) {
            self.interval = interval
            self.watched = watched
        }
    }

    private let catalog: any Catalog
    private let scout: Scout
    private let roots: Set<SourceRootID>?
    private let pace: Pace
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let onReport: @Sendable (ScanReport) -> Void

    /// - Parameters:
    ///   - catalog: Where the roots stand.
    ///   - scout: Looks at one of them.
    ///   - roots: The roots to watch; nil watches all that are active, also those that are added later.
    ///   - pace: How often things are looked at.
    ///   - logger: Told of scans that fail, and of roots whose changes are not all announced.
    ///   - now: The wall clock.
    ///   - onReport: Called after each scan of a root, and after each look at some of its files.
    public init(
        catalog: any Catalog, scout: Scout, roots: [SourceRootID]? = nil, pace: Pace = Pace(), logger: Logger,
        now: @escaping @Sendable () -> Timestamp, onReport: @escaping @Sendable (ScanReport) -> Void = { _ in }
    ) {
        self.catalog = catalog
        self.scout = scout
        self.roots = roots.map { Set($0) }
        self.pace = pace
        self.logger = logger
        self.now = now
        self.onReport = onReport
    }

    /// Runs until cancelled or shut down. What fails is logged and tried again after a pause.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                var watched: [SourceRootID: RootWatcher] = [:]
                var rules: [IgnoreRule]?
                while !Task.isCancelled {
                    do {
                        let active = try await catalog.sourceRoots().filter { root in
                            root.isActive && roots?.contains(root.id) ?? true
                        }
                        let current = try await catalog.ignoreRules()
                        if let rules, rules != current { for watcher in watched.values { watcher.scanSoon() } }
                        rules = current
                        for (id, watcher) in watched where !active.contains(where: { $0.id == id }) {
                            watcher.stop()
                            watched[id] = nil
                        }
                        for root in active where watched[root.id] == nil {
                            let watcher = RootWatcher(
                                root: root, scout: scout, pace: pace, logger: logger, now: now, onReport: onReport)
                            watched[root.id] = watcher
                            group.addTask { await watcher.run() }
                        }
                    } catch {
                        logger.error("roots cannot be listed; trying again", metadata: ["reason": "\(error)"])
                    }
                    // A cancelled sleep ends at once, and the loop with it.
                    try? await Task.sleep(for: pace.interval)
                }
                for watcher in watched.values { watcher.stop() }
            }
        }
    }
}
