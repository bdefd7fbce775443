import CasparianModel
import CasparianPluginRuntime
import CasparianWire
import Dispatch
import Foundation
import Synchronization

/// One slot: a thread that runs one job at a time, so that a plugin never blocks the worker's control loop.
final class SlotThread: Sendable {
    private enum Order {
        case job(JobOrder)
        case end
    }

    private struct State {
        var orders: [Order] = []
        var running: (job: JobID, rows: Int64)?
        /// The job that was given last, and the one that was cancelled last.
        var given: JobID?
        var cancelled: JobID?
        /// The job that may be promoted.
        var permitted: JobID?
    }

    private let slot: any PluginSlot
    private let runner: JobRunner
    private let onPromotion: (@Sendable (JobID) -> Void)?
    private let onEnd: @Sendable (JobID, JobReceipt) -> Void
    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    /// Signalled when a job that waits to be promoted may look again.
    private let verdict = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - onPromotion: Called on the slot's thread when a job is about to be promoted; it then waits for `permit` or
    ///     `cancel`. Nil lets every job be promoted.
    ///   - onEnd: Called on the slot's thread after each job.
    init(
        name: String, slot: any PluginSlot, runner: JobRunner, onPromotion: (@Sendable (JobID) -> Void)? = nil,
        onEnd: @escaping @Sendable (JobID, JobReceipt) -> Void
    ) {
        self.slot = slot
        self.runner = runner
        self.onPromotion = onPromotion
        self.onEnd = onEnd
        let thread = Thread { [self] in run() }
        thread.name = name
        thread.start()
    }

    func start(_ order: JobOrder) {
        state.withLock { state in
            state.given = order.jobID
            state.cancelled = nil
            state.permitted = nil
        }
        give(.job(order))
    }

    /// Stops the job that was given last, also if it has not begun; the slot itself goes on.
    func cancel() {
        // Noted first: a slot that is about to begin the job does not hear `cancel` and asks.
        state.withLock { $0.cancelled = $0.given }
        slot.cancel()
        verdict.signal()
    }

    /// Lets the job be promoted that waits for it.
    func permit(_ job: JobID) {
        state.withLock { $0.permitted = job }
        verdict.signal()
    }

    private func mayPromote(_ job: JobID) -> Bool {
        guard let onPromotion else { return true }
        onPromotion(job)
        while true {
            let (permitted, cancelled) = state.withLock { ($0.permitted, $0.cancelled) }
            // What was permitted is not taken back: whoever cancels has been told that it is too late.
            if permitted == job { return true }
            if cancelled == job { return false }
            verdict.wait()
        }
    }

    /// Rows of the running job so far.
    var progress: HeartbeatPayload.Progress? {
        state.withLock { state in
            state.running.map { HeartbeatPayload.Progress(jobID: $0.job.rawValue, rows: $0.rows, bytes: 0) }
        }
    }

    /// Ends the thread after its job, and warm processes with it; returns when both are gone.
    func end() async {
        give(.end)
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [self] in
                ended.wait()
                continuation.resume()
            }
        }
    }

    private func give(_ order: Order) {
        state.withLock { $0.orders.append(order) }
        wakeUp.signal()
    }

    private func run() {
        while true {
            wakeUp.wait()
            let order = state.withLock { $0.orders.isEmpty ? nil : $0.orders.removeFirst() }
            switch order {
            case .job(let order): work(order)
            case .end:
                slot.shutDown()
                ended.signal()
                return
            case nil: break
            }
        }
    }

    private func work(_ order: JobOrder) {
        let start = ContinuousClock.now
        var order = order
        // From here on the job is of this version, whatever comes of the plugin meanwhile.
        if let edition = slot.edition(of: order.pluginName) { order.take(edition) }
        state.withLock { $0.running = (order.jobID, 0) }
        var receipt = runner.run(
            order, on: slot, onProgress: { [self] rows in state.withLock { $0.running?.rows = rows } },
            isCancelled: { [self, job = order.jobID] in state.withLock { $0.cancelled == job } },
            mayPromote: { [self, job = order.jobID] in mayPromote(job) })
        state.withLock { $0.running = nil }
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        receipt.metrics[JobReceipt.elapsedMetric] = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        onEnd(order.jobID, receipt)
    }
}
