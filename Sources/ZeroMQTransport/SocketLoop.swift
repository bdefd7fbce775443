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

    /// Frames of one message that are kept; a protocol v4 message has two.
    static let framesMax = 8
    /// Milliseconds between two looks at a full inbox.
    static let fullInboxPollMilliseconds = 5

    func run() {
        var unsent: [TransportMessage] = []
        var connections = PeerConnections()
        var reconnection = Reconnection()
        while !closing.isRaised {
            unsent += outbox.drain()
            unsent = sendWhatFits(unsent)
            let isFull = inbox.isFull
            if !isFull { receiveAll(&connections, &reconnection) }
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
            zmq_pollitem_t(socket: socket.monitor.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0),
        ]
        // While the inbox is full, news of connections wait too.
        zmq_poll(&items, reads ? 3 : 2, reads ? milliseconds : Self.fullInboxPollMilliseconds)
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

    private func receiveAll(_ connections: inout PeerConnections, _ reconnection: inout Reconnection) {
        var received: [TransportMessage] = []
        var origins: [Int32] = []
        while received.count < TransportLimits.queuedMessagesMax, let (frames, origin) = receiveMessage() {
            if isServer {
                guard let identity = frames.first else { continue }
                received.append(TransportMessage(peer: PeerIdentity(identity), frames: Array(frames.dropFirst())))
            } else {
                received.append(TransportMessage(peer: .sentinel, frames: frames))
            }
            origins.append(origin)
        }
        // What the monitor told before a message arrived is there by now: descriptors are used again.
        let news = socket.monitor.drain()
        var messages: [TransportMessage] = []
        if isServer {
            messages = connections.merge(received, origins: origins, news: news)
        } else {
            news.forEach { reconnection.note($0) }
            messages = received + news.compactMap(\.content).map { TransportMessage(peer: .sentinel, content: $0) }
        }
        if !messages.isEmpty { inbox.add(messages) }
    }

    /// The frames of a message and the descriptor of the connection it came over, -1 if that is not known.
    private func receiveMessage() -> ([[UInt8]], Int32)? {
        var frames: [[UInt8]] = []
        var origin: Int32 = -1
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
                return (frames, origin)
            }
        }
    }
}
