import Foundation

/// A port of 127.0.0.1 for a server that cannot choose one by itself and say which.
public enum FreePort {
    struct NoneLeft: Error {}

    /// Below those that the system gives to whoever connects: such a one could be taken before the server listens.
    private static let range = 20_000..<32_000

    public static func find() throws -> Int {
        for port in range.shuffled() where isFree(port) { return port }
        throw NoneLeft()
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
