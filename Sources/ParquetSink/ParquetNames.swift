import CasparianModel
import CasparianSinks

/// Where a job's Parquet file ends up and where it is staged.
struct ParquetNames: Hashable, Sendable {
    /// Folder of both files.
    let folder: String
    let final: String
    let staging: String

    /// What every staging file's name holds, followed by the job id.
    static let stagingInfix = ".stg."
    static let suffix = ".parquet"

    /// `parquet://rel/name.parquet` becomes `<root>/rel/name_<job>.parquet`, `parquet://rel/dir` becomes
    /// `<root>/rel/dir/data_<job>.parquet` (docs/sinks.md).
    ///
    /// - Throws: `SinkError` with `.invalidURI` for places outside the output root.
    init(uri: SinkURI, job: JobID, outputRoot: String) throws {
        let parts = uri.place.split(separator: "/", omittingEmptySubsequences: true)
        guard !uri.place.hasPrefix("/"), !parts.isEmpty, !parts.contains(".."), !parts.contains(".") else {
            throw SinkError(
                code: .invalidURI, target: uri.description,
                message: "a Parquet place is a path below the worker's output folder, without '..' and not absolute, "
                    + "for example parquet://sales/2024.parquet")
        }
        var folderParts = parts.map(String.init)
        var stem = "data"
        if folderParts[folderParts.count - 1].hasSuffix(Self.suffix) {
            stem = String(folderParts.removeLast().dropLast(Self.suffix.count))
        }
        self.folder = folderParts.isEmpty ? outputRoot : outputRoot + "/" + folderParts.joined(separator: "/")
        self.final = folder + "/" + stem + "_" + job.description + Self.suffix
        self.staging = final + Self.stagingInfix + job.description
        guard stem.utf8.count + job.description.utf8.count * 2 < 220 else {
            throw SinkError(code: .invalidURI, target: uri.description, message: "the file name is too long")
        }
    }
}
