import CasparianCatalog
import CasparianModel
import CasparianRegistration
import CasparianScheduling
import CasparianTransport
import CasparianWire
import CoreMetrics
import Logging
import ServiceLifecycle

/// The control plane: hands jobs from the catalog to workers and writes their receipts into it.
///
/// A turn takes everything that came in, writes all of it in one durable transaction together with the claims of free
/// slots, and only then sends. While one turn is written the next one gathers, so that a busy sentinel writes larger
/// transactions, not more of them.
public struct Sentinel: Service {
    /// Called after each turn, on the sentinel's task.
    public typealias Observer = @Sendable (SentinelSnapshot) -> Void

    private let catalog: any Catalog
    private let transport: any MessageTransport
    private let policy: SchedulerPolicy
    private let clock: SentinelClock
    private let logger: Logger
    private let metrics: SentinelMetrics
    private let onTurn: Observer

    /// Longest time that the last messages may take to leave at the end.
    static let linger = Duration.milliseconds(200)
    /// Longest wait for a change of the catalog before looking by itself.
    static let changeTimeout = Duration.seconds(1)

    public init(
        catalog: any Catalog, transport: any MessageTransport, policy: SchedulerPolicy = SchedulerPolicy(),
        logger: Logger, metrics: any MetricsFactory = NOOPMetricsHandler.instance, clock: SentinelClock = .system,
        onTurn: @escaping Observer = { _ in }
    ) {
        self.catalog = catalog
        self.transport = transport
        self.policy = policy
        self.clock = clock
        self.logger = logger
        self.metrics = SentinelMetrics(factory: metrics)
        self.onTurn = onTurn
    }

    /// Runs until cancelled or shut down; the transport is closed then.
    ///
    /// Jobs that run at that moment stay RUNNING in the catalog: the next sentinel adopts them or queues them again.
    ///
    /// - Throws: `CatalogError` when the catalog is damaged; a busy or full one is waited for.
    public func run() async throws {
        let inbox = SentinelInbox()
        try await withTaskCancellationOrGracefulShutdownHandler {
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { for await batch in transport.incoming { await inbox.put(batch) } }
                    group.addTask {
                        while !Task.isCancelled {
                            await catalog.waitForChange(timeout: Self.changeTimeout)
                            inbox.catalogChanged()
                        }
                    }
                    group.addTask {
                        while !Task.isCancelled {
                            // The clock of leases and deadlines, whose end no event tells.
                            try? await Task.sleep(for: policy.tick)
                            inbox.tick()
                        }
                    }
                    // Also after an error: whoever waits to hand something in must not wait for ever.
                    defer {
                        inbox.close()
                        group.cancelAll()
                    }
                    try await loop(inbox)
                }
            } catch {
                await transport.close()
                throw error
            }
            await transport.close(linger: Self.linger)
        } onCancelOrGracefulShutdown: {
            inbox.close()
        }
    }

    private func loop(_ inbox: SentinelInbox) async throws {
        var desk = SentinelDesk(
            scheduler: Scheduler(policy: policy), catalog: catalog, transport: transport, clock: clock, logger: logger,
            metrics: metrics)
        try await desk.begin()
        onTurn(desk.snapshot)
        while let turn = await inbox.next() {
            try await desk.work(turn)
            onTurn(desk.snapshot)
        }
        await desk.end()
    }
}

/// Where a sentinel stands after a turn.
public struct SentinelSnapshot: Hashable, Sendable {
    public var workers = 0
    /// Jobs at workers.
    public var running = 0
    /// Jobs that ended since the sentinel began.
    public var completed = 0
    public var failed = 0
    /// Jobs that ended SKIPPED since the sentinel began, because their files had changed after they were queued.
    public var changed = 0
    /// Nobody holds a job, and the catalog had none for those who asked last.
    public var isIdle = false
    /// Plugins that somebody offers.
    public var offeredPlugins: Set<String> = []
    /// Plugins of which nothing begins for a while, since their jobs failed one after the other.
    public var pausedPlugins: Set<String> = []

    public init() {}
}
