import CZeroMQ
import CasparianTransport
import Foundation

/// A libzmq socket with its context. Made on one thread and handed to the one that uses it from then on.
struct ZeroMQSocket: @unchecked Sendable {
    // Sendable: libzmq allows a socket to move between threads with a full fence; starting the thread is one.
    let context: UnsafeMutableRawPointer
    let handle: UnsafeMutableRawPointer
    let monitor: SocketMonitor
    /// Of a server with keys.
    private(set) var authenticator: Authenticator?

    /// Messages in each of ZeroMQ's own queues.
    private static let highWaterMark: Int32 = 4096

    init(type: Int32, identity: PeerIdentity? = nil, address: String) throws(TransportError) {
        guard let context = zmq_ctx_new() else { throw Self.failure(address) }
        guard let handle = zmq_socket(context, type) else {
            zmq_ctx_term(context)
            throw Self.failure(address)
        }
        guard let monitor = SocketMonitor(socket: handle, context: context) else {
            let error = Self.failure(address)
            zmq_close(handle)
            zmq_ctx_term(context)
            throw error
        }
        self.context = context
        self.handle = handle
        self.monitor = monitor
        set(ZMQ_LINGER, 0)
        set(ZMQ_SNDHWM, Self.highWaterMark)
        set(ZMQ_RCVHWM, Self.highWaterMark)
        set(ZMQ_TCP_KEEPALIVE, 1)
        set(ZMQ_TCP_KEEPALIVE_IDLE, 30)
        // A new connection of a worker with the same identity takes over from a dead one.
        if type == ZMQ_ROUTER { set(ZMQ_ROUTER_HANDOVER, 1) }
        var frameBytesMax = Int64(TransportLimits.frameBytesMax)
        zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &frameBytesMax, MemoryLayout<Int64>.size)
        if let identity { zmq_setsockopt(handle, ZMQ_ROUTING_ID, identity.bytes, identity.bytes.count) }
    }

    /// From now on nobody gets in whose key is not allowed.
    mutating func secure(_ security: CurveServerSecurity, address: String) throws(TransportError) {
        authenticator = Authenticator(context: context, isAllowed: security.isAllowed)
        guard authenticator != nil else { throw Self.failure(address) }
        set(ZMQ_CURVE_SERVER, 1)
        zmq_setsockopt(handle, ZMQ_ZAP_DOMAIN, Authenticator.domain, Authenticator.domain.utf8.count)
        try setKey(ZMQ_CURVE_SECRETKEY, security.secretKey.exposedText)
    }

    /// From now on it talks to the owner of the server's key only.
    mutating func secure(_ security: CurveClientSecurity) throws(TransportError) {
        try setKey(ZMQ_CURVE_SERVERKEY, security.serverKey.text)
        try setKey(ZMQ_CURVE_PUBLICKEY, security.secretKey.publicKey.text)
        try setKey(ZMQ_CURVE_SECRETKEY, security.secretKey.exposedText)
    }

    private func setKey(_ option: Int32, _ text: String) throws(TransportError) {
        // With the zero byte at its end.
        guard zmq_setsockopt(handle, option, text, Z85.keyCharacters + 1) == 0 else { throw Z85.unsupported }
    }

    private func set(_ option: Int32, _ value: Int32) {
        var value = value
        zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size)
    }

    /// Ends the connections; messages given to libzmq may take so long to leave.
    func close(lingerMilliseconds: Int = 0) {
        set(ZMQ_LINGER, Int32(clamping: lingerMilliseconds))
        zmq_socket_monitor(handle, nil, 0)
        monitor.close()
        zmq_close(handle)
        // After the socket: as long as that takes connections, somebody has to say who may.
        authenticator?.close()
        zmq_ctx_term(context)
    }

    static func failure(_ address: String) -> TransportError {
        let code = zmq_errno()
        let reason = String(cString: zmq_strerror(code))
        switch code {
        case EADDRINUSE:
            return TransportError(
                code: .addressInUse, address: address,
                message: "another program listens there; stop it, or choose another address with --bind")
        case EINVAL, EPROTONOSUPPORT, ENODEV, ENOENT:
            return TransportError(
                code: .invalidAddress, address: address,
                message: "is no usable address (\(reason)); write it as tcp://127.0.0.1:5555")
        default: return TransportError(code: .system, address: address, message: reason)
        }
    }
}

/// The sentinel's end: a ROUTER socket.
public enum ZeroMQServer {
    /// Binds.
    ///
    /// - Parameters:
    ///   - address: `tcp://host:port`; port `*` takes a free one, see `ZeroMQEndpoint.address`.
    ///   - security: Nil speaks plain text with everybody.
    ///   - onRefused: Told of each peer that did not get in, on the socket's thread; it must not wait.
    public static func bind(
        address: String, security: CurveServerSecurity? = nil,
        onRefused: @escaping @Sendable (RefusedPeer) -> Void = { _ in }
    ) throws(TransportError) -> ZeroMQEndpoint {
        var socket = try ZeroMQSocket(type: ZMQ_ROUTER, address: address)
        do throws(TransportError) {
            if let security { try socket.secure(security, address: address) }
            guard zmq_bind(socket.handle, address) == 0 else { throw ZeroMQSocket.failure(address) }
        } catch {
            socket.close()
            throw error
        }
        var text = [CChar](repeating: 0, count: 512)
        var size = text.count
        zmq_getsockopt(socket.handle, ZMQ_LAST_ENDPOINT, &text, &size)
        let bound = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return try ZeroMQEndpoint(
            socket: socket, address: bound.isEmpty ? address : bound, isServer: true, onRefused: onRefused)
    }
}

/// A worker's end: a DEALER socket.
public enum ZeroMQClient {
    /// Connects; returns at once, also when nobody listens yet.
    ///
    /// - Parameters:
    ///   - address: `tcp://host:port`.
    ///   - identity: 1 to 255 bytes that no other worker has, not beginning with a zero byte.
    ///   - security: Nil speaks plain text.
    ///   - onRefused: Told of each handshake that failed, on the socket's thread; it must not wait. The end goes on
    ///     trying: after 1 s, then less and less often, every 8 s at last.
    public static func connect(
        address: String, identity: PeerIdentity, security: CurveClientSecurity? = nil,
        onRefused: @escaping @Sendable (RefusedPeer) -> Void = { _ in }
    ) throws(TransportError) -> ZeroMQEndpoint {
        var socket = try ZeroMQSocket(type: ZMQ_DEALER, identity: identity, address: address)
        do throws(TransportError) {
            if let security { try socket.secure(security) }
            guard zmq_connect(socket.handle, address) == 0 else { throw ZeroMQSocket.failure(address) }
        } catch {
            socket.close()
            throw error
        }
        return try ZeroMQEndpoint(socket: socket, address: address, isServer: false, onRefused: onRefused)
    }
}
