import CZeroMQ
import Foundation

/// Answers libzmq's questions whether a peer may connect (ZAP, ZeroMQ RFC 27).
///
/// libzmq asks within one context; every socket of ours has its own, so that an authenticator serves one socket. It must
/// be there before the socket is bound: without one, libzmq lets in who knows the public key of the server.
struct Authenticator: @unchecked Sendable {
    // Sendable as the socket itself is: handed to one thread before its first use.
    let handle: UnsafeMutableRawPointer
    private let isAllowed: @Sendable (CurvePublicKey) -> Bool

    static let address = "inproc://zeromq.zap.01"
    static let domain = "casparian"
    private static let version = Array("1.0".utf8)
    private static let mechanism = Array("CURVE".utf8)

    init?(context: UnsafeMutableRawPointer, isAllowed: @escaping @Sendable (CurvePublicKey) -> Bool) {
        guard let handle = zmq_socket(context, ZMQ_REP) else { return nil }
        guard zmq_bind(handle, Self.address) == 0 else {
            zmq_close(handle)
            return nil
        }
        self.handle = handle
        self.isAllowed = isAllowed
    }

    /// Answers every question that waits.
    func answer(_ refusals: inout Refusals) {
        while let question = receive() {
            // Version, request id, domain, address, identity, mechanism, credentials: the key of a CURVE peer.
            let isKnown = question.count == 7 && question[0] == Self.version && question[5] == Self.mechanism
            let key = isKnown ? CurvePublicKey(bytes: question[6]) : nil
            let isLetIn = key.map(isAllowed) ?? false
            if !isLetIn {
                let address = question.count > 3 ? String(decoding: question[3], as: UTF8.self) : nil
                refusals.add(.keyNotAllowed, key: key, address: address)
            }
            send([
                Self.version, question.count > 1 ? question[1] : [], Array((isLetIn ? "200" : "400").utf8),
                Array((isLetIn ? "OK" : "not allowed").utf8), Array((isLetIn ? key?.text ?? "" : "").utf8), [],
            ])
        }
    }

    /// Whether a message came from a key that is allowed, as of now.
    ///
    /// - Parameter user: What the answer to the question about its connection said.
    func hears(_ user: CurvePublicKey?) -> Bool { user.map(isAllowed) ?? false }

    func close() {
        var linger: Int32 = 0
        zmq_setsockopt(handle, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size)
        zmq_close(handle)
    }

    private func receive() -> [[UInt8]]? {
        var frames: [[UInt8]] = []
        while true {
            var part = zmq_msg_t()
            zmq_msg_init(&part)
            defer { zmq_msg_close(&part) }
            if zmq_msg_recv(&part, handle, ZMQ_DONTWAIT) < 0 {
                if zmq_errno() == EINTR { continue }
                return nil
            }
            frames.append(Array(UnsafeRawBufferPointer(start: zmq_msg_data(&part), count: zmq_msg_size(&part))))
            if zmq_msg_more(&part) == 0 { return frames }
        }
    }

    private func send(_ frames: [[UInt8]]) {
        for (index, frame) in frames.enumerated() {
            let flags = ZMQ_DONTWAIT | (index < frames.count - 1 ? ZMQ_SNDMORE : 0)
            while zmq_send(handle, frame, frame.count, flags) < 0, zmq_errno() == EINTR {}
        }
    }
}
