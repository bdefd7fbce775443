import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// A job's rows in one file on the disk, whole.
struct StagedFile {
    var file: StagingFile
    var rows: Int64
    var sizeBytes: Int64
}

/// The way of one staged file to where readers see it.
protocol FilePromotion {
    /// Completes what an attempt that died left half done, before its staging file is written anew.
    func begin() throws
    /// Whether the job's rows are there; completes first what an attempt that died left half done.
    func isDone() throws -> Bool
    /// Does what can fail, and throws what `run` would throw about the target now.
    func prepare(_ staged: StagedFile?) throws
    /// Promotes, and removes what the mode says; nil if nothing was staged, now or by an earlier attempt.
    func run(_ staged: StagedFile?) throws -> Artifact?
    /// Takes back what `prepare` did at the target.
    func discard()
}

extension FilePromotion {
    func begin() {}
    func discard() {}
}

extension ParquetFooter {
    /// Nil if there is no whole file, or it is not the job's.
    init?(ofJob request: SinkRequest, at path: String) {
        guard FileSize.of(path) != nil, let footer = try? ParquetFooter(path: path),
            (try? request.checkOwn(footer.origin, at: path)) != nil
        else { return nil }
        self = footer
    }

    /// Where the rows come from; nil if the file does not say.
    var origin: RowOrigin? {
        keyValues[PromotedFiles.originKey].flatMap { try? JSONDecoder().decode(RowOrigin.self, from: Data($0.utf8)) }
    }
}
