import CasparianCatalog
import CasparianModel
import CasparianScout
import CasparianSentinel
import Logging
import ServiceLifecycle
import Synchronization

/// A scan of every root, then the wait for the queue to run empty: what ends `casparian up --until-idle`.
///
/// Files that changed after they were queued are scanned again once the queue is empty, so that what they hold now is read
/// in the same run.
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
        /// Files that changed again in every round.
        var restless: [String] = []
    }

    /// Scans after the first one, as long as files change.
    static let roundsMax = 10
    /// Most files that are named when they keep changing.
    static let namedFilesMax = 10

    private let catalog: any Catalog
    private let scout: Scout
    private let monitor: UpMonitor
    private let progress: UpProgress
    private let logger: Logger
    private let state = Mutex(Outcome())

    /// - Parameters:
    ///   - catalog: The state database.
    ///   - scout: Scans.
    ///   - monitor: Tells where the sentinel stands.
    ///   - progress: Shows it.
    ///   - logger: For what cannot be scanned.
    init(
        catalog: any Catalog, scout: Scout, monitor: UpMonitor, progress: UpProgress, logger: Logger
    ) {
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
                _ = try await scanAll()
                try await monitor.wait { [self] snapshot in try await isDone(snapshot) }
                try await followChanges()
                state.withLock { $0.isDone = true }
            } catch is CancellationError {
                logger.info("told to end before the queue was empty")
            }
        } onGracefulShutdown: {
            self.monitor.close()
        }
    }

    /// Scans again while jobs end since their files had changed.
    private func followChanges() async throws {
        var known = 0
        var isWritten = false
        var began = Clock.now()
        for _ in 0..<Self.roundsMax {
            let changed = monitor.snapshot.changed
            guard changed > known || isWritten else { return }
            known = changed
            began = isWritten ? began : Clock.now()
            logger.info("files changed after they were queued; they are looked at again")
            isWritten = try await scanAll() > 0
            try await monitor.wait { [self] snapshot in try await isDone(snapshot) }
        }
        guard monitor.snapshot.changed > known || isWritten else { return }
        let restless = try await restlessFiles(since: began)
        state.withLock { $0.restless = restless }
    }

    private func restlessFiles(since began: Timestamp) async throws -> [String] {
        var found: [String] = []
        for listing in try await catalog.jobs(JobFilter(status: .skipped, limit: 1_000)).reversed() {
            guard found.count < Self.namedFilesMax else { break }
            let cause = try await catalog.attempts(of: listing.job.id).last?.cause
            guard cause == FailureCause.changed.rawValue, listing.job.endTime.map({ $0 >= began }) ?? false,
                !found.contains(listing.filePath)
            else { continue }
            found.append(listing.filePath)
        }
        return found
    }

    /// - Returns: Files that somebody kept writing to for as long as a scan waits.
    private func scanAll() async throws -> Int {
        state.withLock { $0.filesSeen = 0 }
        var unsettled = 0
        for root in try await catalog.sourceRoots() where root.isActive { unsettled += try await scan(root) }
        return unsettled
    }

    private func scan(_ root: SourceRoot) async throws -> Int {
        do {
            let report = try await scout.scanSettled(
                root, now: { Clock.now() }, onProgress: { progress.scanned($0.filesSeen) })
            for alarm in report.alarms {
                logger.error("files are missing", metadata: ["root": "\(root.path)", "reason": "\(alarm.message)"])
            }
            state.withLock { $0.filesSeen += report.filesSeen }
            return report.unsettled.filter { $0.notBefore != nil }.count
        } catch let error as CatalogError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.error("root cannot be scanned", metadata: ["root": "\(root.path)", "reason": "\(error)"])
            state.withLock { $0.unreadable.append("\(error)") }
            return 0
        }
    }

    private func isDone(_ snapshot: SentinelSnapshot) async throws -> Bool {
        progress.show(snapshot)
        guard snapshot.isIdle else { return false }
        let summary = try await catalog.queueSummary()
        progress.waiting(summary.count(.queued))
        if summary.count(.running) > 0 { return false }
        // The snapshot may be from before jobs that have come and gone meanwhile; one that is idle still has counted them,
        // since a turn that hands out jobs is told before the turn that ends them.
        if summary.count(.queued) == 0 { return monitor.snapshot.isIdle }
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
