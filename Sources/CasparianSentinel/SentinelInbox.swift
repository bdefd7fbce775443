import CasparianTransport
import Synchronization

/// What woke the sentinel: everything that came in since its last turn.
struct SentinelTurn: Sendable {
    var messages: [TransportMessage] = []
    var catalogChanged = false
    var ticked = false
    var hasDisconnections: Bool { messages.contains { $0.content == .disconnected } }
    var isEmpty: Bool { messages.isEmpty && !catalogChanged && !ticked }
}

/// Collects what happens while the sentinel is busy with a turn. Holds one list of messages; who brings the next one
/// waits, so that the transport's own bounds hold.
final class SentinelInbox: Sendable {
    private struct State {
        var turn = SentinelTurn()
        var reader: CheckedContinuation<SentinelTurn?, Never>?
        var writer: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Adds messages and waits until the sentinel has taken them. One caller only.
    func put(_ messages: [TransportMessage]) async {
        change { $0.messages += messages }
        await withCheckedContinuation { continuation in
            let isTaken = state.withLock { state in
                if state.turn.messages.isEmpty || state.isClosed { return true }
                state.writer = continuation
                return false
            }
            if isTaken { continuation.resume() }
        }
    }

    func catalogChanged() { change { $0.catalogChanged = true } }
    func tick() { change { $0.ticked = true } }

    /// The next turn, nil once closed.
    func next() async -> SentinelTurn? {
        await withCheckedContinuation { continuation in
            let resume = state.withLock { state -> (() -> Void)? in
                if state.isClosed { return { continuation.resume(returning: nil) } }
                if state.turn.isEmpty {
                    state.reader = continuation
                    return nil
                }
                let (turn, writer) = Self.take(&state)
                return {
                    continuation.resume(returning: turn)
                    writer?.resume()
                }
            }
            resume?()
        }
    }

    /// Ends `next`, at the latest after the running turn.
    func close() {
        let (reader, writer) = state.withLock { state in
            state.isClosed = true
            defer {
                state.reader = nil
                state.writer = nil
            }
            return (state.reader, state.writer)
        }
        reader?.resume(returning: nil)
        writer?.resume()
    }

    private func change(_ body: (inout SentinelTurn) -> Void) {
        let resume = state.withLock { state -> (() -> Void)? in
            guard !state.isClosed else { return nil }
            body(&state.turn)
            guard let reader = state.reader else { return nil }
            state.reader = nil
            let (turn, writer) = Self.take(&state)
            return {
                reader.resume(returning: turn)
                writer?.resume()
            }
        }
        resume?()
    }

    private static func take(_ state: inout State) -> (SentinelTurn, CheckedContinuation<Void, Never>?) {
        defer {
            state.turn = SentinelTurn()
            state.writer = nil
        }
        return (state.turn, state.writer)
    }
}
