import CasparianTransport
import Testing

/// What every transport does; run against each implementation.
public struct TransportBehaviour: Sendable {
    /// A sentinel's end and a way to make workers' ends.
    public struct Pair: Sendable {
        public let server: any MessageTransport
        public let connect: @Sendable (PeerIdentity) throws -> any MessageTransport

        public init(
            server: any MessageTransport, connect: @escaping @Sendable (PeerIdentity) throws -> any MessageTransport
        ) {
            self.server = server
            self.connect = connect
        }
    }

    private let makePair: @Sendable () throws -> Pair

    public init(makePair: @escaping @Sendable () throws -> Pair) { self.makePair = makePair }

    public func checkAll() async throws {
        try await ordersMessages()
        try await tellsOfConnections()
        try await dropsMessagesToUnknownPeers()
        try await losesNothingToALaggingReader()
        try await endsOnClose()
    }

    /// Thousands of messages arrive once each and in order, both ways.
    public func ordersMessages() async throws {
        let pair = try makePair()
        let client = try pair.connect(PeerIdentity("w-1"))
        let count = 5000
        async let sending: Void = {
            for number in 0..<count { try await client.send([Array("\(number)".utf8), []], to: .sentinel) }
        }()
        var seen = 0
        for try await message in Messages(pair.server) {
            #expect(message.peer == PeerIdentity("w-1"))
            #expect(message.frames == [Array("\(seen)".utf8), []])
            seen += 1
            if seen == count { break }
        }
        try await sending
        try await pair.server.send([[1], [2]], to: PeerIdentity("w-1"))
        for try await message in Messages(client) {
            #expect(message == TransportMessage(peer: .sentinel, frames: [[1], [2]]))
            break
        }
        await client.close()
        await pair.server.close()
    }

    /// A worker learns that the connection stands; the sentinel, that a peer which spoke is gone.
    public func tellsOfConnections() async throws {
        let pair = try makePair()
        let client = try pair.connect(PeerIdentity("w-1"))
        var news = client.incoming.makeAsyncIterator()
        #expect(await news.next()?.first?.content == .connected)
        try await client.send([[1], [2]], to: .sentinel)
        var incoming = pair.server.incoming.makeAsyncIterator()
        #expect(await incoming.next() == [TransportMessage(peer: PeerIdentity("w-1"), frames: [[1], [2]])])
        await client.close()
        #expect(await incoming.next() == [TransportMessage(peer: PeerIdentity("w-1"), content: .disconnected)])
        await pair.server.close()
    }

    public func dropsMessagesToUnknownPeers() async throws {
        let pair = try makePair()
        try await pair.server.send([[1], [2]], to: PeerIdentity("nobody"))
        let client = try pair.connect(PeerIdentity("w-1"))
        try await client.send([[3], [4]], to: .sentinel)
        for try await message in Messages(pair.server) {
            #expect(message.frames == [[3], [4]])
            break
        }
        await client.close()
        await pair.server.close()
    }

    /// More messages than all queues hold arrive in order: the sender is held up, nothing is dropped.
    public func losesNothingToALaggingReader() async throws {
        let pair = try makePair()
        let client = try pair.connect(PeerIdentity("w-1"))
        let count = 8 * TransportLimits.queuedMessagesMax
        let sender = Task {
            for number in 0..<count { try await client.send([Array("\(number)".utf8), []], to: .sentinel) }
        }
        var seen = 0
        for try await message in Messages(pair.server) {
            #expect(message.frames.first == Array("\(seen)".utf8))
            seen += 1
            if seen == count { break }
        }
        try await sender.value
        #expect(seen == count)
        await client.close()
        await pair.server.close()
    }

    /// Closing ends `incoming` and lets senders go, also under load.
    public func endsOnClose() async throws {
        let pair = try makePair()
        let client = try pair.connect(PeerIdentity("w-1"))
        let sender = Task {
            while true { try await client.send([[1], [2]], to: .sentinel) }
        }
        var batches = 0
        for await _ in pair.server.incoming {
            batches += 1
            if batches == 3 { break }
        }
        await client.close()
        await pair.server.close()
        await #expect(throws: TransportError.self) { try await sender.value }
        for await _ in pair.server.incoming { Issue.record("a closed end still receives") }
    }
}

/// The messages of an end one by one, without news of connections.
public struct Messages: AsyncSequence {
    private let transport: any MessageTransport

    public init(_ transport: any MessageTransport) { self.transport = transport }

    public struct AsyncIterator: AsyncIteratorProtocol {
        var batches: TransportBatches.AsyncIterator
        var waiting: ArraySlice<TransportMessage> = []

        public mutating func next() async throws -> TransportMessage? {
            while waiting.isEmpty {
                guard let batch = await batches.next() else { return nil }
                waiting = batch.filter { !$0.frames.isEmpty }[...]
            }
            return waiting.removeFirst()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(batches: transport.incoming.makeAsyncIterator())
    }
}
