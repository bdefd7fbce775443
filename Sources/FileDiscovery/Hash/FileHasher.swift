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

/// SHA-256 of files' bytes, streamed through one buffer. For one thread.
public struct FileHasher: ~Copyable {
    /// Bytes read at once: small enough to be in the processor's cache when they are hashed.
    static let blockBytes = 1 << 18
    /// Files of this size and more are read ahead.
    static let readAheadBytes = 8 << 20
    /// Longest wait for the file system's clock to move on. It ticks at least every 10 ms.
    static let tickWaitMillisecondsMax = 20

    private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockBytes, alignment: 4096)

    public init() {}

    deinit { block.deallocate() }

    /// - Throws: `DiscoveryError` that names the file when it cannot be read or changes meanwhile.
    public static func hash(path: String) throws(DiscoveryError) -> ContentHash { try read(path: path).contentHash }

    /// A file by its absolute path; symbolic links are followed.
    ///
    /// - Throws: `DiscoveryError` that names the file when it cannot be read, is no regular file or changes meanwhile.
    public static func read(path: String) throws(DiscoveryError) -> HashedFile {
        // Without O_NONBLOCK a pipe that took the file's place would block for ever.
        let descriptor = PathText.withSystemPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw DiscoveryError.system(path, errno) }
        defer { close(descriptor) }
        return try FileHasher().read(descriptor, path)
    }

    /// A file below a root.
    ///
    /// - Throws: `DiscoveryError` that names the file when it cannot be read, is no regular file or changes meanwhile.
    public func read(_ relativePath: String, in root: RootFolder) throws(DiscoveryError) -> HashedFile {
        let descriptor = try root.open(relativePath, flags: O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
        defer { close(descriptor) }
        return try read(descriptor, root.place(relativePath))
    }

    private func read(_ descriptor: Int32, _ path: String) throws(DiscoveryError) -> HashedFile {
        let before = try Self.settledStatus(descriptor, path)
        guard before.st_mode & S_IFMT == S_IFREG else {
            throw DiscoveryError(path: path, message: "is not a regular file any more; the next scan looks again")
        }
        let hash = try digest(descriptor, path, sizeBytes: Int(before.st_size))
        let after = try Self.status(descriptor, path)
        guard let hash, FileStamp(after) == FileStamp(before) else {
            throw DiscoveryError(
                path: path, message: "changes while it is read; the next scan looks again", isChanging: true)
        }
        return HashedFile(
            contentHash: hash, sizeBytes: Int64(after.st_size), modified: Timestamp(after.st_mtim),
            stamp: FileStamp(after))
    }

    /// Nil if there are more bytes than there should be; it could grow for ever.
    private func digest(
        _ descriptor: Int32, _ path: String, sizeBytes: Int
    ) throws(DiscoveryError) -> ContentHash? {
        if sizeBytes > block.count { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
        if sizeBytes >= Self.readAheadBytes { return try digestAhead(descriptor, path, sizeBytes: sizeBytes) }
        var remaining = sizeBytes
        var hasher = SHA256()
        while true {
            let count = Foundation.read(descriptor, block.baseAddress, block.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw DiscoveryError.system(path, errno)
            }
            remaining -= count
            guard remaining >= 0 else { return nil }
            if count > 0 { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: block[..<count])) }
            // A regular file gives less than it was asked for at its end only.
            if count < block.count, remaining == 0 || count == 0 { break }
        }
        return hasher.finalize().withUnsafeBytes { ContentHash(digest: $0) }
    }

    /// The same for a big file: it is read on another thread, since copying takes a fifth of the time of hashing.
    private func digestAhead(
        _ descriptor: Int32, _ path: String, sizeBytes: Int
    ) throws(DiscoveryError) -> ContentHash? {
        var remaining = sizeBytes
        var hasher = SHA256()
        let code = ReadAhead(descriptor).forEach { block in
            remaining -= block.count
            if remaining >= 0 { hasher.update(bufferPointer: block) }
            return remaining >= 0
        }
        guard code == 0 else { throw DiscoveryError.system(path, code) }
        guard remaining >= 0 else { return nil }
        return hasher.finalize().withUnsafeBytes { ContentHash(digest: $0) }
    }

    private static func status(_ descriptor: Int32, _ path: String) throws(DiscoveryError) -> stat {
        var result = stat()
        guard fstat(descriptor, &result) == 0 else { throw DiscoveryError.system(path, errno) }
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
