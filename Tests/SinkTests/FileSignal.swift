import Foundation

/// Lets one process wait for another: a file that one makes and the other looks for. Whatever end of it comes first, and
/// whatever descriptors their children inherit, nobody waits for the wrong one.
struct FileSignal {
    let path: String

    private static let looksMax = 60_000
    private static let pauseMicroseconds: UInt32 = 10_000

    func signal() { close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)) }

    /// Blocks until the other process signals; false if it has not for ten minutes.
    func wait() -> Bool {
        for _ in 0..<Self.looksMax {
            if access(path, F_OK) == 0 { return true }
            usleep(Self.pauseMicroseconds)
        }
        return false
    }

    /// The same, without holding a thread.
    func wait() async -> Bool {
        for _ in 0..<Self.looksMax {
            if access(path, F_OK) == 0 { return true }
            try? await Task.sleep(for: .microseconds(Self.pauseMicroseconds))
        }
        return false
    }
}
