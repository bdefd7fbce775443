import Synchronization

/// Wakes one waiter after changes made in this process.
final class ChangeGate: Sendable {
    private struct State {
        var hasNews = false
        var waiter: CheckedContinuation<Void, Never>?

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            defer { waiter = nil }
            return waiter
        }
    }
    private let state = Mutex(State())

    func signal() {
        let waiter = state.withLock { state in
            state.hasNews = true
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    func wait(timeout: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.next() }
            // The wait's own limit: whichever of the two ends first ends it.
            group.addTask { try? await Task.sleep(for: timeout) }
            await group.next()
            group.cancelAll()
        }
        state.withLock { $0.hasNews = false }
    }

    private func next() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let former = state.withLock { state -> CheckedContinuation<Void, Never>? in
                    if state.hasNews || Task.isCancelled { return continuation }
                    let former = state.takeWaiter()
                    state.waiter = continuation
                    return former
                }
                former?.resume()
            }
        } onCancel: {
            state.withLock { $0.takeWaiter() }?.resume()
        }
    }
}
