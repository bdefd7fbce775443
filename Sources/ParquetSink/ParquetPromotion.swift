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

    private var exchange: FileExchange { FileExchange(names: names, files: files) }

    func begin() throws(SinkError) { try exchange.finish() }

    func isDone() throws(SinkError) -> Bool {
        try exchange.finish()
        return ParquetFooter(ofJob: request, at: names.final) != nil
    }

    func prepare(_ staged: StagedFile?) throws(SinkError) {
        if FileSize.of(names.final) != nil { try request.checkOwn(files.origin(of: names.final), at: names.final) }
        if request.mode != .append { _ = try request.replaced(among: try files.all(of: names).map(\.origin)) }
    }

    /// Readers see the old rows or the new ones: where one file takes the place of one. Others that are replaced go
    /// after the new one is there; in a crash in between they stay until the job's next attempt, which takes that step
    /// only: rows that are there twice for a while are less harm than rows that are gone.
    func run(_ staged: StagedFile?) throws(SinkError) -> Artifact? {
        try Folder.requireInside(names.folder, root: names.root)
        guard request.mode != .append else { return try promote(staged, inPlaceOf: nil) }
        guard FileManager.default.fileExists(atPath: names.folder) else { return nil }
        let lock = try FolderLock(names.folder)
        defer { withExtendedLifetime(lock) {} }
        try exchange.finishLocked()
        let present = try files.all(of: names)
        let origins = Set(try request.replaced(among: present.map(\.origin)))
        let replaced = present.filter { origins.contains($0.origin) }.map {
            String($0.path.dropFirst(names.folder.count + 1))
        }
        let nearest = replaced.last { !$0.contains("/") }
        let artifact = try promote(staged, inPlaceOf: nearest.map { names.folder + "/" + $0 })
        for path in replaced { try DecidedPromotion.remove(path, below: names.folder) }
        ParquetStep.replaced.reached()
        return artifact
    }

    private func promote(_ staged: StagedFile?, inPlaceOf old: String?) throws(SinkError) -> Artifact? {
        guard let staged else { return try earlier() }
        if let old, FileSize.of(names.final) == nil, try exchange.run(staged.file, inPlaceOf: old) {
            return artifact(rows: staged.rows, sizeBytes: staged.sizeBytes)
        }
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
