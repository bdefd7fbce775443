import CasparianSinks
import Foundation
import StagingFiles

/// Removes staging that no living process holds (`StagingLock` says how they are told apart), and finishes promotions
/// that such a process had decided.
struct StagingSweep {
    let folder: String

    /// Entries looked at before the sweep stops, so that a start never takes minutes.
    static let entriesMax = 1_000_000

    /// - Returns: What was done, one text each.
    func run() -> [String] {
        var done: [String] = []
        guard let entries = FileManager.default.enumerator(atPath: folder) else { return [] }
        var seen = 0
        while let entry = entries.nextObject() as? String {
            seen += 1
            if seen > Self.entriesMax { break }
            guard ParquetNames.isStaging(entry) else { continue }
            let path = folder + "/" + entry
            if Folder.isFolder(path) {
                guard let staging = StagingFolder(abandoned: path), staging.isOwn else { continue }
                entries.skipDescendants()
                done.append(sweep(staging))
            } else if let exchange = exchange(path), (try? exchange.finish()) == true {
                done.append("\(path): its promotion was finished")
            } else if StagingFile.removeIfAbandoned(path) {
                done.append(path)
            }
        }
        return done
    }

    private func exchange(_ path: String) -> FileExchange? {
        ParquetNames(staging: path, root: folder).map { FileExchange(names: $0, files: PromotedFiles()) }
    }

    private func sweep(_ staging: StagingFolder) -> String {
        guard staging.decided != nil else {
            staging.remove()
            return staging.path
        }
        let table = (staging.path as NSString).deletingLastPathComponent
        do {
            let lock = try FolderLock(table)
            defer { withExtendedLifetime(lock) {} }
            // Read again under the lock.
            if let decided = staging.decided {
                try DecidedPromotion(manifest: decided, staging: staging, table: table, root: folder).finish()
            }
            return "\(staging.path): its promotion was finished"
        } catch {
            return "\(staging.path): its promotion could not be finished: \(error)"
        }
    }
}
