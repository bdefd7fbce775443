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
        var unkept = LogBudget()
        var hasConnected = false
    }

    private let guarded: Mutex<Guarded>
    private let logger: Logger
    private let receipts: ReceiptLog?
    private let outgoing: AsyncStream<WireMessage>.Continuation
    /// What the sentinel has to hear, in order; ends when the worker does.
    let messages: AsyncStream<WireMessage>

    /// - Parameter receipts: Keeps receipts on disk; nil keeps them in memory only.
    init(identity: IdentifyPayload, slots: Int, receipts: ReceiptLog? = nil, logger: Logger) {
        self.logger = logger
        self.receipts = receipts
        guarded = Mutex(
            Guarded(state: WorkerState(identity: identity, slots: slots, found: receipts?.found ?? [:])))
        // Bounded by what the state can cause: a receipt for each job it was sent, and heartbeats.
        (messages, outgoing) = AsyncStream.makeStream(of: WireMessage.self)
    }

    /// Starts the threads and introduces the worker.
    func begin(runtime: any PluginRuntime, runner: JobRunner, count: Int) {
        let slots = (0..<count).map { number in
            SlotThread(
                name: "slot-\(number)", slot: runtime.makeSlot(), runner: runner,
                onPromotion: { [self] job in handle(.promotionWanted(job, slot: number)) },
                onEnd: { [self] job, receipt in
                    noteEnd(job, receipt)
                    handle(.ended(job, receipt, slot: number))
                })
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

    /// What the worker offers has changed.
    func offer(_ plugins: [PluginDescription]) { handle(.pluginsChanged(plugins)) }

    /// Time has passed.
    func tick() { handle(.tick) }

    /// Jobs that were stopped and handed back because they did not end in time.
    var releasedCount: Int { guarded.withLock { $0.state.releasedCount } }
    var hasConnected: Bool { guarded.withLock { $0.hasConnected } }
    func drain() { handle(.drain) }
    func giveUp() { handle(.giveUp) }

    /// Ends the threads and the log of receipts; jobs must have ended.
    func endSlots() async {
        for slot in guarded.withLock({ $0.slots }) { await slot.end() }
        receipts?.close()
    }

    private func handle(_ event: WorkerState.Event) {
        guarded.withLock { guarded in
            for action in guarded.state.handle(event, at: BootClock.now) {
                switch action {
                case .start(let order, let slot): guarded.slots[slot].start(order)
                case .cancel(let slot): guarded.slots[slot].cancel()
                case .promote(let job, let slot): guarded.slots[slot].permit(job)
                case .keep(let job, let receipt):
                    do { try receipts?.keep(job, receipt) } catch { noteUnkept(error, &guarded) }
                case .forget(let jobs): receipts?.forget(jobs)
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
        case .error(let payload)
        where payload.code == ErrorPayload.leaseCode || payload.code == ErrorPayload.recordedCode:
            break
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

    private func noteUnkept(_ error: any Error, _ guarded: inout Guarded) {
        guard let suppressed = guarded.unkept.admit() else { return }
        logger.warning(
            "a receipt is not on disk; should this worker die before the sentinel has it, the job runs again",
            metadata: ["reason": "\(error)", "left_out": "\(suppressed)"])
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
