import CasparianTransport

/// Which connection each peer of a ROUTER socket last spoke over, so that the end of a connection can be told as the
/// peer's.
struct PeerConnections {
    private var peerOf: [Int32: PeerIdentity] = [:]
    private var descriptorOf: [PeerIdentity: Int32] = [:]

    /// Notes who sent what over which connection, and adds the ends of connections after the messages.
    ///
    /// Descriptors are used again: where news say that one was closed and opened since, the close belongs to the peer
    /// that had it before these messages.
    ///
    /// - Parameters:
    ///   - received: Messages in order.
    ///   - origins: For each message the descriptor of its connection, -1 if unknown.
    ///   - news: What the socket's monitor told up to now, in order.
    mutating func merge(
        _ received: [TransportMessage], origins: [Int32], news: [SocketMonitor.News]
    ) -> [TransportMessage] {
        var lost: [PeerIdentity] = []
        var closedSince: Set<Int32> = []
        var isOpenNow: [Int32: Bool] = [:]
        for item in news {
            switch item {
            case .accepted(let descriptor): isOpenNow[descriptor] = true
            case .closed(let descriptor):
                isOpenNow[descriptor] = false
                closedSince.insert(descriptor)
            case .established, .retrying, .refused: break
            }
        }
        for descriptor in closedSince where isOpenNow[descriptor] == true {
            if let peer = forget(descriptor) { lost.append(peer) }
        }
        for (message, origin) in zip(received, origins) where origin >= 0 { note(message.peer, origin) }
        for descriptor in closedSince where isOpenNow[descriptor] == false {
            if let peer = forget(descriptor) { lost.append(peer) }
        }
        return received + lost.map { TransportMessage(peer: $0, content: .disconnected) }
    }

    private mutating func note(_ peer: PeerIdentity, _ descriptor: Int32) {
        if descriptorOf[peer] == descriptor, peerOf[descriptor] == peer { return }
        if let former = descriptorOf[peer] { peerOf[former] = nil }
        if let former = peerOf[descriptor] { descriptorOf[former] = nil }
        peerOf[descriptor] = peer
        descriptorOf[peer] = descriptor
    }

    /// Nil if nobody was known there, or the peer has gone over to another connection since.
    private mutating func forget(_ descriptor: Int32) -> PeerIdentity? {
        guard let peer = peerOf.removeValue(forKey: descriptor) else { return nil }
        descriptorOf[peer] = nil
        return peer
    }
}
