import CasparianCatalog
import CasparianModel
import FileDiscovery

/// What came of reading files that are new or changed.
struct FileReading {
    /// A file to read.
    struct Wanted {
        var file: FoundFile
        /// No place is known at its path.
        var isNew: Bool
    }

    private(set) var observations: [FileObservation] = []
    private(set) var failures: [(path: String, problem: DiscoveryError)] = []

    /// Hashes files, several at a time, and finds out which of them were moved.
    init(_ wanted: [Wanted], _ setting: ScanSetting, _ moves: inout MoveFinder, now: Timestamp) async throws {
        let results = await ParallelHasher.hash(wanted.map(\.file.relativePath), in: setting.folder)
        var fresh: [(FileObservation, HashedFile)] = []
        for (wanted, result) in zip(wanted, results) {
            let path = wanted.file.relativePath
            switch result {
            // Size and time as they were while it was read, not as somebody found them a while before.
            case .success(let file):
                guard setting.isStillComplete(wanted.file, file, now: now) else {
                    failures.append(
                        (
                            path,
                            DiscoveryError(
                                path: setting.folder.place(path), message: "is being written", isChanging: true)
                        ))
                    continue
                }
                let seen = setting.observation(
                    path, sizeBytes: file.sizeBytes, modified: file.modified, stamp: file.stamp,
                    hash: file.contentHash, now: now)
                if wanted.isNew { fresh.append((seen, file)) } else { observations.append(seen) }
            case .failure(let problem): failures.append((path, problem))
            }
        }
        observations += try await moves.resolve(fresh, now: now)
    }
}
