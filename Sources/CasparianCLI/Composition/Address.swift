import Foundation

/// ZeroMQ addresses.
enum Address {
    /// True if nobody on another machine can reach it.
    static func isLocal(_ address: String) -> Bool {
        if address.hasPrefix("ipc://") || address.hasPrefix("inproc://") { return true }
        guard address.hasPrefix("tcp://") else {
            // No transport at all: the socket says so. Any other that libzmq may know leads to other machines.
            return !address.contains("://")
        }
        // A worker may name where it connects from: `tcp://source;destination`.
        let ends = address.dropFirst("tcp://".count).split(separator: ";", omittingEmptySubsequences: false)
        return ends.allSatisfy { end in
            guard let colon = end.lastIndex(of: ":") else { return false }
            return isLoopback(host: String(end[..<colon]))
        }
    }

    /// A name that only looks like an address (`127.example.org`) can be anybody's.
    private static func isLoopback(host: String) -> Bool {
        if host == "localhost" { return true }
        var four = in_addr()
        if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        guard host.hasPrefix("["), host.hasSuffix("]") else { return false }
        var six = in6_addr()
        guard inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &six) == 1 else { return false }
        let bytes = withUnsafeBytes(of: &six) { Array($0) }
        return bytes == [UInt8](repeating: 0, count: 15) + [1]
    }
}
