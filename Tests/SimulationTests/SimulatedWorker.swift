import CasparianModel
import CasparianScheduling
import CasparianWire

@testable import CasparianWorker

/// A worker process: its real mind, and what its slots do.
struct SimulatedWorker {
    struct Slot {
        var order: JobOrder
        /// Tells this run from an earlier one of the same slot.
        var run: Int
        var began: Duration
        var isCancelled = false
        /// Its plugin has ended, and it waits until it may be promoted.
        var wantsPromotion = false
    }

    let key: WorkerKey
    var state: WorkerState
    let slotCount: Int
    var slots: [Int: Slot] = [:]
    /// Counts connections: what was on its way over an earlier one is lost, or late.
    var connection = 0
    var isConnected = true
    var connectedAt = Duration.zero
    /// Suspended until then.
    var stalledUntil = Duration.zero
    var isGone = false
    /// Receipts that outlive the process.
    var kept: [JobID: JobReceipt]

    static let backlog = 8

    init(number: Int, slots: Int, found: [JobID: JobReceipt]) {
        key = WorkerKey(Array("w\(number)".utf8))
        slotCount = slots
        kept = found
        var identity = IdentifyPayload(capabilities: Simulation.plugins, workerID: "w\(number)")
        identity.protocolExtensions = [
            IdentifyPayload.leaseExtension, IdentifyPayload.fenceExtension, IdentifyPayload.receiptsExtension,
        ]
        identity.slots = slots
        identity.backlog = Self.backlog
        identity.host = "simulated"
        identity.pid = Int64(number)
        state = WorkerState(identity: identity, slots: slots, found: found)
    }

    /// False once it takes a sentinel that has not answered for a whole lease for a plain one.
    func isFenced(_ now: Duration) -> Bool {
        state.leases.isAnswered || now < connectedAt + Invariants.lease
    }
}
