import CasparianModel
import CasparianSinks
import Foundation

/// Where a job's Parquet file ends up and where it is staged.
struct ParquetNames: Hashable, Sendable {
    /// The output folder, above all others.
    let root: String
    /// Folder of both files.
    let folder: String
    /// What stands before the job id in the file's name.
    let stem: String
    /// The final file's name in it.
    let fileName: String
    let final: String
    /// The staging file; of a partitioned table, the staging folder.
    let staging: String
    let job: JobID

    /// What is staged already while it is rewritten with wider columns.
    var old: String { staging + Self.oldSuffix }

    /// What every staging file's name holds, followed by the job id.
    static let stagingInfix = ".stg."
    /// Below the output folder, for staging that lies nowhere else.
    static let ownFolder = ".casparian"
    static let oldSuffix = ".old"
    static let suffix = ".parquet"

    /// `parquet://rel/name.parquet` becomes `<root>/rel/name_<job>.parquet`, `parquet://rel/dir` becomes
    /// `<root>/rel/dir/data_<job>.parquet` (docs/sinks.md).
    ///
    /// - Throws: `SinkError` with `.invalidURI` for places outside the output root.
    init(uri: SinkURI, job: JobID, outputRoot: String) throws {
        let parts = uri.place.split(separator: "/", omittingEmptySubsequences: true)
        guard !uri.place.hasPrefix("/"), !parts.isEmpty, !parts.contains(".."), !parts.contains("."),
            parts[0] != Self.ownFolder
        else {
            throw SinkError(
                code: .invalidURI, target: uri.description,
                message:
                    "a Parquet place is a path below the worker's output folder, without '..' and not absolute, nor in "
                    + "\(Self.ownFolder), for example parquet://sales/2024.parquet")
        }
        var folderParts = parts.map(String.init)
        var stem = "data"
        if folderParts[folderParts.count - 1].hasSuffix(Self.suffix) {
            stem = String(folderParts.removeLast().dropLast(Self.suffix.count))
        }
        let below = folderParts.map { "/" + $0 }.joined()
        self.init(root: outputRoot, folder: outputRoot + below, stem: stem, job: job)
        guard stem.utf8.count + job.description.utf8.count * 2 < 220 else {
            throw SinkError(code: .invalidURI, target: uri.description, message: "the file name is too long")
        }
    }

    private init(root: String, folder: String, stem: String, job: JobID) {
        self.root = root
        self.folder = folder
        self.stem = stem
        self.job = job
        fileName = stem + "_" + job.description + Self.suffix
        final = folder + "/" + fileName
        staging = final + Self.stagingInfix + job.description
    }

    /// Those of a staging file.
    ///
    /// - Parameter staging: Its path below the root, without `.old`; nil if it is none's.
    init?(staging path: String, root: String) {
        let file = (path as NSString).lastPathComponent
        guard let infix = file.range(of: Self.suffix + Self.stagingInfix, options: .backwards),
            let job = Int64(file[infix.upperBound...]), file[..<infix.lowerBound].hasSuffix("_\(job)")
        else { return nil }
        self.init(
            root: root, folder: (path as NSString).deletingLastPathComponent,
            stem: String(file[..<infix.lowerBound].dropLast("_\(job)".count)), job: JobID(job))
    }

    /// The same file in another folder below the same root.
    func moved(to folder: String) -> ParquetNames {
        ParquetNames(root: root, folder: root + "/" + folder, stem: stem, job: job)
    }

    /// Whether a name in the folder is that of this table's file of any job.
    func isPromoted(_ name: String) -> Bool { job(of: name) != nil }

    /// The job of such a file; nil for another.
    ///
    /// - Parameter path: Its name, or a path to it.
    func job(of path: String) -> Int64? {
        let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
        guard name.hasPrefix(stem + "_"), name.hasSuffix(Self.suffix) else { return nil }
        return Int64(name.dropFirst(stem.count + 1).dropLast(Self.suffix.count))
    }

    /// Whether a path's last part is `<name>.parquet.stg.<job>`, with or without `.old`.
    static func isStaging(_ path: String) -> Bool {
        var name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
        if name.hasSuffix(oldSuffix) { name = name.dropLast(oldSuffix.count) }
        guard let infix = name.range(of: suffix + stagingInfix, options: .backwards) else { return false }
        return Int64(name[infix.upperBound...]) != nil
    }
}
