import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import CasparianTransport
import CasparianWire
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// The data plane: takes jobs from a sentinel, runs plugins on files and writes to storage.
public struct Worker: Service {
    /// Who a worker is and how much it does.
    public struct Configuration: Sendable {
        /// Unique among the workers of a sentinel; also the identity of its socket.
        public var workerID: String
        /// Jobs at once.
        public var slots: Int
        /// Jobs it takes beyond its slots, so that the next one need not travel first.
        public var backlog: Int
        public var host: String
        public var pid: Int64
        public var version: String
        public var heartbeat: Duration
        /// How long running jobs may take after the worker was told to end; then they are handed back.
        public var drainTimeout: Duration
        /// Nil waits for a sentinel for ever.
        public var connectTimeout: Duration?
        /// Absolute; receipts are kept below it until the sentinel has recorded them. Nil keeps them in memory only.
        public var outputRoot: String?

        public init(
            workerID: String, slots: Int, backlog: Int = Worker.defaultBacklog, host: String, pid: Int64,
            version: String, heartbeat: Duration = .seconds(2), drainTimeout: Duration = .seconds(20),
            connectTimeout: Duration? = nil, outputRoot: String? = nil
        ) {
            self.workerID = workerID
            self.slots = slots
            self.backlog = backlog
            self.host = host
            self.pid = pid
            self.version = version
            self.heartbeat = heartbeat
            self.drainTimeout = drainTimeout
            self.connectTimeout = connectTimeout
            self.outputRoot = outputRoot
        }
    }

    public static let defaultBacklog = 64
    /// Longest time that the last messages may take to leave at the end.
    static let linger = Duration.seconds(5)

    private let transport: any MessageTransport
    private let runtime: any PluginRuntime
    private let runner: JobRunner
    private let configuration: Configuration
    private let logger: Logger
    /// What came of a run.
    public let outcome = WorkerOutcome()

    public init(
        transport: any MessageTransport, runtime: any PluginRuntime, runner: JobRunner, configuration: Configuration,
        logger: Logger
    ) {
        self.transport = transport
        self.runtime = runtime
        self.runner = runner
        self.configuration = configuration
        self.logger = logger
    }

    /// Runs until shut down (jobs that run may end) or cancelled (they are stopped and handed back).
    ///
    /// - Throws: `WorkerError` when no sentinel answers in time, `PluginError` when the plugins cannot be listed.
    public func run() async throws {
        for text in runtime.cleanUp() + runner.cleanUp() {
            logger.warning("left by a process that died", metadata: ["what": "\(text)"])
        }
        let plugins = try await runtime.discover()
        let announcer = PluginAnnouncer(logger: logger, plugins)
        let loop = WorkerLoop(
            identity: identity(plugins), slots: configuration.slots, receipts: openReceipts(), logger: logger)
        loop.begin(runtime: runtime, runner: runner, count: configuration.slots)
        let failure = await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await converse(loop, announcer)
            } onGracefulShutdown: {
                loop.drain()
            }
        } onCancel: {
            loop.giveUp()
        }
        await loop.endSlots()
        outcome.set(releasedCount: loop.releasedCount)
        await transport.close(linger: Self.linger)
        if let failure { throw failure }
    }

    private func openReceipts() -> ReceiptLog? {
        guard let root = configuration.outputRoot else { return nil }
        do {
            let log = try ReceiptLog(outputRoot: root)
            if !log.found.isEmpty {
                logger.info("receipts of a worker that died are sent again", metadata: ["count": "\(log.found.count)"])
            }
            return log
        } catch {
            logger.warning("receipts are not kept on disk", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    private func identity(_ plugins: [PluginDescription]) -> IdentifyPayload {
        var payload = IdentifyPayload(capabilities: [], workerID: configuration.workerID)
        payload.offer(plugins)
        payload.protocolExtensions = [
            IdentifyPayload.leaseExtension, IdentifyPayload.fenceExtension, IdentifyPayload.receiptsExtension,
        ]
        payload.slots = configuration.slots
        payload.backlog = configuration.backlog
        payload.host = configuration.host
        payload.pid = configuration.pid
        payload.version = configuration.version
        return payload
    }

    private enum Ended {
        case transport, messages, plugins
        case time(WorkerError?)
    }

    /// Speaks with the sentinel until the loop's last message is sent.
    private func converse(_ loop: WorkerLoop, _ announcer: PluginAnnouncer) async -> WorkerError? {
        await withTaskGroup(of: Ended.self) { group in
            group.addTask {
                for await batch in transport.incoming { loop.receive(batch) }
                return .transport
            }
            group.addTask { .time(await keepTime(loop)) }
            group.addTask {
                var announcer = announcer
                for await plugins in runtime.changes() {
                    announcer.note(plugins)
                    loop.offer(plugins)
                }
                return .plugins
            }
            group.addTask {
                await send(loop)
                return .messages
            }
            var failure: WorkerError?
            for await ended in group {
                switch ended {
                case .messages: group.cancelAll()
                case .plugins: continue
                // Nobody can be told anything any more: what runs is stopped.
                case .transport: loop.giveUp()
                case .time(let error):
                    guard let error else { continue }
                    failure = error
                    loop.giveUp()
                }
            }
            return failure
        }
    }

    private func send(_ loop: WorkerLoop) async {
        for await message in loop.messages {
            do {
                try await transport.send(message.encode(), to: .sentinel)
            } catch {
                logger.warning("message lost", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// Heartbeats, and the limits of waiting: for a sentinel at the beginning, for jobs at the end.
    private func keepTime(_ loop: WorkerLoop) async -> WorkerError? {
        let start = ContinuousClock.now
        var drainingSince: ContinuousClock.Instant?
        var nextHeartbeat = start + configuration.heartbeat
        while true {
            // The clock of heartbeats, deadlines and limits of waiting, whose end no event tells.
            do { try await Task.sleep(for: pause) } catch { return nil }
            let now = ContinuousClock.now
            if let limit = configuration.connectTimeout, !loop.hasConnected, now - start >= limit {
                return WorkerError(
                    message: "no sentinel answered within \(limit); start one with casparian sentinel, or check "
                        + "the address")
            }
            if Task.isShuttingDownGracefully {
                let since = drainingSince ?? now
                drainingSince = since
                if now - since > configuration.drainTimeout { loop.giveUp() }
            }
            loop.tick()
            if now >= nextHeartbeat {
                loop.heartbeat()
                nextHeartbeat = max(nextHeartbeat + configuration.heartbeat, now)
            }
        }
    }

    /// Deadlines are whole seconds.
    private static let tick = Duration.seconds(1)
    private var pause: Duration { min(configuration.heartbeat, configuration.connectTimeout ?? Self.tick, Self.tick) }
}

/// What came of a worker's run, once it has ended.
public final class WorkerOutcome: Sendable {
    private let released = Atomic(0)

    /// Jobs that did not end in time when the worker was to end: they were stopped and handed back.
    public var releasedCount: Int { released.load(ordering: .relaxed) }

    func set(releasedCount: Int) { released.store(releasedCount, ordering: .relaxed) }
}

/// A worker cannot do its work.
public struct WorkerError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}
