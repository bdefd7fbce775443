import CLinux
import Glibc
import Synchronization

/// Wakes the thread of a slot out of `poll` when its job is to be stopped.
///
/// Raised only while a job runs, so that a late cancel never hits the job that follows.
final class CancelSignal: Sendable {
    private struct State {
        var isRunning = false
        var isRaised = false
    }

    private let ends: (read: Int32, write: Int32)
    private let state = Mutex(State())

    /// Becomes readable when the signal is raised.
    var descriptor: Int32 { ends.read }
    var isRaised: Bool { state.withLock { $0.isRaised } }

    init() throws(GuestStartError) {
        var pair: [Int32] = [0, 0]
        let reason = cs_pipe(&pair)
        guard reason == 0 else { throw GuestStartError(call: "pipe", errno: reason) }
        ends = (pair[0], pair[1])
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }

    /// A job begins; the signal is down.
    func begin() { state.withLock { $0 = State(isRunning: true) } }

    /// The job has ended; a signal raised meanwhile is taken back.
    func end() {
        state.withLock { state in
            if state.isRaised {
                var byte: UInt8 = 0
                _ = read(ends.read, &byte, 1)
            }
            state = State()
        }
    }

    /// Raises the signal if a job runs; once for each job.
    func raise() {
        state.withLock { state in
            guard state.isRunning, !state.isRaised else { return }
            state.isRaised = true
            var byte: UInt8 = 1
            _ = write(ends.write, &byte, 1)
        }
    }
}
