import CasparianModel
import FileDiscovery
import Foundation

/// Hashes many files on a few tasks.
enum ParallelHasher {
    /// Files at once.
    static var width: Int { min(max(ProcessInfo.processInfo.activeProcessorCount, 1), 8) }

    /// - Returns: A result for each path.
    static func hash(_ paths: [String], below root: String) async -> [String: Result<ContentHash, DiscoveryError>] {
        let width = Self.width
        return await withTaskGroup(of: [(String, Result<ContentHash, DiscoveryError>)].self) { group in
            for first in 0..<min(width, paths.count) {
                group.addTask {
                    stride(from: first, to: paths.count, by: width).map { (paths[$0], attempt(root + "/" + paths[$0])) }
                }
            }
            var all: [String: Result<ContentHash, DiscoveryError>] = [:]
            for await part in group { for (path, result) in part { all[path] = result } }
            return all
        }
    }

    private static func attempt(_ path: String) -> Result<ContentHash, DiscoveryError> {
        do {
            return .success(try FileHasher.hash(path: path))
        } catch let error as DiscoveryError {
            return .failure(error)
        } catch {
            return .failure(DiscoveryError(path: path, message: "\(error)"))
        }
    }
}
