import CLinux
import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// The step from staging file to final file, and what it does to files that are there.
struct ParquetPromotion: FilePromotion {
    let request: SinkRequest
    let names: ParquetNames
    let files: PromotedFiles

    func isDone() -> Bool { ParquetFooter(ofJob: request, at: names.final) != nil }

    func prepare(_ staged: StagedFile?) throws(SinkError) {
        if FileSize.of(names.final) != nil { try request.checkOwn(files.origin(of: names.final), at: names.final) }
        if request.mode != .append { _ = try request.replaced(among: try files.all(of: names).map(\.origin)) }
    }

    /// In a crash between the two steps both the new and the old rows stay until the job's next attempt, which takes
    /// the second step only: a folder knows no transaction, and rows that are there twice for a while are less harm than
    /// rows that are gone.
    func run(_ staged: StagedFile?) throws(SinkError) -> Artifact? {
        try Folder.requireInside(names.folder, root: names.root)
        guard request.mode != .append else { return try promote(staged) }
        guard FileManager.default.fileExists(atPath: names.folder) else { return nil }
        let lock = try FolderLock(names.folder)
        defer { withExtendedLifetime(lock) {} }
        let present = try files.all(of: names)
        let replaced = Set(try request.replaced(among: present.map(\.origin)))
        let artifact = try promote(staged)
        for (path, origin) in present where replaced.contains(origin) {
            try DecidedPromotion.remove(String(path.dropFirst(names.folder.count + 1)), below: names.folder)
        }
        ParquetStep.replaced.reached()
        return artifact
    }

    private func promote(_ staged: StagedFile?) throws(SinkError) -> Artifact? {
        guard let staged else { return try earlier() }
        let reason = cs_rename_no_replace(staged.file.path, names.final)
        if reason == EEXIST {
            // The name belongs to this job alone: an earlier attempt promoted it, and its worker did not live to tell.
            let artifact = try earlier()
            staged.file.remove()
            return artifact
        }
        guard reason == 0 else {
            throw SinkError(
                code: .io, target: names.final,
                message: "cannot be promoted: \(String(cString: strerror(reason)))")
        }
        ParquetStep.renamed.reached()
        try Folder.sync(names.folder)
        ParquetStep.synced.reached()
        return artifact(rows: staged.rows, sizeBytes: staged.sizeBytes)
    }

    /// What an earlier attempt promoted.
    private func earlier() throws(SinkError) -> Artifact? {
        guard let sizeBytes = FileSize.of(names.final) else { return nil }
        try request.checkOwn(files.origin(of: names.final), at: names.final)
        try Folder.sync(names.folder)
        do {
            return artifact(rows: try ParquetFooter(path: names.final).rows, sizeBytes: sizeBytes)
        } catch {
            throw SinkError(columnar: error, request: request)
        }
    }

    private func artifact(rows: Int64, sizeBytes: Int64) -> Artifact {
        Artifact(topic: request.topic, uri: "parquet://" + names.final, rows: rows, sizeBytes: sizeBytes)
    }
}
