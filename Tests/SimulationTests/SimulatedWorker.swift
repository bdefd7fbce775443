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
        var isCancelled = false
        /// Its plugin has ended, and it waits until it may be promoted.
        var wantsPromotion = false
    }

    let key: WorkerKey
    var state: WorkerState
    let slotCount: Int
    var slots: [Int: Slot] = [:]
    /// Counts connections: what was on its way over an earlier one is lost.
    var connection = 0
    var isConnected = true
    /// Suspended until then.
    var stalledUntil = Duration.zero
    var isGone = false

    static let backlog = 8

    init(number: Int, slots: Int) {
        key = WorkerKey(Array("w\(number)".utf8))
        slotCount = slots
        var identity = IdentifyPayload(capabilities: ["p"], workerID: "w\(number)")
        identity.protocolExtensions = [IdentifyPayload.leaseExtension]
        identity.slots = slots
        identity.backlog = Self.backlog
        identity.host = "simulated"
        identity.pid = Int64(number)
        state = WorkerState(identity: identity, slots: slots)
    }
}
