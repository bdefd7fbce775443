import CasparianModel
import Foundation
import Synchronization

/// Looks at a guest's processes while a job runs, and ends them all when they are more, or hold more memory together, than
/// they may. What the kernel bounds for each process by itself adds up with every child.
final class GuestWatch: Sendable {
    /// Between two looks. One costs some 20 us for each process of the machine.
    private static let interval = DispatchTimeInterval.milliseconds(50)

    private let guest: GuestProcess
    private let processesMax: Int?
    private let heldBytesMax: Int64?
    private let memoryMebibytes: Int?
    private let breach = Mutex(ResourceBreach?.none)
    private let wakeup = DispatchSemaphore(value: 0)
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Begins to look; nil where nothing is bounded.
    init?(_ guest: GuestProcess, _ resources: ResourceLimits) {
        guard resources.processes != nil || resources.memoryMebibytes != nil else { return nil }
        self.guest = guest
        processesMax = resources.processes
        memoryMebibytes = resources.memoryMebibytes
        let before = GuestMemory.heldBytes(guest.group.map(\.pid), enough: .max)
        heldBytesMax = resources.memoryMebibytes.map { before + Int64($0) << 20 }
        let thread = Thread { [self] in
            while wakeup.wait(timeout: .now() + Self.interval) == .timedOut {
                if let found = look() {
                    breach.withLock { $0 = found }
                    guest.killGroup()
                    break
                }
            }
            hasEnded.signal()
        }
        thread.name = "guest-watch"
        thread.start()
    }

    /// Looks no more; to be called before the guest is stopped.
    ///
    /// - Returns: What the processes were ended for.
    func end() -> ResourceBreach? {
        wakeup.signal()
        hasEnded.wait()
        return breach.withLock { $0 }
    }

    private func look() -> ResourceBreach? {
        guest.samplePeak()
        let group = guest.group
        if let processesMax, group.count > processesMax {
            return ResourceBreach(processes: group.count, processesMax: processesMax)
        }
        guard let heldBytesMax, let memoryMebibytes else { return nil }
        let held = GuestMemory.heldBytes(group.map(\.pid), enough: heldBytesMax)
        return held > heldBytesMax ? ResourceBreach(heldBytes: held, memoryMebibytes: memoryMebibytes) : nil
    }
}
