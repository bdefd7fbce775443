import CasparianTransport
import CasparianWire
import Testing

@testable import ZeroMQTransport

@Suite(.timeLimit(.minutes(1))) struct ZeroMQTests {
    private func pair() throws -> (server: ZeroMQEndpoint, client: ZeroMQEndpoint) {
        let server = try ZeroMQServer.bind(address: "tcp://127.0.0.1:*")
        return (server, try ZeroMQClient.connect(address: server.address, identity: PeerIdentity("w-1")))
    }

    @Test("thousands of messages arrive once each and in order, both ways")
    func order() async throws {
        let (server, client) = try pair()
        let count = 5000
        async let sending: Void = {
            for number in 0..<count { try await client.send([Array("\(number)".utf8), []], to: .sentinel) }
        }()
        var seen = 0
        for await batch in server.incoming {
            for message in batch {
                #expect(message.peer == PeerIdentity("w-1"))
                #expect(message.frames.first == Array("\(seen)".utf8))
                seen += 1
            }
            if seen == count { break }
        }
        try await sending
        try await server.send([[1], [2]], to: PeerIdentity("w-1"))
        for await batch in client.incoming {
            #expect(batch == [TransportMessage(peer: .sentinel, frames: [[1], [2]])])
            break
        }
        await client.close()
        await server.close()
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
        let (server, client) = try pair()
        try await client.send([[UInt8](repeating: 1, count: 100 * 1024 * 1024)], to: .sentinel)
        let other = try ZeroMQClient.connect(address: server.address, identity: PeerIdentity("w-2"))
        try await other.send([[7]], to: .sentinel)
        for await batch in server.incoming {
            #expect(batch == [TransportMessage(peer: PeerIdentity("w-2"), frames: [[7]])])
            break
        }
        await client.close()
        await other.close()
        await server.close()
    }

    @Test("closing ends incoming and lets senders go, also under load")
    func closing() async throws {
        let (server, client) = try pair()
        let sender = Task {
            while true { try await client.send([[1], [2]], to: .sentinel) }
        }
        var batches = 0
        for await _ in server.incoming {
            batches += 1
            if batches == 3 { break }
        }
        await client.close()
        await server.close()
        await #expect(throws: TransportError.self) { try await sender.value }
        for await _ in server.incoming { Issue.record("a closed end still receives") }
    }
}
