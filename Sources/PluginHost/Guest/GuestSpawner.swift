import Foundation
import Synchronization

/// The thread that starts every guest of this process.
///
/// A guest asks the kernel to kill it when its parent ends (PR_SET_PDEATHSIG), and the kernel takes "parent" to be the
/// thread that forked. This thread lives as long as the process, which a slot's thread need not.
final class GuestSpawner: Sendable {
    static let shared = GuestSpawner()

    private let pending = Mutex<[@Sendable () -> Void]>([])
    private let signal = DispatchSemaphore(value: 0)

    private init() {
        let thread = Thread { [self] in
            while true {
                signal.wait()
                let next = pending.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                next?()
            }
        }
        thread.name = "guest-spawner"
        thread.start()
    }

    /// Runs `work` on that thread and waits for its result.
    func perform<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> Value {
        let done = DispatchSemaphore(value: 0)
        let box = Box<Value>()
        pending.withLock {
            $0.append {
                box.set(work())
                done.signal()
            }
        }
        signal.signal()
        done.wait()
        guard let value = box.take() else { preconditionFailure("signalled before there was a value") }
        return value
    }

    private final class Box<Value: Sendable>: Sendable {
        private let value = Mutex<Value?>(nil)
        func set(_ new: Value) { value.withLock { $0 = new } }
        func take() -> Value? { value.withLock { $0 } }
    }
}
