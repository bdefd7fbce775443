/// ZeroMQ addresses.
enum Address {
    /// True if nobody on another machine can reach it.
    static func isLoopback(_ address: String) -> Bool {
        guard address.hasPrefix("tcp://") else { return true }
        let host = address.dropFirst("tcp://".count)
        return host.hasPrefix("127.") || host.hasPrefix("localhost:") || host.hasPrefix("[::1]")
    }
}
