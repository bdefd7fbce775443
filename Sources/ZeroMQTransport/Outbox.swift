import CasparianTransport
import Synchronization

/// Messages on their way to a socket's thread.
final class Outbox: Sendable {
    private struct State {
        var messages: [TransportMessage] = []
        var waiters: [CheckedContinuation<Bool, Never>] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Queues a message; waits while the queue is full. False once closed.
    func add(_ message: TransportMessage) async -> Bool {
        while true {
            let outcome = state.withLock { state -> Bool? in
                if state.isClosed { return false }
                guard state.messages.count < TransportLimits.queuedMessagesMax else { return nil }
                state.messages.append(message)
                return true
            }
            if let outcome { return outcome }
            let mayTryAgain = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let answer = state.withLock { state -> Bool? in
                    if state.isClosed { return false }
                    if state.messages.count < TransportLimits.queuedMessagesMax { return true }
                    state.waiters.append(continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
            if !mayTryAgain { return false }
        }
    }

    /// Everything that waits; who waited for room goes on.
    func drain() -> [TransportMessage] {
        let (messages, waiters) = state.withLock { state in
            let taken = (state.messages, state.waiters)
            state.messages = []
            state.waiters = []
            return taken
        }
        for waiter in waiters { waiter.resume(returning: true) }
        return messages
    }

    func close(keepsQueued: Bool) {
        let waiters = state.withLock { state in
            state.isClosed = true
            if !keepsQueued { state.messages = [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: false) }
    }
}
