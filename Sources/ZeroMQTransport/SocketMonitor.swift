import CZeroMQ
import CasparianTransport
import Foundation

/// Tells when connections of a socket begin and end. Used by the socket's thread.
struct SocketMonitor: @unchecked Sendable {
    // Sendable as the socket itself is: handed to one thread before its first use.
    enum News: Hashable, Sendable {
        /// A peer connected to a bound socket; the connection's descriptor.
        case accepted(Int32)
        /// The handshake with the peer is done.
        case established
        case closed(Int32)
        /// libzmq will connect again by itself.
        case retrying
        /// A handshake failed.
        case refused(RefusedPeer.Reason)

        var content: TransportMessage.Content? {
            switch self {
            case .established: .connected
            case .closed: .disconnected
            case .accepted, .retrying, .refused: nil
            }
        }
    }

    let handle: UnsafeMutableRawPointer

    /// Event number (16 bits) and value (32 bits), in the machine's byte order (zmq_socket_monitor(3)).
    private static let eventBytes = 6

    /// Nil if libzmq cannot make one; connections then end unnoticed until a lease does.
    init?(socket: UnsafeMutableRawPointer, context: UnsafeMutableRawPointer) {
        let address = "inproc://monitor-\(UInt(bitPattern: socket))"
        let events =
            ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED
            | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
            | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
        guard zmq_socket_monitor(socket, address, events) == 0, let pair = zmq_socket(context, ZMQ_PAIR) else {
            return nil
        }
        guard zmq_connect(pair, address) == 0 else {
            zmq_close(pair)
            return nil
        }
        handle = pair
    }

    /// Everything told since the last call.
    func drain() -> [News] {
        var news: [News] = []
        var event = [UInt8](repeating: 0, count: Self.eventBytes)
        while true {
            let count = zmq_recv(handle, &event, event.count, ZMQ_DONTWAIT)
            if count < 0 {
                if zmq_errno() == EINTR { continue }
                return news
            }
            // The second frame is the address.
            var address = [UInt8](repeating: 0, count: 256)
            zmq_recv(handle, &address, address.count, 0)
            guard count >= Self.eventBytes else { continue }
            let (number, value) = event.withUnsafeBytes {
                ($0.loadUnaligned(as: UInt16.self), $0.loadUnaligned(fromByteOffset: 2, as: Int32.self))
            }
            switch Int32(number) {
            case ZMQ_EVENT_ACCEPTED: news.append(.accepted(value))
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: news.append(.established)
            case ZMQ_EVENT_DISCONNECTED: news.append(.closed(value))
            case ZMQ_EVENT_CONNECT_RETRIED: news.append(.retrying)
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: news.append(.refused(.keyNotAllowed))
            case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: news.append(.refused(Self.reason(value)))
            case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: news.append(.refused(.brokenOff))
            default: break
            }
        }
    }

    func close() { zmq_close(handle) }

    private static func reason(_ protocolError: Int32) -> RefusedPeer.Reason {
        switch protocolError {
        case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: .otherMechanism
        case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: .wrongServerKey
        default: .brokenProtocol
        }
    }
}
