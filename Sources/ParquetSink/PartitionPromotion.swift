import CLinux
import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// The step from the staged files of a partitioned table to their final names, all or none of them.
///
/// A folder knows no transaction, so the promotion is first decided, in a file that outlives the process: from then on
/// whoever comes next (the job's next attempt, a resume, a sweep, another job that asks what is there) finishes it.
struct PartitionPromotion {
    let request: SinkRequest
    let names: ParquetNames
    let columns: [String]
    let files: PromotedFiles

    /// Of nothing yet.
    var manifest: PartitionManifest {
        PartitionManifest(origin: RowOrigin(request), fileName: names.fileName, parts: [], rows: 0)
    }

    func owns(_ manifest: PartitionManifest) -> Bool {
        (try? request.checkOwn(manifest.origin, at: names.folder)) != nil
    }

    /// Whether an earlier attempt's files are there.
    func isDone() throws(SinkError) -> Bool {
        let present = try files.paths(of: names).filter(isOwnName)
        return !present.isEmpty
            && present.allSatisfy { (try? request.checkOwn(files.origin(of: $0), at: $0)) != nil }
    }

    /// Throws what `run` would throw about the target now.
    func check(_ staged: PartitionManifest?) throws(SinkError) {
        for part in staged?.parts ?? [] {
            try Folder.requireInside(names.folder + "/" + part.folder, root: names.root)
        }
        try finishDecided()
        let present = try files.paths(of: names)
        for path in present where isOwnName(path) { try request.checkOwn(files.origin(of: path), at: path) }
        if request.mode != .append { _ = try request.replaced(among: present.compactMap(files.origin(of:))) }
    }

    /// Promotes what is staged, or finishes what an earlier attempt decided; nil if there is nothing.
    ///
    /// - Parameters:
    ///   - staged: What was prepared.
    ///   - folder: The staging folder, where there is one.
    func run(_ staged: PartitionManifest?, in folder: StagingFolder?) throws(SinkError) -> Artifact? {
        try Folder.requireInside(names.folder, root: names.root)
        guard FileManager.default.fileExists(atPath: names.folder) else { return nil }
        let lock = try FolderLock(names.folder)
        defer { withExtendedLifetime(lock) {} }
        if let folder, let decided = folder.decided {
            try DecidedPromotion(manifest: decided, staging: folder, table: names.folder, root: names.root).finish()
            return artifact(decided.rows, decided.sizeBytes)
        }
        try DecidedPromotion.finishAll(in: names.folder, root: names.root)
        let present = try files.paths(of: names)
        let replaced = try replaced(among: present)
        let own = present.filter(isOwnName)
        guard own.isEmpty, var staged, let folder else {
            let artifact = try earlier(own)
            try remove(replaced)
            folder?.remove()
            return artifact
        }
        staged.replaced = replaced
        try staged.write(PartitionManifest.decidedName, in: folder.path)
        PartitionStep.decided.reached()
        try DecidedPromotion(manifest: staged, staging: folder, table: names.folder, root: names.root).finish()
        return artifact(staged.rows, staged.sizeBytes)
    }

    /// Finishes what processes that died had decided for this table.
    func finishDecided() throws(SinkError) {
        guard FileManager.default.fileExists(atPath: names.folder) else { return }
        let lock = try FolderLock(names.folder)
        defer { withExtendedLifetime(lock) {} }
        try DecidedPromotion.finishAll(in: names.folder, root: names.root)
    }

    private func isOwnName(_ path: String) -> Bool { path.hasSuffix("/" + names.fileName) }

    /// Files below the table's folder whose rows the mode takes away.
    private func replaced(among present: [String]) throws(SinkError) -> [String] {
        guard request.mode != .append else { return [] }
        let known = present.compactMap { path in files.origin(of: path).map { (path, $0) } }
        let origins = Set(try request.replaced(among: known.map(\.1)))
        return known.filter { origins.contains($0.1) }.map { String($0.0.dropFirst(names.folder.count + 1)) }
    }

    private func remove(_ paths: [String]) throws(SinkError) {
        for path in paths { try DecidedPromotion.remove(path, below: names.folder) }
    }

    /// What an earlier attempt promoted, to its end.
    private func earlier(_ own: [String]) throws(SinkError) -> Artifact? {
        guard !own.isEmpty else { return nil }
        var rows: Int64 = 0
        var sizeBytes: Int64 = 0
        for path in own {
            try request.checkOwn(files.origin(of: path), at: path)
            do { rows += try ParquetFooter(path: path).rows } catch {
                throw SinkError(columnar: error, request: request)
            }
            sizeBytes += FileSize.of(path) ?? 0
        }
        return artifact(rows, sizeBytes)
    }

    private func artifact(_ rows: Int64, _ sizeBytes: Int64) -> Artifact {
        let levels = String(repeating: "*/", count: columns.count)
        return Artifact(
            topic: request.topic, uri: "parquet://\(names.folder)/\(levels)\(names.fileName)", rows: rows,
            sizeBytes: sizeBytes)
    }
}
