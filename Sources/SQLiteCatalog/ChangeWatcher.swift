import Dispatch
import Foundation
import GRDB
import Synchronization

/// Notices commits of any process to the file.
///
/// `PRAGMA data_version` on a connection of its own tells whether anything was committed; inotify on the `-wal` file
/// tells when to ask. A commit becomes visible a moment after its bytes are written (the log is synced in between), so
/// after an event the version is asked a few times in quick succession. While nobody writes, the waiting thread sleeps.
final class ChangeWatcher: Sendable {
    /// Longest time between two looks where inotify does not report (network file systems).
    static let fallbackMilliseconds: Int64 = 100
    /// Pauses between looks after an event, in microseconds.
    static let burst: [UInt32] =
        Array(repeating: 200, count: 25) + Array(repeating: 1_000, count: 20) + Array(repeating: 5_000, count: 10)

    private let database: DatabaseQueue
    private let walPath: String
    private let inotify: Int32
    private let wakeup: (read: Int32, write: Int32)
    private let state: Mutex<State>
    private let thread = DispatchQueue(label: "casparian.catalog.watch")

    private struct State {
        var seenVersion: Int
        var isWaiting = false
        var isCancelled = false
    }

    init(path: String) throws {
        var configuration = CatalogFile.configuration()
        configuration.readonly = true
        database = try DatabaseQueue(path: path, configuration: configuration)
        walPath = path + "-wal"
        var pipes: [Int32] = [-1, -1]
        guard pipe(&pipes) == 0 else {
            throw DatabaseError(resultCode: .SQLITE_CANTOPEN, message: String(cString: strerror(errno)))
        }
        for descriptor in pipes {
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        wakeup = (pipes[0], pipes[1])
        // Without inotify (-1) the fallback interval still notices everything.
        inotify = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        state = Mutex(State(seenVersion: try Self.version(database)))
    }

    deinit {
        if inotify >= 0 { Foundation.close(inotify) }
        Foundation.close(wakeup.read)
        Foundation.close(wakeup.write)
    }

    /// Gives the connection back; a waiter then waits until its timeout.
    func close() { try? database.close() }

    /// Tells a waiter to look now: this process has committed.
    func wake() {
        guard state.withLock({ $0.isWaiting }) else { return }
        var byte: UInt8 = 1
        _ = write(wakeup.write, &byte, 1)
    }

    func wait(timeout: Duration) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                thread.async {
                    self.block(timeout: timeout)
                    continuation.resume()
                }
            }
        } onCancel: {
            state.withLock { $0.isCancelled = true }
            wake()
        }
    }

    private func block(timeout: Duration) {
        let deadline = ContinuousClock.now + timeout
        state.withLock { $0.isWaiting = true }
        defer {
            state.withLock {
                $0.isWaiting = false
                $0.isCancelled = false
            }
        }
        // The file may have been replaced by a new log since; adding the same one again costs nothing.
        if inotify >= 0 { _ = inotify_add_watch(inotify, walPath, UInt32(IN_MODIFY)) }
        drain()
        while !sawChange() {
            let left = (deadline - .now).components
            let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
            if milliseconds < 0 || (milliseconds == 0 && left.attoseconds <= 0) { return }
            if pollOnce(milliseconds: Int32(min(max(milliseconds, 1), Self.fallbackMilliseconds))) {
                drain()
                if lookCloser(until: deadline) { return }
            }
        }
    }

    /// Looks again and again for a short while after an event.
    private func lookCloser(until deadline: ContinuousClock.Instant) -> Bool {
        for pause in Self.burst {
            if sawChange() { return true }
            if ContinuousClock.now >= deadline { return true }
            usleep(pause)
        }
        return false
    }

    /// True when a descriptor has something to read.
    private func pollOnce(milliseconds: Int32) -> Bool {
        var descriptors = [
            pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wakeup.read, events: Int16(POLLIN), revents: 0),
        ]
        return poll(&descriptors, nfds_t(descriptors.count), milliseconds) > 0
    }

    private func drain() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        for descriptor in [inotify, wakeup.read] where descriptor >= 0 {
            while read(descriptor, &buffer, buffer.count) > 0 {}
        }
    }

    /// True after a commit that was not reported yet and after cancellation.
    private func sawChange() -> Bool {
        guard let version = try? Self.version(database) else { return false }
        return state.withLock { state in
            defer { state.seenVersion = version }
            return state.isCancelled || version != state.seenVersion
        }
    }

    private static func version(_ database: DatabaseQueue) throws -> Int {
        try database.unsafeRead { db in
            try Int.fetchOne(db.cachedStatement(sql: "PRAGMA data_version")) ?? 0
        }
    }
}
