import CZeroMQ
import CasparianTransport
import Foundation

/// What the thread of one socket does.
struct SocketLoop: Sendable {
    let socket: ZeroMQSocket
    let address: String
    let isServer: Bool
    let inbox: Inbox
    let outbox: Outbox
    let wakeUp: WakeUp
    let closing: ClosingFlag
    let finished: Finished
    let onRefused: @Sendable (RefusedPeer) -> Void

    /// Frames of one message that are kept; a protocol v4 message has two.
    static let framesMax = 8
    /// Milliseconds between two looks at a full inbox.
    static let fullInboxPollMilliseconds = 5

    func run() {
        var unsent: [TransportMessage] = []
        var connections = PeerConnections()
        var reconnection = Reconnection()
        var refusals = Refusals(report: onRefused)
        while !closing.isRaised {
            unsent += outbox.drain()
            unsent = sendWhatFits(unsent)
            let isFull = inbox.isFull
            socket.authenticator?.answer(&refusals)
            if !isFull { receiveAll(&connections, &reconnection, &refusals) }
            if reconnection.isDue { connectAgain() }
            wait(reads: !isFull, writes: !unsent.isEmpty, milliseconds: reconnection.pollMilliseconds)
        }
        sendRest(unsent + outbox.drain())
        socket.close(lingerMilliseconds: closing.lingerMilliseconds)
        finished.signal()
    }

    /// libzmq takes a second connect to the same address for none, as long as it has the first.
    private func connectAgain() {
        zmq_disconnect(socket.handle, address)
        zmq_connect(socket.handle, address)
    }

    /// What was queued before the end, as far as the time to linger allows.
    private func sendRest(_ messages: [TransportMessage]) {
        let deadline = ContinuousClock.now + .milliseconds(closing.lingerMilliseconds)
        var unsent = sendWhatFits(messages)
        while !unsent.isEmpty, ContinuousClock.now < deadline {
            var item = zmq_pollitem_t(socket: socket.handle, fd: 0, events: Int16(ZMQ_POLLOUT), revents: 0)
            zmq_poll(&item, 1, Self.fullInboxPollMilliseconds)
            unsent = sendWhatFits(unsent)
        }
    }

    private func wait(reads: Bool, writes: Bool, milliseconds: Int) {
        var events: Int16 = 0
        if reads { events |= Int16(ZMQ_POLLIN) }
        if writes { events |= Int16(ZMQ_POLLOUT) }
        var items = [
            zmq_pollitem_t(socket: socket.handle, fd: 0, events: events, revents: 0),
            zmq_pollitem_t(socket: nil, fd: wakeUp.readEnd, events: Int16(ZMQ_POLLIN), revents: 0),
        ]
        if let questions = socket.authenticator?.handle {
            items.append(zmq_pollitem_t(socket: questions, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
        }
        // While the inbox is full, news of connections wait too.
        if reads {
            let news = socket.monitor.handle
            items.append(zmq_pollitem_t(socket: news, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
        }
        zmq_poll(&items, CInt(items.count), reads ? milliseconds : Self.fullInboxPollMilliseconds)
        if items[1].revents != 0 { wakeUp.clear() }
    }

    /// Sends in order until the socket would block; returns the rest.
    private func sendWhatFits(_ messages: [TransportMessage]) -> [TransportMessage] {
        for (index, message) in messages.enumerated() {
            let frames = isServer ? [message.peer.bytes] + message.frames : message.frames
            for (part, frame) in frames.enumerated() {
                let flags = ZMQ_DONTWAIT | (part < frames.count - 1 ? ZMQ_SNDMORE : 0)
                while zmq_send(socket.handle, frame, frame.count, flags) < 0 {
                    if zmq_errno() == EINTR { continue }
                    // Only the first part can block; a message is sent whole or not at all.
                    if zmq_errno() == EAGAIN && part == 0 { return Array(messages[index...]) }
                    break
                }
            }
        }
        return []
    }

    private func receiveAll(
        _ connections: inout PeerConnections, _ reconnection: inout Reconnection, _ refusals: inout Refusals
    ) {
        var received: [TransportMessage] = []
        var origins: [Int32] = []
        while received.count < TransportLimits.queuedMessagesMax, let (frames, origin, user) = receiveMessage() {
            if isServer {
                guard let identity = frames.first else { continue }
                let peer = PeerIdentity(identity)
                if let gate = socket.authenticator, !gate.hears(user) {
                    refusals.add(.keyRevoked, key: user)
                    received.append(TransportMessage(peer: peer, content: .disconnected))
                } else {
                    received.append(TransportMessage(peer: peer, frames: Array(frames.dropFirst())))
                }
            } else {
                received.append(TransportMessage(peer: .sentinel, frames: frames))
            }
            origins.append(origin)
        }
        // What the monitor told before a message arrived is there by now: descriptors are used again.
        let news = socket.monitor.drain()
        // A server's authenticator has told of the keys that it did not allow.
        for case .refused(let reason) in news where !isServer || reason != .keyNotAllowed { refusals.add(reason) }
        var messages: [TransportMessage] = []
        if isServer {
            messages = connections.merge(received, origins: origins, news: news)
        } else {
            messages = received
            for item in news {
                // A connection that never stood does not end.
                let isNews = reconnection.isEstablished || item == .established
                reconnection.note(item)
                if isNews, let content = item.content {
                    messages.append(TransportMessage(peer: .sentinel, content: content))
                }
            }
        }
        if !messages.isEmpty { inbox.add(messages) }
    }

    /// The frames of a message, the descriptor of the connection it came over, -1 if that is not known, and the key
    /// that the connection was let in with.
    private func receiveMessage() -> ([[UInt8]], Int32, CurvePublicKey?)? {
        var frames: [[UInt8]] = []
        var origin: Int32 = -1
        var user: CurvePublicKey?
        while true {
            var part = zmq_msg_t()
            zmq_msg_init(&part)
            defer { zmq_msg_close(&part) }
            if zmq_msg_recv(&part, socket.handle, ZMQ_DONTWAIT) < 0 {
                if zmq_errno() == EINTR { continue }
                return nil
            }
            if frames.count < Self.framesMax {
                frames.append(Array(UnsafeRawBufferPointer(start: zmq_msg_data(&part), count: zmq_msg_size(&part))))
            }
            if zmq_msg_more(&part) == 0 {
                if isServer, let text = zmq_msg_gets(&part, "__fd") { origin = Int32(atoi(text)) }
                if socket.authenticator != nil, let text = zmq_msg_gets(&part, "User-Id") {
                    user = CurvePublicKey(String(cString: text))
                }
                return (frames, origin, user)
            }
        }
    }
}
