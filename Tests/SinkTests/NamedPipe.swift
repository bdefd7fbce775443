import Foundation

/// Lets two processes wait for each other.
struct NamedPipe {
    let path: String

    func make() -> Bool { mkfifo(path, 0o600) == 0 }

    /// Blocks until the other side waits.
    func signal() { _ = transfer(O_WRONLY) { write($0, "x", 1) } }

    /// Blocks until the other side signals; false if it ended instead.
    func wait() -> Bool {
        var byte: UInt8 = 0
        return transfer(O_RDONLY) { read($0, &byte, 1) } == 1
    }

    private func transfer(_ mode: Int32, _ body: (Int32) -> Int) -> Int {
        let descriptor = open(path, mode | O_CLOEXEC)
        guard descriptor >= 0 else { return -1 }
        defer { close(descriptor) }
        return body(descriptor)
    }

    /// The same, off the task's thread.
    func wait() async -> Bool {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: wait()) }
        }
    }
}
