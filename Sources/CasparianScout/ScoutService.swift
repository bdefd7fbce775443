import CasparianCatalog
import CasparianModel
import FileDiscovery
import Logging
import ServiceLifecycle

/// Scans all active roots, then again after every pause, until it is told to stop.
public struct ScoutService: Service {
    /// Pause between two scans.
    public static let defaultInterval = Duration.seconds(2)

    private let catalog: any Catalog
    private let scout: Scout
    private let roots: Set<SourceRootID>?
    private let interval: Duration
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let onReport: @Sendable (ScanReport) -> Void

    /// - Parameters:
    ///   - catalog: Where the roots stand.
    ///   - scout: Scans one of them.
    ///   - roots: The roots to scan; nil scans all that are active, also those that are added later.
    ///   - interval: Pause after each round.
    ///   - logger: Told of scans that fail.
    ///   - now: The wall clock.
    ///   - onReport: Called after each scan of a root.
    public init(
        catalog: any Catalog, scout: Scout, roots: [SourceRootID]? = nil,
        interval: Duration = ScoutService.defaultInterval, logger: Logger,
        now: @escaping @Sendable () -> Timestamp, onReport: @escaping @Sendable (ScanReport) -> Void = { _ in }
    ) {
        self.catalog = catalog
        self.scout = scout
        self.roots = roots.map { Set($0) }
        self.interval = interval
        self.logger = logger
        self.now = now
        self.onReport = onReport
    }

    /// Runs until cancelled or shut down. A scan that fails is logged and tried again after the pause.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await scanAll()
                // Between two scans; a cancelled sleep ends at once, and the loop with it.
                try? await Task.sleep(for: interval)
            }
        }
    }

    private func scanAll() async {
        do {
            for root in try await catalog.sourceRoots() where root.isActive && !Task.isCancelled {
                if roots?.contains(root.id) ?? true { await scan(root) }
            }
        } catch {
            logger.error("roots cannot be listed; trying again", metadata: ["reason": "\(error)"])
        }
    }

    private func scan(_ root: SourceRoot) async {
        do {
            onReport(try await scout.scan(root, now: now()))
        } catch is CancellationError {
            return
        } catch {
            logger.error("scan failed; trying again", metadata: ["root": "\(root.path)", "reason": "\(error)"])
        }
    }
}
