import CasparianCatalog
import CasparianModel
import CasparianScheduling
import CoreMetrics

/// The names of what a sentinel counts and what they mean (docs/operations.md#metrics).
public enum SentinelMetric {
    public static let dispatchLatency = "casparian_dispatch_latency_seconds"
    public static let attempts = "casparian_attempts_total"
    public static let leaseLosses = "casparian_lease_losses_total"
    public static let rows = "casparian_rows_total"
    public static let quarantined = "casparian_rows_quarantined_total"
    public static let bytes = "casparian_bytes_total"
    public static let messages = "casparian_messages_total"
    public static let rejected = "casparian_messages_rejected_total"
    public static let turn = "casparian_turn_seconds"
    public static let workers = "casparian_workers"
    public static let running = "casparian_jobs_at_workers"
    public static let queue = "casparian_queue_jobs"

    /// One sentence for each.
    public static let help = [
        dispatchLatency: "Time from the moment a job waits for an attempt until a worker has it.",
        attempts: "Attempts that ended, by outcome: succeeded, failed, changed (its file), lost.",
        leaseLosses: "Workers that were given up: silent for a lease, or their connection ended.",
        rows: "Rows in what completed jobs wrote.",
        quarantined: "Rows that broke their topic's contract, in completed jobs.",
        bytes: "Bytes of what completed jobs wrote.",
        messages: "Messages from workers.",
        rejected: "Messages that changed nothing, by reason: malformed, refused, receipt.",
        turn: "Time of one turn: events taken in, one transaction, messages sent.",
        workers: "Workers that are connected.",
        running: "Jobs that workers hold.",
        queue: "Jobs in the queue by state and plugin, without completed ones; looked up at each scrape.",
    ]
}

/// What a sentinel counts, through swift-metrics.
struct SentinelMetrics {
    private let dispatchLatency: Timer
    private let turnTime: Timer
    private let succeeded: Counter
    private let failed: Counter
    private let changed: Counter
    private let lostAttempts: Counter
    private let leaseLosses: Counter
    private let rows: Counter
    private let quarantined: Counter
    private let bytes: Counter
    private let messages: Counter
    private let malformedMessages: Counter
    private let refusedMessages: Counter
    private let refusedReceipts: Counter
    private let workers: Gauge
    private let running: Gauge

    /// All of them are there from the beginning, at zero: a rate over a counter that appears late misses its first step.
    init(factory: any MetricsFactory) {
        func counter(_ name: String, _ dimensions: [(String, String)] = []) -> Counter {
            Counter(label: name, dimensions: dimensions, factory: factory)
        }
        func attempts(_ outcome: String) -> Counter { counter(SentinelMetric.attempts, [("outcome", outcome)]) }
        func rejected(_ reason: String) -> Counter { counter(SentinelMetric.rejected, [("reason", reason)]) }
        dispatchLatency = Timer(label: SentinelMetric.dispatchLatency, factory: factory)
        turnTime = Timer(label: SentinelMetric.turn, factory: factory)
        succeeded = attempts("succeeded")
        failed = attempts("failed")
        changed = attempts("changed")
        lostAttempts = attempts("lost")
        leaseLosses = counter(SentinelMetric.leaseLosses)
        rows = counter(SentinelMetric.rows)
        quarantined = counter(SentinelMetric.quarantined)
        bytes = counter(SentinelMetric.bytes)
        messages = counter(SentinelMetric.messages)
        malformedMessages = rejected("malformed")
        refusedMessages = rejected("refused")
        refusedReceipts = rejected("receipt")
        workers = Gauge(label: SentinelMetric.workers, factory: factory)
        running = Gauge(label: SentinelMetric.running, factory: factory)
    }

    func received() { messages.increment() }
    func malformed() { malformedMessages.increment() }

    func noted(_ note: SchedulerNote) {
        switch note.kind {
        case .workerLost: leaseLosses.increment()
        case .jobRequeued: lostAttempts.increment()
        case .workerRefused, .messageRefused: refusedMessages.increment()
        case .receiptRefused: refusedReceipts.increment()
        default: break
        }
    }

    func claimed(_ jobs: [ClaimedJob], at now: Timestamp) {
        for job in jobs {
            guard let waiting = job.waiting else { continue }
            let waited = max(0, now.microsecondsSinceEpoch - waiting.microsecondsSinceEpoch)
            dispatchLatency.recordMicroseconds(waited)
        }
    }

    func concluded(_ receipt: JobReceipt) {
        guard !receipt.isOfChangedFile else { return changed.increment() }
        guard receipt.status == .success else { return failed.increment() }
        succeeded.increment()
        // A worker says these numbers; a counter never goes back.
        rows.increment(by: max(0, receipt.rows))
        quarantined.increment(by: max(0, receipt.quarantined))
        bytes.increment(by: max(0, receipt.sizeBytes))
    }

    func ended(turn duration: Duration, _ snapshot: SentinelSnapshot) {
        let (seconds, attoseconds) = duration.components
        turnTime.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        workers.record(snapshot.workers)
        running.record(snapshot.running)
    }
}

/// The queue's depth by state and plugin, read from the catalog when somebody asks.
public actor QueueDepthMetrics {
    private let catalog: any Catalog
    private let factory: any MetricsFactory
    private var gauges: [QueueDepth: Gauge] = [:]

    public init(catalog: any Catalog, factory: any MetricsFactory) {
        self.catalog = catalog
        self.factory = factory
    }

    /// Looks once; what is no longer there becomes zero. A catalog that cannot be read leaves everything as it was.
    public func refresh() async {
        guard let depths = try? await catalog.queueDepths() else { return }
        var jobs = gauges.mapValues { _ in 0 }
        for depth in depths {
            let key = QueueDepth(status: depth.status, plugin: depth.plugin, jobs: 0)
            jobs[key] = depth.jobs
        }
        for (key, count) in jobs { gauge(key).record(count) }
    }

    private func gauge(_ key: QueueDepth) -> Gauge {
        if let known = gauges[key] { return known }
        let labels = [("status", key.status.rawValue), ("plugin", key.plugin)]
        let gauge = Gauge(label: SentinelMetric.queue, dimensions: labels, factory: factory)
        gauges[key] = gauge
        return gauge
    }
}
