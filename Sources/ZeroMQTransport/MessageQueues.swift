import CasparianTransport
import Synchronization

/// Messages on their way from a socket's thread to the one reader.
final class Inbox: Sendable {
    private struct State {
        var messages: [TransportMessage] = []
        var waiter: CheckedContinuation<[TransportMessage]?, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    /// True if the reader lags so far behind that the socket must not be read.
    var isFull: Bool { state.withLock { $0.messages.count >= TransportLimits.queuedMessagesMax } }

    func add(_ messages: [TransportMessage]) {
        let resume = state.withLock { state -> (() -> Void)? in
            guard !state.isClosed else { return nil }
            state.messages += messages
            guard let waiter = state.waiter else { return nil }
            state.waiter = nil
            let batch = Self.take(&state)
            return { waiter.resume(returning: batch) }
        }
        resume?()
    }

    /// Waits for at least one message; nil once closed or cancelled.
    func next() async -> [TransportMessage]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resume = state.withLock { state -> (() -> Void)? in
                    if !state.messages.isEmpty {
                        let batch = Self.take(&state)
                        return { continuation.resume(returning: batch) }
                    }
                    if state.isClosed || Task.isCancelled { return { continuation.resume(returning: nil) } }
                    precondition(state.waiter == nil, "incoming has one reader")
                    state.waiter = continuation
                    return nil
                }
                resume?()
            }
        } onCancel: {
            release { _ in }
        }
    }

    /// Ends `next`; what nobody took is dropped.
    func close() {
        release { state in
            state.isClosed = true
            state.messages = []
        }
    }

    private func release(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    private static func take(_ state: inout State) -> [TransportMessage] {
        let batch = Array(state.messages.prefix(TransportLimits.messagesPerBatchMax))
        state.messages.removeFirst(batch.count)
        return batch
    }
}

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

    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            state.messages = []
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: false) }
    }
}
