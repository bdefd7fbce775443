/// Messages between one sentinel and its workers: lists of frames (docs/wire-protocol.md gives their meaning).
///
/// Implementations: `InProcessTransport` here, ZeroMQ in `ZeroMQTransport`. All of them pass one conformance suite.

/// What comes in: a message, or news of a connection.
public struct TransportMessage: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case frames([[UInt8]])
        /// The connection to the peer stands (told to workers only).
        case connected
        /// The connection to the peer is gone; it may come back by itself. On the sentinel's side only for peers that
        /// have sent something.
        case disconnected
    }

    /// Who sent it; on the worker's side always the sentinel.
    public var peer: PeerIdentity
    public var content: Content

    public init(peer: PeerIdentity, content: Content) {
        self.peer = peer
        self.content = content
    }

    public init(peer: PeerIdentity, frames: [[UInt8]]) { self.init(peer: peer, content: .frames(frames)) }

    /// Empty for news of a connection.
    public var frames: [[UInt8]] {
        if case .frames(let frames) = content { frames } else { [] }
    }
}

/// The identity a peer's socket has: opaque bytes.
public struct PeerIdentity: Hashable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public init(_ text: String) { self.bytes = Array(text.utf8) }
    /// The worker's only peer.
    public static let sentinel = PeerIdentity([])

    /// Printable ASCII as it is, anything else in hex.
    public var description: String {
        if bytes.allSatisfy({ (33...126).contains($0) }) { return String(decoding: bytes, as: UTF8.self) }
        let digits = Array("0123456789abcdef")
        return "0x" + String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

/// One end: the sentinel's (many peers) or a worker's (one peer).
public protocol MessageTransport: Sendable {
    /// What arrives, in lists: everything that was waiting when the reader came back, at least one, at most
    /// `TransportLimits.messagesPerBatchMax`. Ends after `close()`. One reader only.
    ///
    /// A reader that lags makes the sender's queue fill, not this one grow.
    var incoming: TransportBatches { get }

    /// Queues a message to a peer; returns when it is queued, which waits while the outgoing queue is full.
    ///
    /// A peer that is gone drops it silently, as ZeroMQ's ROUTER does; leases notice.
    /// - Throws: `TransportError` when the transport is closed.
    func send(_ frames: [[UInt8]], to peer: PeerIdentity) async throws

    /// Closes; `incoming` ends. Safe to call twice and while `send` waits.
    ///
    /// - Parameter linger: How long what is queued already may take to leave; zero drops it.
    func close(linger: Duration) async
}

extension MessageTransport {
    /// Closes at once; what is queued is dropped.
    public func close() async { await close(linger: .zero) }
}

/// The lists of messages that arrive at one end.
public struct TransportBatches: AsyncSequence, Sendable {
    public typealias Element = [TransportMessage]
    public typealias Failure = Never
    private let next: @Sendable () async -> [TransportMessage]?

    /// - Parameter next: Waits for at least one message; nil once closed or the task is cancelled.
    public init(next: @escaping @Sendable () async -> [TransportMessage]?) { self.next = next }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let nextBatch: @Sendable () async -> [TransportMessage]?
        public mutating func next() async -> [TransportMessage]? { await nextBatch() }
        public mutating func next(isolation actor: isolated (any Actor)?) async -> [TransportMessage]? {
            await nextBatch()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(nextBatch: next) }
}

/// Bounds that every transport keeps.
public enum TransportLimits {
    /// Messages handed over at once.
    public static let messagesPerBatchMax = 512
    /// Messages that wait in each direction before the other side is slowed.
    public static let queuedMessagesMax = 4096
    /// Bytes of one frame; a peer that sends more is cut off by the transport.
    public static let frameBytesMax = 17 * 1024 * 1024
}

/// A transport could not be opened or is closed.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Kind { case addressInUse, invalidAddress, closed, system }
        private let kind: Kind
        public static let addressInUse = Code(kind: .addressInUse)
        public static let invalidAddress = Code(kind: .invalidAddress)
        public static let closed = Code(kind: .closed)
        public static let system = Code(kind: .system)
    }

    public let code: Code
    public let address: String
    /// The reason and the next step.
    public let message: String

    public init(code: Code, address: String, message: String) {
        self.code = code
        self.address = address
        self.message = message
    }

    public var description: String { "\(address): \(message)" }
}
