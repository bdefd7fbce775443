import CasparianTestKit
import CasparianTransport
import Testing

@testable import ZeroMQTransport

/// The limit is for tests that hang.
@Suite(.timeLimit(.minutes(30))) struct ZeroMQTests {
    @Test("ZeroMQ does what every transport does")
    func conformance() async throws {
        try await TransportBehaviour {
            let server = try ZeroMQServer.bind(address: "tcp://127.0.0.1:*")
            return TransportBehaviour.Pair(server: server) { identity in
                try ZeroMQClient.connect(address: server.address, identity: identity)
            }
        }.checkAll()
    }

    @Test("the in-process transport does what every transport does")
    func inProcess() async throws {
        try await TransportBehaviour {
            let hub = InProcessTransport()
            return TransportBehaviour.Pair(server: hub.server) { hub.connect(identity: $0) }
        }.checkAll()
    }

    @Test("an address in use is named with what to do")
    func addressInUse() async throws {
        let server = try ZeroMQServer.bind(address: "tcp://127.0.0.1:*")
        let error = #expect(throws: TransportError.self) { _ = try ZeroMQServer.bind(address: server.address) }
        #expect(error?.code == .addressInUse)
        #expect(error?.message.contains("--bind") == true)
        await server.close()
    }

    @Test("a frame of 100 MB cuts its sender off and leaves the server working")
    func hugeFrame() async throws {
        let server = try ZeroMQServer.bind(address: "tcp://127.0.0.1:*")
        let client = try ZeroMQClient.connect(address: server.address, identity: PeerIdentity("w-1"))
        try await client.send([[UInt8](repeating: 1, count: 100 * 1024 * 1024)], to: .sentinel)
        let other = try ZeroMQClient.connect(address: server.address, identity: PeerIdentity("w-2"))
        try await other.send([[7]], to: .sentinel)
        for try await message in Messages(server) {
            #expect(message == TransportMessage(peer: PeerIdentity("w-2"), frames: [[7]]))
            break
        }
        await client.close()
        await other.close()
        await server.close()
    }

    @Test("a worker that was sent too large a frame connects again")
    func hugeFrameToWorker() async throws {
        let server = try ZeroMQServer.bind(address: "tcp://127.0.0.1:*")
        let client = try ZeroMQClient.connect(address: server.address, identity: PeerIdentity("w-1"))
        try await client.send([[1], []], to: .sentinel)
        for try await _ in Messages(server) { break }
        try await server.send([[UInt8](repeating: 1, count: 100 * 1024 * 1024)], to: PeerIdentity("w-1"))
        var news: [TransportMessage.Content] = []
        for await batch in client.incoming {
            news += batch.map(\.content)
            if news.count >= 3 { break }
        }
        #expect(news == [.connected, .disconnected, .connected])
        try await client.send([[2], []], to: .sentinel)
        for try await message in Messages(server) {
            #expect(message == TransportMessage(peer: PeerIdentity("w-1"), frames: [[2], []]))
            break
        }
        await client.close()
        await server.close()
    }

    @Test("what is queued before closing leaves within the time to linger")
    func linger() async throws {
        let server = try ZeroMQServer.bind(address: "tcp://127.0.0.1:*")
        let client = try ZeroMQClient.connect(address: server.address, identity: PeerIdentity("w-1"))
        let count = 1000
        for number in 0..<count { try await client.send([Array("\(number)".utf8), []], to: .sentinel) }
        await client.close(linger: .seconds(120))
        var seen = 0
        for try await _ in Messages(server) {
            seen += 1
            if seen == count { break }
        }
        #expect(seen == count)
        await server.close()
    }

    @Test("a connection that took over a descriptor is not taken for the one that closed it")
    func reusedDescriptor() {
        var connections = PeerConnections()
        let first = TransportMessage(peer: PeerIdentity("a"), frames: [[1], [2]])
        let second = TransportMessage(peer: PeerIdentity("b"), frames: [[1], [2]])
        let lost = TransportMessage(peer: PeerIdentity("a"), content: .disconnected)
        #expect(connections.merge([first], origins: [9], news: [.accepted(9)]) == [first])
        #expect(connections.merge([second], origins: [9], news: [.closed(9), .accepted(9)]) == [second, lost])
        #expect(
            connections.merge([], origins: [], news: [.closed(9)])
                == [TransportMessage(peer: PeerIdentity("b"), content: .disconnected)])
    }

    @Test("a peer that came back over another connection is not lost with the old one")
    func reconnected() {
        var connections = PeerConnections()
        let message = TransportMessage(peer: PeerIdentity("a"), frames: [[1], [2]])
        _ = connections.merge([message], origins: [9], news: [])
        _ = connections.merge([message], origins: [10], news: [])
        #expect(connections.merge([], origins: [], news: [.closed(9)]).isEmpty)
        #expect(connections.merge([], origins: [], news: [.closed(10)]).count == 1)
    }
}
