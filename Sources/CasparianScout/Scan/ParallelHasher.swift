import Dispatch
import FileDiscovery
import Foundation
import Synchronization

/// Hashes many files on a few threads of its own, so that slow disks do not hold up the tasks of this process.
enum ParallelHasher {
    /// Files at once.
    static var width: Int { min(max(ProcessInfo.processInfo.activeProcessorCount, 1), 8) }
    /// Files that a thread takes at once: small ones take less time than the taking.
    private static let handful = 16

    /// - Returns: A result for each path, in the same order.
    static func hash(_ paths: [String], in root: RootFolder) async -> [Result<HashedFile, DiscoveryError>] {
        guard !paths.isEmpty else { return [] }
        let queue = DispatchQueue(label: "casparian.hash")
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: hashNow(paths, root)) }
        }
    }

    private static func hashNow(_ paths: [String], _ root: RootFolder) -> [Result<HashedFile, DiscoveryError>] {
        let next = Atomic(0)
        let results = Mutex<[Result<HashedFile, DiscoveryError>?]>(Array(repeating: nil, count: paths.count))
        let step = paths.count > width * handful ? handful : 1
        DispatchQueue.concurrentPerform(iterations: min(width, paths.count)) { _ in
            let hasher = FileHasher()
            while true {
                let first = next.wrappingAdd(step, ordering: .relaxed).oldValue
                guard first < paths.count else { return }
                let range = first..<min(first + step, paths.count)
                let done = range.map { number in
                    Result { () throws(DiscoveryError) in try hasher.read(paths[number], in: root) }
                }
                results.withLock { results in for (number, result) in zip(range, done) { results[number] = result } }
            }
        }
        return results.withLock { $0.compactMap { $0 } }
    }
}
