import CasparianModel
import CasparianPluginRuntime
import CasparianTransport
import CasparianWire
import Logging
import Synchronization

/// The control loop's shell: whoever brings an event does, in turn, what the state says.
final class WorkerLoop: Sendable {
    private struct Guarded {
        var state: WorkerState
        var slots: [SlotThread] = []
        var malformed = LogBudget()
        var failures = LogBudget()
        var hasConnected = false
    }

    private let guarded: Mutex<Guarded>
    private let logger: Logger
    private let outgoing: AsyncStream<WireMessage>.Continuation
    /// What the sentinel has to hear, in order; ends when the worker does.
    let messages: AsyncStream<WireMessage>

    init(identity: IdentifyPayload, slots: Int, logger: Logger) {
        self.logger = logger
        guarded = Mutex(Guarded(state: WorkerState(identity: identity, slots: slots)))
        // Bounded by what the state can cause: a receipt for each job it was sent, and heartbeats.
        (messages, outgoing) = AsyncStream.makeStream(of: WireMessage.self)
    }

    /// Starts the threads and introduces the worker.
    func begin(runtime: any PluginRuntime, runner: JobRunner, count: Int) {
        let slots = (0..<count).map { number in
            SlotThread(name: "slot-\(number)", slot: runtime.makeSlot(), runner: runner) { [self] job, receipt in
                noteEnd(job, receipt)
                handle(.ended(job, receipt, slot: number))
            }
        }
        guarded.withLock { $0.slots = slots }
        handle(.started)
    }

    func receive(_ batch: [TransportMessage]) {
        for message in batch {
            switch message.content {
            case .connected:
                guarded.withLock { $0.hasConnected = true }
                logger.info("connected to the sentinel")
                handle(.connected)
            case .disconnected:
                logger.warning("connection to the sentinel ended; connecting again")
            case .frames(let frames):
                do {
                    let decoded = try WireMessage.decode(frames)
                    note(decoded)
                    handle(.message(decoded))
                } catch {
                    noteMalformed(error)
                }
            }
        }
    }

    func heartbeat() {
        let slots = guarded.withLock { $0.slots }
        handle(.heartbeatDue(slots.compactMap(\.progress)))
    }

    var hasConnected: Bool { guarded.withLock { $0.hasConnected } }
    func drain() { handle(.drain) }
    func giveUp() { handle(.giveUp) }

    /// Ends the threads; jobs must have ended.
    func endSlots() async {
        for slot in guarded.withLock({ $0.slots }) { await slot.end() }
    }

    private func handle(_ event: WorkerState.Event) {
        guarded.withLock { guarded in
            for action in guarded.state.handle(event) {
                switch action {
                case .start(let order, let slot): guarded.slots[slot].start(order)
                case .cancel(let slot): guarded.slots[slot].cancel()
                // Within the lock, so that messages leave in the order of events.
                case .send(let message): outgoing.yield(message)
                case .finish: outgoing.finish()
                }
            }
        }
    }

    private func note(_ message: WireMessage) {
        switch message.body {
        case .dispatch(let order):
            logger.debug(
                "job received",
                metadata: ["job": "\(message.jobID)", "plugin": "\(order.pluginName)", "file": "\(order.filePath)"])
        case .abort: logger.info("job aborted by the sentinel", metadata: ["job": "\(message.jobID)"])
        case .error(let payload) where payload.code == ErrorPayload.identifyCode:
            logger.info("the sentinel asks who this is; identifying again")
        case .error(let payload):
            logger.warning("the sentinel reports an error", metadata: ["message": "\(payload.message)"])
        case .identify, .heartbeat, .conclude:
            noteMalformed(WireError(code: .opcode, message: "\(message.operation) is not for a worker to receive"))
        }
    }

    private func noteMalformed(_ error: WireError) {
        guard let suppressed = guarded.withLock({ $0.malformed.admit() }) else { return }
        logger.warning("message rejected", metadata: ["reason": "\(error)", "left_out": "\(suppressed)"])
    }

    private func noteEnd(_ job: JobID, _ receipt: JobReceipt) {
        guard receipt.status == .failed else {
            logger.debug("job done", metadata: ["job": "\(job)", "rows": "\(receipt.rows)"])
            return
        }
        guard let suppressed = guarded.withLock({ $0.failures.admit() }) else { return }
        // The sentinel warns; here it is for who reads this worker's log.
        logger.info(
            "job failed",
            metadata: [
                "job": "\(job)", "reason": "\((receipt.errorMessage ?? "").suffix(500))", "left_out": "\(suppressed)",
            ])
    }
}
