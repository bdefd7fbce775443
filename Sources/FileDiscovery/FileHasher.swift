import CasparianModel
import Crypto
import Foundation

/// SHA-256 of a file's bytes, streamed.
public enum FileHasher {
    /// Bytes read at once.
    static let blockBytes = 1 << 20

    /// - Throws: `DiscoveryError` that names the file when it cannot be read or changes meanwhile.
    public static func hash(path: String) throws -> ContentHash {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiscoveryError.system(path) }
        defer { close(descriptor) }
        var before = stat()
        guard fstat(descriptor, &before) == 0 else { throw DiscoveryError.system(path) }
        var hasher = SHA256()
        var block = [UInt8](repeating: 0, count: min(Self.blockBytes, max(Int(before.st_size) + 1, 4096)))
        while true {
            let count = block.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw DiscoveryError.system(path)
            }
            if count == 0 { break }
            block.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        var after = stat()
        guard fstat(descriptor, &after) == 0, after.st_size == before.st_size,
            after.st_mtim.tv_sec == before.st_mtim.tv_sec, after.st_mtim.tv_nsec == before.st_mtim.tv_nsec
        else {
            throw DiscoveryError(path: path, message: "changes while it is read; the next scan looks again")
        }
        return ContentHash(digest: hasher.finalize())
    }
}

/// A file or folder could not be looked at.
public struct DiscoveryError: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    public let message: String

    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    static func system(_ path: String) -> DiscoveryError {
        DiscoveryError(path: path, message: String(cString: strerror(errno)))
    }

    public var description: String { "\(path): \(message)" }
}
