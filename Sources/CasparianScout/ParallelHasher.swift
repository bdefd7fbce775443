import Dispatch
import FileDiscovery
import Foundation
import Synchronization

/// Hashes many files on a few threads of its own, so that slow disks do not hold up the tasks of this process.
enum ParallelHasher {
    /// Files at once.
    static var width: Int { min(max(ProcessInfo.processInfo.activeProcessorCount, 1), 8) }

    /// - Returns: A result for each path, in the same order.
    static func hash(_ paths: [String], below root: String) async -> [Result<HashedFile, DiscoveryError>] {
        guard !paths.isEmpty else { return [] }
        let queue = DispatchQueue(label: "casparian.hash")
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: hashNow(paths, root)) }
        }
    }

    private static func hashNow(_ paths: [String], _ root: String) -> [Result<HashedFile, DiscoveryError>] {
        let next = Atomic(0)
        let results = Mutex<[Result<HashedFile, DiscoveryError>?]>(Array(repeating: nil, count: paths.count))
        DispatchQueue.concurrentPerform(iterations: min(width, paths.count)) { _ in
            while true {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < paths.count else { return }
                let path = root + "/" + paths[number]
                let result = Result { () throws(DiscoveryError) in try FileHasher.read(path: path) }
                results.withLock { $0[number] = result }
            }
        }
        return results.withLock { $0.compactMap { $0 } }
    }
}
