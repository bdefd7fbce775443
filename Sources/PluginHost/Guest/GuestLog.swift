import CLinux
import Foundation
import Synchronization

/// What a guest prints: drained as it comes, so that printing never blocks, with only the end kept.
final class GuestLog: Sendable {
    private struct State {
        var tail: [UInt8] = []
        var bytes = 0
        var isEnded = false
    }

    /// What a pipe can hold at most here; so much is drained before a failure is reported.
    private static let pipeBytes: Int32 = 1 << 20
    private static let readBytes = 64 << 10

    private let source: Int32
    private let stop: (read: Int32, write: Int32)
    private let state = Mutex(State())

    /// Takes over the reading end of a pipe; a thread drains it until `close` or until all writers are gone.
    init(source: Int32) throws(GuestStartError) {
        var ends: [Int32] = [0, 0]
        let reason = cs_pipe(&ends)
        guard reason == 0 else { throw GuestStartError(call: "pipe", errno: reason) }
        self.source = source
        self.stop = (ends[0], ends[1])
        cs_pipe_size(source, Self.pipeBytes)
        let thread = Thread { [self] in
            while wait() { drain(readsMax: 1) }
            Glibc.close(self.source)
            Glibc.close(stop.read)
        }
        thread.name = "guest-log"
        thread.start()
    }

    /// Forgets what was printed so far: a new job begins.
    func reset() {
        drain(readsMax: Int(Self.pipeBytes) / Self.readBytes)
        state.withLock { state in
            state.tail.removeAll(keepingCapacity: true)
            state.bytes = 0
        }
    }

    /// The end of what was printed since `reset`, with what still lies in the pipe.
    func tail() -> String {
        drain(readsMax: Int(Self.pipeBytes) / Self.readBytes)
        return state.withLock { state in
            let kept = state.tail.suffix(GuestLimits.logBytesMax)
            let text = String(decoding: kept, as: UTF8.self)
            let lost = state.bytes - kept.count
            return lost > 0 ? "... \(lost) bytes before this left out ...\n" + text : text
        }
    }

    /// Ends the thread; once.
    func close() {
        state.withLock { $0.isEnded = true }
        Glibc.close(stop.write)
    }

    /// Blocks until there is something to read; false at the end.
    private func wait() -> Bool {
        var entries = [
            pollfd(fd: source, events: Int16(POLLIN), revents: 0), pollfd(fd: stop.read, events: 0, revents: 0),
        ]
        while poll(&entries, 2, -1) < 0 {
            guard errno == EINTR else { return false }
        }
        return entries[1].revents == 0 && !state.withLock { $0.isEnded }
    }

    /// Reads what is there without blocking, at most `readsMax` pieces.
    private func drain(readsMax: Int) {
        state.withLock { state in
            guard !state.isEnded else { return }
            withUnsafeTemporaryAllocation(byteCount: Self.readBytes, alignment: 8) { buffer in
                for _ in 0..<readsMax {
                    var entry = pollfd(fd: source, events: Int16(POLLIN), revents: 0)
                    guard poll(&entry, 1, 0) > 0 else { return }
                    let count = read(source, buffer.baseAddress, buffer.count)
                    guard count > 0 else {
                        if count == 0 { state.isEnded = true }
                        return
                    }
                    state.bytes += count
                    state.tail += UnsafeRawBufferPointer(rebasing: buffer[..<count])
                    if state.tail.count > 2 * GuestLimits.logBytesMax {
                        state.tail.removeFirst(state.tail.count - GuestLimits.logBytesMax)
                    }
                }
            }
        }
    }
}
