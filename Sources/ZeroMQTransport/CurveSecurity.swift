/// Keys of the sentinel's end: everything is encrypted, and only who is allowed gets in.
public struct CurveServerSecurity: Sendable {
    public let secretKey: CurveSecretKey
    let isAllowed: @Sendable (CurvePublicKey) -> Bool

    /// - Parameters:
    ///   - secretKey: The sentinel's.
    ///   - isAllowed: Asked about a worker's key when it connects and with each of its messages, on the socket's
    ///     thread: a key that is no longer allowed is no longer heard.
    public init(secretKey: CurveSecretKey, isAllowed: @escaping @Sendable (CurvePublicKey) -> Bool) {
        self.secretKey = secretKey
        self.isAllowed = isAllowed
    }
}

/// Keys of a worker's end: it talks to the owner of one key only.
public struct CurveClientSecurity: Sendable {
    public let secretKey: CurveSecretKey
    public let serverKey: CurvePublicKey

    /// - Parameters:
    ///   - secretKey: The worker's.
    ///   - serverKey: The sentinel's.
    public init(secretKey: CurveSecretKey, serverKey: CurvePublicKey) {
        self.secretKey = secretKey
        self.serverKey = serverKey
    }
}

/// A connection that did not come about, or a message that was not heard, because of who the other side is.
public struct RefusedPeer: Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        /// The sentinel does not allow the worker's key.
        case keyNotAllowed
        /// It was allowed when the worker connected.
        case keyRevoked
        /// One side has keys and the other has none, or another mechanism.
        case otherMechanism
        /// The worker has another public key for the sentinel.
        case wrongServerKey
        /// What came is not the protocol of ZeroMQ.
        case brokenProtocol
        /// The other side went away during the handshake: a sentinel that a worker has the wrong key for, a peer with
        /// another mechanism that noticed first, or one that ended.
        case brokenOff
    }

    public var reason: Reason
    /// Where it is known.
    public var key: CurvePublicKey?
    /// The other side's, where it is known.
    public var address: String?
    /// How many this end has refused, or was refused, this one included.
    public var count: Int
}

/// Counts refusals and tells of them.
struct Refusals {
    private let report: @Sendable (RefusedPeer) -> Void
    private var count = 0

    init(report: @escaping @Sendable (RefusedPeer) -> Void) { self.report = report }

    mutating func add(_ reason: RefusedPeer.Reason, key: CurvePublicKey? = nil, address: String? = nil) {
        count += 1
        report(RefusedPeer(reason: reason, key: key, address: address, count: count))
    }
}
