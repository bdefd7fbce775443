import CasparianCatalog
import CasparianModel
import CasparianScout
import CasparianSentinel
import Logging
import ServiceLifecycle
import Synchronization

/// One scan of every root, then the wait for the queue to run empty: what ends `casparian up --until-idle`.
final class UntilIdle: Service {
    /// How it ended.
    struct Outcome: Sendable {
        var isDone = false
        var filesSeen = 0
        /// Roots that could not be scanned, and why.
        var unreadable: [String] = []
        /// Plugins with waiting jobs that nobody offers.
        var stranded: [String: Int] = [:]
        /// Plugins with waiting jobs that are paused, since their jobs failed one after the other.
        var paused: [String: Int] = [:]
    }

    private let catalog: any Catalog
    private let scout: Scout
    private let monitor: UpMonitor
    private let progress: UpProgress
    private let logger: Logger
    private let state = Mutex(Outcome())

    init(catalog: any Catalog, scout: Scout, monitor: UpMonitor, progress: UpProgress, logger: Logger) {
        self.catalog = catalog
        self.scout = scout
        self.monitor = monitor
        self.progress = progress
        self.logger = logger
    }

    var outcome: Outcome { state.withLock { $0 } }

    func run() async throws {
        try await withGracefulShutdownHandler {
            do {
                // Manifests are registered by then, so that files are routed once.
                try await monitor.wait { !$0.offeredPlugins.isEmpty }
                for root in try await catalog.sourceRoots() where root.isActive { try await scan(root) }
                try await monitor.wait { [self] snapshot in try await isDone(snapshot) }
                state.withLock { $0.isDone = true }
            } catch is CancellationError {
                logger.info("told to end before the queue was empty")
            }
        } onGracefulShutdown: {
            self.monitor.close()
        }
    }

    private func scan(_ root: SourceRoot) async throws {
        do {
            let report = try await scout.scanSettled(
                root, now: { Clock.now() }, onProgress: { progress.scanned($0.filesSeen) })
            for alarm in report.alarms {
                logger.error("files are missing", metadata: ["root": "\(root.path)", "reason": "\(alarm.message)"])
            }
            state.withLock { $0.filesSeen += report.filesSeen }
        } catch let error as CatalogError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.error("root cannot be scanned", metadata: ["root": "\(root.path)", "reason": "\(error)"])
            state.withLock { $0.unreadable.append("\(error)") }
        }
    }

    private func isDone(_ snapshot: SentinelSnapshot) async throws -> Bool {
        progress.show(snapshot)
        guard snapshot.isIdle else { return false }
        let summary = try await catalog.queueSummary()
        progress.waiting(summary.count(.queued))
        if summary.count(.running) > 0 { return false }
        if summary.count(.queued) == 0 { return true }
        let waiting = summary.waitingByPlugin
        let stranded = waiting.filter { !snapshot.offeredPlugins.contains($0.key) }
        let paused = waiting.filter { stranded[$0.key] == nil && snapshot.pausedPlugins.contains($0.key) }
        guard stranded.count + paused.count == waiting.count else { return false }
        state.withLock { state in
            state.stranded = stranded
            state.paused = paused
        }
        return true
    }
}
