import Testing

@testable import CasparianCLI

@Suite struct AddressTests {
    @Test(arguments: [
        "tcp://127.0.0.1:5555", "tcp://127.8.9.10:*", "tcp://localhost:1", "tcp://[::1]:5555", "ipc:///run/casparian",
        "inproc://here", "tcp://127.0.0.1:0;127.0.0.1:5555",
    ])
    func `Loopback and sockets of this machine are local`(address: String) { #expect(Address.isLocal(address)) }

    @Test(arguments: [
        "tcp://*:5555", "tcp://0.0.0.0:5555", "tcp://10.0.0.5:5555", "tcp://eth0:5555", "tcp://[::]:5555",
        "tcp://[::ffff:127.0.0.1]:5555", "tcp://127.example.org:5555", "tcp://127.1:5555", "tcp://localhost.evil.org:1",
        "tcp://127.0.0.1:0;10.0.0.5:5555", "tcp://10.0.0.5", "ws://127.0.0.1:80", "tcp://",
    ])
    func `Everything else can lead to other machines`(address: String) { #expect(!Address.isLocal(address)) }
}
