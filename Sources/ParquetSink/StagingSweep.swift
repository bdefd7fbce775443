import Foundation

/// Removes staging files that no living process holds.
///
/// A sink holds a lock (`flock`) on its staging file for as long as it stages; the kernel drops it with the process.
struct StagingSweep {
    let folder: String

    /// Entries looked at before the sweep stops, so that a start never takes minutes.
    static let entriesMax = 1_000_000

    func run() -> [String] {
        var removed: [String] = []
        guard let entries = FileManager.default.enumerator(atPath: folder) else { return [] }
        var seen = 0
        while let entry = entries.nextObject() as? String {
            seen += 1
            if seen > Self.entriesMax { break }
            guard isStaging(entry) else { continue }
            let path = folder + "/" + entry
            if removeIfAbandoned(path) { removed.append(path) }
        }
        return removed
    }

    /// `….parquet.stg.<digits>`
    private func isStaging(_ name: String) -> Bool {
        guard let infix = name.range(of: ParquetNames.suffix + ParquetNames.stagingInfix, options: .backwards) else {
            return false
        }
        let job = name[infix.upperBound...].drop { $0 == "-" }.prefix { $0 != "." }
        return !job.isEmpty && job.allSatisfy { $0.isASCII && $0.isNumber }
    }

    private func removeIfAbandoned(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return false }
        return unlink(path) == 0
    }
}
