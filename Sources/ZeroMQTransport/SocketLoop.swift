import CZeroMQ
import CasparianTransport
import Foundation

/// What the thread of one socket does.
struct SocketLoop: Sendable {
    let socket: ZeroMQSocket
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
        while !closing.isRaised {
            unsent += outbox.drain()
            unsent = sendWhatFits(unsent)
            let isFull = inbox.isFull
            if !isFull { receiveAll() }
            wait(reads: !isFull, writes: !unsent.isEmpty)
        }
        socket.close()
        finished.signal()
    }

    private func wait(reads: Bool, writes: Bool) {
        var events: Int16 = 0
        if reads { events |= Int16(ZMQ_POLLIN) }
        if writes { events |= Int16(ZMQ_POLLOUT) }
        var items = [
            zmq_pollitem_t(socket: socket.handle, fd: 0, events: events, revents: 0),
            zmq_pollitem_t(socket: nil, fd: wakeUp.readEnd, events: Int16(ZMQ_POLLIN), revents: 0),
        ]
        zmq_poll(&items, 2, reads ? -1 : Self.fullInboxPollMilliseconds)
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

    private func receiveAll() {
        var messages: [TransportMessage] = []
        while messages.count < TransportLimits.queuedMessagesMax, let frames = receiveMessage() {
            if isServer {
                guard let identity = frames.first else { continue }
                messages.append(TransportMessage(peer: PeerIdentity(identity), frames: Array(frames.dropFirst())))
            } else {
                messages.append(TransportMessage(peer: .sentinel, frames: frames))
            }
        }
        if !messages.isEmpty { inbox.add(messages) }
    }

    private func receiveMessage() -> [[UInt8]]? {
        var frames: [[UInt8]] = []
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
            if zmq_msg_more(&part) == 0 { return frames }
        }
    }
}
