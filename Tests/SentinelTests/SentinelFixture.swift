import CasparianCatalog
import CasparianModel
import CasparianScheduling
import CasparianSentinel
import CasparianTransport
import CasparianWire
import CoreMetrics
import Logging
import Synchronization
import Testing

/// A sentinel on a catalog, workers' ends connected in process, and what it wrote into its log.
final class SentinelFixture: Sendable {
    let catalog: any Catalog
    let hub = InProcessTransport()
    let log = LogRecorder()

    init(catalog: any Catalog = InMemoryCatalog()) { self.catalog = catalog }

    /// Runs a sentinel as long as the body does.
    func run(
        policy: SchedulerPolicy = SchedulerPolicy(), hub: InProcessTransport? = nil,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, clock: SentinelClock = .system,
        _ body: () async throws -> Void
    ) async throws {
        let sentinel = Sentinel(
            catalog: catalog, transport: (hub ?? self.hub).server, policy: policy, logger: log.logger,
            metrics: metrics, clock: clock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await sentinel.run() }
            try await body()
            group.cancelAll()
        }
    }

    /// Queues a job for each file below a root, for plugin `p`.
    func queue(_ paths: [String], plugin: String = "p") async throws {
        let root = try await catalog.addSourceRoot(path: "/data")
        let known = try await catalog.pluginConfigs().contains { $0.pluginName == plugin }
        if !known { try await catalog.setPluginConfig(PluginConfig(pluginName: plugin, subscriptionTags: ["t"])) }
        let now = Timestamp(microsecondsSinceEpoch: 1_750_000_000_000_000)
        let seen = paths.map { path in
            FileObservation(
                relativePath: path, sizeBytes: 3, modified: now,
                contentHash: ContentHash(digest: Array(repeating: UInt8(path.utf8.count), count: 32)), tags: ["t"],
                plugins: [plugin], priority: 0)
        }
        _ = try await catalog.record(seen, root: root.id, now: now)
    }

    /// The job of a file.
    func job(_ path: String) async throws -> JobListing {
        try #require(try await catalog.jobs(JobFilter()).first { $0.filePath == "/data/" + path })
    }

    /// Waits until a file's job is in a state.
    @discardableResult
    func wait(for path: String, _ status: JobStatus) async throws -> JobListing {
        while true {
            let found = try await job(path)
            if found.job.status == status { return found }
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

/// A worker that says what the test tells it to.
final class ScriptedWorker: Sendable {
    private let transport: any MessageTransport
    private let messages: Mutex<[WireMessage]> = Mutex([])

    init(_ hub: InProcessTransport, name: String = "w") {
        transport = hub.connect(identity: PeerIdentity(name))
    }

    func identify(
        plugins: [String] = ["p"], slots: Int = 1, isPlain: Bool = false, hasLease: Bool = true, pid: Int64 = 7
    ) async throws {
        var payload = IdentifyPayload(capabilities: plugins, workerID: "w")
        if !isPlain {
            if hasLease { payload.protocolExtensions = [IdentifyPayload.leaseExtension] }
            payload.slots = slots
            payload.host = "elsewhere"
            payload.pid = pid
        }
        try await send(.identify(payload))
    }

    func send(_ body: WireMessage.Body, job: UInt64 = 0) async throws {
        try await send(frames: WireMessage(jobID: job, body).encode())
    }

    func send(frames: [[UInt8]]) async throws { try await transport.send(frames, to: .sentinel) }

    /// The next message of the sentinel.
    func next() async throws -> WireMessage {
        while true {
            if let first = messages.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return first }
            var batches = transport.incoming.makeAsyncIterator()
            guard let batch = await batches.next() else { throw CancellationError() }
            let decoded = try batch.filter { !$0.frames.isEmpty }.map { try WireMessage.decode($0.frames) }
            messages.withLock { $0 += decoded }
        }
    }

    /// The next message, which must be an order.
    func nextOrder() async throws -> (job: UInt64, order: DispatchPayload) {
        let message = try await next()
        guard case .dispatch(let order) = message.body else {
            Issue.record("\(message.operation) instead of an order")
            throw CancellationError()
        }
        return (message.jobID, order)
    }

    func close() async { await transport.close() }
}

/// Keeps log lines.
final class LogRecorder: Sendable {
    private let lines = Mutex<[String]>([])

    var logger: Logger {
        var logger = Logger(label: "test") { [self] _ in Handler(recorder: self) }
        logger.logLevel = .debug
        return logger
    }

    func count(_ text: String) -> Int { lines.withLock { $0.count { $0.contains(text) } } }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            recorder.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }
}
