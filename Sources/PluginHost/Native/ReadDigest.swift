import CasparianModel
import Columnar
import Crypto
import Dispatch
import Synchronization

/// SHA-256 of what a reader reads, made on the way, so that the file is read once.
final class ReadDigest: ByteObserver {
    private struct State {
        var hasher = SHA256()
        var seenBytes = 0
        /// Blocks that the hashing thread has not taken yet, in order.
        var waiting: [[UInt8]] = []
    }

    /// Blocks that wait for the hashing thread at most, each as long as a read: 1 MiB.
    private static let blocksAheadMax = 4
    /// Bytes from which on another thread hashes: a small file is not worth waking it.
    private static let handedOverFromBytes = 1 << 20

    private let handsOver: Bool
    private let queue = DispatchQueue(label: "casparian.read-digest")
    // Created with 0, since one that is worth less than at its creation when it goes ends the process.
    private let room = DispatchSemaphore(value: 0)
    private let state = Mutex(State())
    /// Of the hashing thread, so that no one who hands over a block waits for the one before.
    private let hashing = Mutex(SHA256?.none)

    /// - Parameter handsOver: Another thread hashes; for a reader that parses on the thread it reads on.
    init(handsOver: Bool) {
        self.handsOver = handsOver
        for _ in 0..<Self.blocksAheadMax { room.signal() }
    }

    func see(_ bytes: UnsafeRawBufferPointer) {
        let isHandedOver = state.withLock { state in
            state.seenBytes += bytes.count
            guard handsOver, state.seenBytes > Self.handedOverFromBytes else {
                state.hasher.update(bufferPointer: bytes)
                return false
            }
            return true
        }
        guard isHandedOver else { return }
        room.wait()
        state.withLock { $0.waiting.append([UInt8](bytes)) }
        queue.async { self.hashNext() }
    }

    private func hashNext() {
        let (block, first) = state.withLock { ($0.waiting.removeFirst(), $0.hasher) }
        hashing.withLock { hasher in
            if hasher == nil { hasher = first }
            hasher?.update(data: block)
        }
        room.signal()
    }

    /// After the last byte was seen.
    func finish() -> ContentHash {
        queue.sync {}
        let digest = hashing.withLock { $0?.finalize() } ?? state.withLock { $0.hasher.finalize() }
        return ContentHash(digest: digest)
    }
}
