import CasparianModel
import Columnar
import Crypto
import Dispatch

/// SHA-256 of what a reader reads, made on the way, so that the file is read once.
final class ReadDigest: ByteObserver, @unchecked Sendable {
    // Sendable because the hasher is used by one thread at a time: `see` is called one call at a time by contract, and
    // from the first block that is handed over on only `queue`, which is serial, touches it until `finish` has emptied it.

    /// Blocks that wait for the hashing thread at most, each as long as a read: 1 MiB.
    private static let blocksAheadMax = 4
    /// Bytes from which on another thread hashes: a small file is not worth waking it.
    private static let handedOverFromBytes = 1 << 20

    private let handsOver: Bool
    private let queue = DispatchQueue(label: "casparian.read-digest")
    private let room = DispatchSemaphore(value: blocksAheadMax)
    private var hasher = SHA256()
    private var seenBytes = 0

    /// - Parameter handsOver: Another thread hashes; for a reader that parses on the thread it reads on.
    init(handsOver: Bool) { self.handsOver = handsOver }

    func see(_ bytes: UnsafeRawBufferPointer) {
        seenBytes += bytes.count
        guard handsOver, seenBytes > Self.handedOverFromBytes else { return hasher.update(bufferPointer: bytes) }
        let copy = [UInt8](bytes)
        room.wait()
        queue.async {
            self.hasher.update(data: copy)
            self.room.signal()
        }
    }

    /// After the last byte was seen.
    func finish() -> ContentHash { queue.sync { ContentHash(digest: hasher.finalize()) } }
}
