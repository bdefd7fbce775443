import CasparianSentinel
import Synchronization

/// Passes the sentinel's state on to who waits for it.
final class UpMonitor: Sendable {
    private struct State {
        var snapshot = SentinelSnapshot()
        var version = 0
        var waiter: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    var snapshot: SentinelSnapshot { state.withLock { $0.snapshot } }

    func update(_ snapshot: SentinelSnapshot) {
        let waiter = state.withLock { state in
            state.snapshot = snapshot
            state.version += 1
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits for a state that fulfils the condition; at once if the present one does. One caller at a time.
    ///
    /// - Throws: `CancellationError` when the program is to end.
    func wait(until condition: (SentinelSnapshot) async throws -> Bool) async throws {
        while true {
            let (snapshot, version) = state.withLock { ($0.snapshot, $0.version) }
            if try await condition(snapshot) { return }
            await next(after: version)
            if state.withLock({ $0.isClosed }) { throw CancellationError() }
            try Task.checkCancellation()
        }
    }

    /// Ends all waiting.
    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    private func next(after version: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.version != version || state.isClosed || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isThere { continuation.resume() }
            }
        } onCancel: {
            close()
        }
    }
}
