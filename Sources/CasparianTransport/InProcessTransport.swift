import Synchronization

/// A sentinel's end and any number of workers' ends in one process: for tests, and where no socket is wanted.
///
/// Behaves as the ZeroMQ transport does: messages to peers that are gone are dropped, a newer connection with the same
/// identity takes over from an older one, full queues slow the sender.
public final class InProcessTransport: Sendable {
    private struct Ends {
        var workers: [PeerIdentity: InProcessEnd] = [:]
    }

    private let ends = Mutex(Ends())
    private let inbox = Inbox()

    public init() {}

    /// The sentinel's end.
    public var server: any MessageTransport { Server(hub: self) }

    /// A worker's end.
    public func connect(identity: PeerIdentity) -> any MessageTransport {
        let end = InProcessEnd(identity: identity, hub: self)
        let former = ends.withLock { $0.workers.updateValue(end, forKey: identity) }
        former?.inbox.close()
        end.inbox.add([TransportMessage(peer: .sentinel, content: .connected)])
        return end
    }

    fileprivate func toSentinel(_ frames: [[UInt8]], from end: InProcessEnd) async throws {
        let isCurrent = ends.withLock { $0.workers[end.identity] === end }
        guard isCurrent, await inbox.put(TransportMessage(peer: end.identity, frames: frames)) else {
            throw TransportError.closed("in-process")
        }
    }

    fileprivate func leave(_ end: InProcessEnd) {
        let wasCurrent = ends.withLock { ends in
            guard ends.workers[end.identity] === end else { return false }
            ends.workers[end.identity] = nil
            return true
        }
        if wasCurrent { inbox.add([TransportMessage(peer: end.identity, content: .disconnected)]) }
    }

    private struct Server: MessageTransport {
        let hub: InProcessTransport

        var incoming: TransportBatches { TransportBatches { [inbox = hub.inbox] in await inbox.next() } }

        func send(_ frames: [[UInt8]], to peer: PeerIdentity) async throws {
            guard let end = hub.ends.withLock({ $0.workers[peer] }) else { return }
            _ = await end.inbox.put(TransportMessage(peer: .sentinel, frames: frames))
        }

        func close(linger: Duration) async {
            hub.inbox.close()
            let workers = hub.ends.withLock { ends in
                defer { ends.workers = [:] }
                return ends.workers
            }
            for end in workers.values { end.inbox.add([TransportMessage(peer: .sentinel, content: .disconnected)]) }
        }
    }
}

/// A worker's end of an in-process transport.
private final class InProcessEnd: MessageTransport {
    let identity: PeerIdentity
    let hub: InProcessTransport
    let inbox = Inbox()

    init(identity: PeerIdentity, hub: InProcessTransport) {
        self.identity = identity
        self.hub = hub
    }

    var incoming: TransportBatches { TransportBatches { [inbox] in await inbox.next() } }

    func send(_ frames: [[UInt8]], to peer: PeerIdentity) async throws { try await hub.toSentinel(frames, from: self) }

    func close(linger: Duration) async {
        inbox.close()
        hub.leave(self)
    }
}

extension TransportError {
    package static func closed(_ address: String) -> TransportError {
        TransportError(code: .closed, address: address, message: "the connection is closed")
    }
}
