import Synchronization

/// Messages on their way to the one reader of a transport's end.
package final class Inbox: Sendable {
    private struct State {
        var messages: [TransportMessage] = []
        var reader: CheckedContinuation<[TransportMessage]?, Never>?
        var writers: [CheckedContinuation<Void, Never>] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    package init() {}

    /// True if the reader lags so far behind that nothing more must be added.
    package var isFull: Bool { state.withLock { $0.messages.count >= TransportLimits.queuedMessagesMax } }

    /// Adds messages whether or not there is room.
    package func add(_ messages: [TransportMessage]) {
        let resume = state.withLock { state -> (() -> Void)? in
            guard !state.isClosed else { return nil }
            state.messages += messages
            guard let reader = state.reader else { return nil }
            state.reader = nil
            let batch = Self.take(&state)
            return { reader.resume(returning: batch) }
        }
        resume?()
    }

    /// Adds a message as soon as there is room. False once closed.
    package func put(_ message: TransportMessage) async -> Bool {
        while true {
            let isClosed = state.withLock { $0.isClosed }
            if isClosed { return false }
            if !isFull {
                add([message])
                return true
            }
            await withCheckedContinuation { continuation in
                let mayGo = state.withLock { state in
                    let isFull = state.messages.count >= TransportLimits.queuedMessagesMax
                    if isFull && !state.isClosed { state.writers.append(continuation) }
                    return !isFull || state.isClosed
                }
                if mayGo { continuation.resume() }
            }
        }
    }

    /// Waits for at least one message; nil once closed or cancelled.
    package func next() async -> [TransportMessage]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resume = state.withLock { state -> (() -> Void)? in
                    if !state.messages.isEmpty {
                        let batch = Self.take(&state)
                        let writers = Self.takeWriters(&state)
                        return {
                            continuation.resume(returning: batch)
                            for writer in writers { writer.resume() }
                        }
                    }
                    if state.isClosed || Task.isCancelled { return { continuation.resume(returning: nil) } }
                    precondition(state.reader == nil, "incoming has one reader")
                    state.reader = continuation
                    return nil
                }
                resume?()
            }
        } onCancel: {
            releaseReader()
        }
    }

    /// Ends `next`; what nobody took is dropped.
    package func close() {
        let writers = state.withLock { state in
            state.isClosed = true
            state.messages = []
            return Self.takeWriters(&state)
        }
        for writer in writers { writer.resume() }
        releaseReader()
    }

    private func releaseReader() {
        let reader = state.withLock { state in
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }

    private static func take(_ state: inout State) -> [TransportMessage] {
        let batch = Array(state.messages.prefix(TransportLimits.messagesPerBatchMax))
        state.messages.removeFirst(batch.count)
        return batch
    }

    private static func takeWriters(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        defer { state.writers = [] }
        return state.writers
    }
}
