import CasparianTestKit
import CasparianTransport
import Synchronization
import Testing

@testable import ZeroMQTransport

/// Real sockets with keys: who has the right ones gets in, everybody else gets nothing and is counted.
@Suite(.timeLimit(.minutes(30))) struct CurveTests {
    private let sentinel: CurveSecretKey
    private let worker: CurveSecretKey
    private let refused = Collected()

    init() throws {
        sentinel = try CurveSecretKey.generate()
        worker = try CurveSecretKey.generate()
    }

    private func bind(allowing: [CurvePublicKey]) throws -> ZeroMQEndpoint {
        try ZeroMQServer.bind(
            address: "tcp://127.0.0.1:*",
            security: CurveServerSecurity(secretKey: sentinel) { allowing.contains($0) }
        ) { [refused] in refused.add($0) }
    }

    private func connect(
        _ address: String, _ name: String = "w-1", secret: CurveSecretKey? = nil, server: CurvePublicKey? = nil,
        told: Collected = Collected()
    ) throws -> ZeroMQEndpoint {
        try ZeroMQClient.connect(
            address: address, identity: PeerIdentity(name),
            security: CurveClientSecurity(secretKey: secret ?? worker, serverKey: server ?? sentinel.publicKey)
        ) { told.add($0) }
    }

    /// The intruder speaks first and is turned away; then the right worker is heard first, and nobody else.
    ///
    /// Of two sides with different mechanisms, one notices first and goes away; the other may only see that.
    private func checkTurnedAway(
        _ server: ZeroMQEndpoint, _ intruder: ZeroMQEndpoint, _ reasons: RefusedPeer.Reason..., told: Collected? = nil
    ) async throws {
        let news = Task { await intruder.incoming.reduce(into: []) { $0 += $1 } }
        try await intruder.send([[6], [6]], to: .sentinel)
        #expect(await refused.first { reasons.contains($0.reason) } != nil)
        if let told { #expect(await told.first { reasons.contains($0.reason) } != nil) }
        let other = try connect(server.address, "w-2")
        try await other.send([[1], [2]], to: .sentinel)
        for try await message in Messages(server) {
            #expect(message == TransportMessage(peer: PeerIdentity("w-2"), frames: [[1], [2]]))
            break
        }
        // To its identity, which nobody holds; then to one that is there.
        try await server.send([[3], [4]], to: PeerIdentity("w-1"))
        try await server.send([[5], [6]], to: PeerIdentity("w-2"))
        for try await message in Messages(other) {
            #expect(message.frames == [[5], [6]])
            break
        }
        await intruder.close()
        #expect(await news.value == [])
        await other.close()
        await server.close()
    }

    @Test func `No public key begins with a dash, which commands would take for an option`() throws {
        for _ in 0..<1_000 { #expect(try !CurveSecretKey.generate().publicKey.text.hasPrefix("-")) }
    }

    @Test func `With keys a transport does what every transport does`() async throws {
        try await TransportBehaviour { [self] in
            let server = try bind(allowing: [worker.publicKey])
            return TransportBehaviour.Pair(server: server) { identity in
                try ZeroMQClient.connect(
                    address: server.address, identity: identity,
                    security: CurveClientSecurity(secretKey: worker, serverKey: sentinel.publicKey))
            }
        }.checkAll()
    }

    @Test func `A worker whose key is not allowed gets nothing and is not heard`() async throws {
        let server = try bind(allowing: [worker.publicKey])
        let stranger = try CurveSecretKey.generate()
        let told = Collected()
        let intruder = try connect(server.address, secret: stranger, told: told)
        try await checkTurnedAway(server, intruder, .keyNotAllowed, told: told)
        let peer = try #require(refused.all.first)
        #expect(peer.key == stranger.publicKey && peer.address == "127.0.0.1" && peer.count == 1)
    }

    @Test func `A worker with a wrong key for the sentinel gets nothing and is not heard`() async throws {
        let server = try bind(allowing: [worker.publicKey])
        let wrong = try CurveSecretKey.generate().publicKey
        try await checkTurnedAway(server, connect(server.address, server: wrong), .wrongServerKey)
    }

    @Test func `A worker without keys gets nothing and is not heard`() async throws {
        let server = try bind(allowing: [worker.publicKey])
        let told = Collected()
        let plain = try ZeroMQClient.connect(address: server.address, identity: PeerIdentity("w-1")) { told.add($0) }
        try await checkTurnedAway(server, plain, .otherMechanism, .brokenOff, told: told)
    }

    @Test func `A worker with keys gets nothing from a socket without`() async throws {
        let server = try ZeroMQServer.bind(address: "tcp://127.0.0.1:*") { [refused] in refused.add($0) }
        let secured = try connect(server.address)
        let news = Task { await secured.incoming.reduce(into: []) { $0 += $1 } }
        try await secured.send([[6], [6]], to: .sentinel)
        #expect(await refused.first { [.otherMechanism, .brokenOff].contains($0.reason) } != nil)
        let plain = try ZeroMQClient.connect(address: server.address, identity: PeerIdentity("w-2"))
        try await plain.send([[1], [2]], to: .sentinel)
        for try await message in Messages(server) {
            #expect(message.peer == PeerIdentity("w-2"))
            break
        }
        await secured.close()
        #expect(await news.value == [])
        await plain.close()
        await server.close()
    }

    @Test func `A worker that is let in later gets in by itself`() async throws {
        let isAllowed = Flag()
        let server = try ZeroMQServer.bind(
            address: "tcp://127.0.0.1:*", security: CurveServerSecurity(secretKey: sentinel) { _ in isAllowed.isRaised }
        ) { [refused] in refused.add($0) }
        let client = try connect(server.address)
        #expect(await refused.first { $0.reason == .keyNotAllowed } != nil)
        isAllowed.raise()
        // What is sent before goes down with a connection that was refused.
        for await batch in client.incoming where batch.contains(where: { $0.content == .connected }) { break }
        try await client.send([[1], [2]], to: .sentinel)
        for try await message in Messages(server) {
            #expect(message.frames == [[1], [2]])
            break
        }
        await client.close()
        await server.close()
    }

    @Test func `A worker whose key is revoked is no longer heard and counts as gone`() async throws {
        let isRevoked = Flag()
        let server = try ZeroMQServer.bind(
            address: "tcp://127.0.0.1:*",
            security: CurveServerSecurity(secretKey: sentinel) { _ in !isRevoked.isRaised }
        ) { [refused] in refused.add($0) }
        let client = try connect(server.address)
        var incoming = server.incoming.makeAsyncIterator()
        try await client.send([[1], [2]], to: .sentinel)
        #expect(await incoming.next() == [TransportMessage(peer: PeerIdentity("w-1"), frames: [[1], [2]])])
        isRevoked.raise()
        try await client.send([[3], [4]], to: .sentinel)
        #expect(await incoming.next() == [TransportMessage(peer: PeerIdentity("w-1"), content: .disconnected)])
        #expect(await refused.first { $0.reason == .keyRevoked }?.key == worker.publicKey)
        await client.close()
        await server.close()
    }

    @Test func `Peers of the old protocols, which know no keys, and noise get nothing`() async throws {
        let server = try bind(allowing: [worker.publicKey])
        let port = server.address.split(separator: ":").last.map(String.init) ?? ""
        // What each gets before it is cut off is the server's own greeting at most: never a frame.
        let answers = try Python.run(
            """
            import socket, sys
            greetings = {
                "ZMTP 1.0": b"\\x05\\x00w-1x" + b"\\x03\\x00hi",
                "ZMTP 2.0": b"\\xff\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x04\\x7f\\x01\\x05\\x00\\x03w-1\\x00\\x02hi",
                "NULL": b"\\xff" + bytes(8) + b"\\x7f\\x03\\x00NULL" + bytes(16) + bytes(32),
                "HTTP": b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" + bytes(64),
            }
            for name, greeting in greetings.items():
                with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as peer:
                    peer.settimeout(240)
                    peer.sendall(greeting)
                    got = b""
                    try:
                        while part := peer.recv(4096):
                            got += part
                    except ConnectionError:
                        pass
                    print(name, len(got) <= 64)
            """, port)
        #expect(answers == "ZMTP 1.0 True\nZMTP 2.0 True\nNULL True\nHTTP True")
        try await checkTurnedAway(
            server, connect(server.address, server: CurveSecretKey.generate().publicKey), .wrongServerKey)
    }

    @Test func `Keys are 40 characters of Z85, and nothing else is one`() throws {
        #expect(CurvePublicKey(worker.publicKey.text) == worker.publicKey)
        #expect(CurveSecretKey(worker.exposedText) == worker)
        for text in ["", "short", String(repeating: "a", count: 41), String(repeating: "\"", count: 40)] {
            #expect(CurvePublicKey(text) == nil && CurveSecretKey(text) == nil)
        }
    }
}

/// What a socket's thread told.
private final class Collected: Sendable {
    private struct State {
        var peers: [RefusedPeer] = []
        var waiter: (wanted: @Sendable (RefusedPeer) -> Bool, continuation: CheckedContinuation<RefusedPeer?, Never>)?
    }

    private let state = Mutex(State())

    var all: [RefusedPeer] { state.withLock { $0.peers } }

    func add(_ peer: RefusedPeer) {
        let waiter = state.withLock { state -> CheckedContinuation<RefusedPeer?, Never>? in
            state.peers.append(peer)
            guard let waiter = state.waiter, waiter.wanted(peer) else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume(returning: peer)
    }

    /// Waits for one that was wanted; one caller at a time.
    func first(where wanted: @escaping @Sendable (RefusedPeer) -> Bool) async -> RefusedPeer? {
        await withCheckedContinuation { continuation in
            let (isThere, found) = state.withLock { state -> (Bool, RefusedPeer?) in
                if let found = state.peers.first(where: wanted) { return (true, found) }
                state.waiter = (wanted, continuation)
                return (false, nil)
            }
            if isThere { continuation.resume(returning: found) }
        }
    }
}
