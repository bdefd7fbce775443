import CZeroMQ
import CasparianTransport
import Foundation
import Synchronization

/// One ROUTER or DEALER socket, touched only by a thread of its own.
///
/// Sends are queued and wake the thread; what arrives is handed over in lists. A reader that lags makes the thread stop
/// reading, so that ZeroMQ's own queue and then the sender's fill.
public final class ZeroMQEndpoint: MessageTransport {
    /// Where it is bound or connected; a bound wildcard port is resolved.
    public let address: String
    private let isServer: Bool
    private let inbox = Inbox()
    private let outbox = Outbox()
    private let wakeUp: WakeUp
    private let closing = ClosingFlag()
    private let finished = Finished()

    public var incoming: TransportBatches { TransportBatches { [inbox] in await inbox.next() } }

    init(
        socket: ZeroMQSocket, address: String, isServer: Bool, onRefused: @escaping @Sendable (RefusedPeer) -> Void
    ) throws(TransportError) {
        guard let wakeUp = WakeUp() else { throw ZeroMQSocket.failure(address) }
        self.address = address
        self.isServer = isServer
        self.wakeUp = wakeUp
        let loop = SocketLoop(
            socket: socket, address: address, isServer: isServer, inbox: inbox, outbox: outbox, wakeUp: wakeUp,
            closing: closing, finished: finished, onRefused: onRefused)
        let thread = Thread { loop.run() }
        thread.name = "zeromq"
        thread.start()
    }

    deinit {
        closing.raise()
        wakeUp.signal()
    }

    public func send(_ frames: [[UInt8]], to peer: PeerIdentity) async throws {
        guard await outbox.add(TransportMessage(peer: peer, frames: frames)) else {
            throw TransportError.closed(address)
        }
        wakeUp.signal()
    }

    public func close(linger: Duration) async {
        inbox.close()
        outbox.close(keepsQueued: linger > .zero)
        closing.raise(linger: linger)
        wakeUp.signal()
        await finished.wait()
    }
}

/// Tells the socket's thread to end.
final class ClosingFlag: Sendable {
    /// Milliseconds that queued messages may take to leave; negative while open.
    private let value = Atomic<Int>(-1)
    var isRaised: Bool { lingerMilliseconds >= 0 }
    var lingerMilliseconds: Int { value.load(ordering: .acquiring) }

    /// Only the first call counts.
    func raise(linger: Duration = .zero) {
        let (seconds, attoseconds) = linger.components
        let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        _ = value.compareExchange(expected: -1, desired: max(milliseconds, 0), ordering: .acquiringAndReleasing)
    }
}

/// Tells that the socket's thread has ended.
final class Finished: Sendable {
    private struct State {
        var isDone = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    func signal() {
        let waiters = state.withLock { state in
            state.isDone = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if !state.isDone { state.waiters.append(continuation) }
                return state.isDone
            }
            if isDone { continuation.resume() }
        }
    }
}
