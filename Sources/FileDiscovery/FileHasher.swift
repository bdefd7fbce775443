import CasparianModel
import Crypto
import Foundation

/// A file's content at one moment: the size and time belong to exactly the bytes that were hashed.
public struct HashedFile: Hashable, Sendable {
    public let contentHash: ContentHash
    public let sizeBytes: Int64
    public let modified: Timestamp
    public let stamp: FileStamp
}

/// SHA-256 of a file's bytes, streamed.
public enum FileHasher {
    /// Bytes read at once.
    static let blockBytes = 1 << 20
    /// Longest wait for the file system's clock to move on. It ticks at least every 10 ms.
    static let tickWaitMillisecondsMax = 20

    /// - Throws: `DiscoveryError` that names the file when it cannot be read or changes meanwhile.
    public static func hash(path: String) throws(DiscoveryError) -> ContentHash { try read(path: path).contentHash }

    /// - Throws: `DiscoveryError` that names the file when it cannot be read, is no regular file or changes meanwhile.
    public static func read(path: String) throws(DiscoveryError) -> HashedFile {
        // Without O_NONBLOCK a pipe that took the file's place would block for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw DiscoveryError.system(path) }
        defer { close(descriptor) }
        let before = try settledStatus(descriptor, path)
        guard before.st_mode & S_IFMT == S_IFREG else {
            throw DiscoveryError(path: path, message: "is not a regular file any more; the next scan looks again")
        }
        let hash = try digest(descriptor, path, sizeBytes: Int(before.st_size))
        let after = try status(descriptor, path)
        guard let hash, FileStamp(after) == FileStamp(before) else {
            throw DiscoveryError(path: path, message: "changes while it is read; the next scan looks again")
        }
        return HashedFile(
            contentHash: hash, sizeBytes: Int64(after.st_size), modified: Timestamp(after.st_mtim),
            stamp: FileStamp(after))
    }

    /// Nil if there are more bytes than there should be; it could grow for ever.
    private static func digest(
        _ descriptor: Int32, _ path: String, sizeBytes: Int
    ) throws(DiscoveryError) -> ContentHash? {
        var remaining = sizeBytes
        var hasher = SHA256()
        var block = [UInt8](repeating: 0, count: min(blockBytes, max(sizeBytes + 1, 4096)))
        while true {
            let count = block.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw DiscoveryError.system(path)
            }
            if count == 0 { break }
            remaining -= count
            guard remaining >= 0 else { return nil }
            block.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        return ContentHash(digest: hasher.finalize())
    }

    private static func status(_ descriptor: Int32, _ path: String) throws(DiscoveryError) -> stat {
        var result = stat()
        guard fstat(descriptor, &result) == 0 else { throw DiscoveryError.system(path) }
        return result
    }

    /// The file's status once the file system's clock is past the times of its last write and change.
    ///
    /// That clock moves in ticks of some milliseconds. A file that is written again within the tick of its last write
    /// keeps its time, and if it keeps its size too, no later scan could see the change.
    private static func settledStatus(_ descriptor: Int32, _ path: String) throws(DiscoveryError) -> stat {
        for _ in 0..<tickWaitMillisecondsMax {
            let current = try status(descriptor, path)
            var clock = timespec()
            clock_gettime(CLOCK_REALTIME_COARSE, &clock)
            // Whoever sets the modification time cannot set that of the change.
            let isThisTick = [current.st_mtim, current.st_ctim].contains {
                clock.tv_sec == $0.tv_sec && clock.tv_nsec <= $0.tv_nsec
            }
            guard isThisTick else { return current }
            usleep(1000)
        }
        return try status(descriptor, path)
    }
}

extension FileStamp {
    init(_ status: stat) {
        self.init(
            device: Int64(truncatingIfNeeded: status.st_dev), inode: Int64(truncatingIfNeeded: status.st_ino),
            sizeBytes: Int64(status.st_size), modifiedNanoseconds: Self.nanoseconds(status.st_mtim),
            changedNanoseconds: Self.nanoseconds(status.st_ctim))
    }

    /// Times beyond the years 1678 to 2262 wrap: they stay different.
    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

extension Timestamp {
    init(_ time: timespec) { self.init(seconds: time.tv_sec, nanoseconds: time.tv_nsec) }
}
