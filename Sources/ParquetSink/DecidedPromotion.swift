import CLinux
import CasparianSinks
import Foundation
import StagingFiles

/// A promotion into a partitioned table that is decided and has to be finished, by whoever holds the table's lock.
struct DecidedPromotion {
    let manifest: PartitionManifest
    let staging: StagingFolder
    let table: String
    let root: String

    /// Each step may have been taken before.
    func finish() throws(SinkError) {
        var folders: Set<String> = []
        for part in manifest.parts {
            let folder = table + "/" + part.folder
            try Folder.requireInside(folder, root: root)
            try Folder.make(folder)
            try rename(staging.path + "/" + part.staged, to: folder + "/" + manifest.fileName)
            folders.insert(folder)
            PartitionStep.renamed.reached()
        }
        for folder in folders.sorted() { try Folder.sync(folder) }
        PartitionStep.synced.reached()
        for path in manifest.replaced { try Self.remove(path, below: table) }
        PartitionStep.replaced.reached()
        unlink(staging.path + "/" + PartitionManifest.decidedName)
        try Folder.sync(staging.path)
        PartitionStep.ended.reached()
        staging.remove()
    }

    private func rename(_ from: String, to final: String) throws(SinkError) {
        let reason = cs_rename_no_replace(from, final)
        // Renamed by whoever decided it, before it died.
        if reason == 0 || (reason == ENOENT && FileSize.of(final) != nil) { return }
        let text = String(cString: strerror(reason))
        throw SinkError(
            code: .io, target: final,
            message: "cannot be promoted from \(from) (\(text)); the other files of the job are, or will be, there: "
                + "move away what is in the way and run the job again")
    }

    /// Removes a file of older rows, and the folders above it that are empty then.
    static func remove(_ path: String, below table: String) throws(SinkError) {
        let whole = table + "/" + path
        guard unlink(whole) == 0 || errno == ENOENT else {
            throw SinkError(
                code: .io, target: whole,
                message: "rows of an older version cannot be removed: \(String(cString: strerror(errno)))")
        }
        var folder = (whole as NSString).deletingLastPathComponent
        if access(folder, F_OK) == 0 { try Folder.sync(folder) }
        while folder.utf8.count > table.utf8.count, rmdir(folder) == 0 || errno == ENOENT {
            folder = (folder as NSString).deletingLastPathComponent
        }
    }

    /// Finishes those in a table's folder whose processes died.
    ///
    /// - Returns: Their staging folders.
    @discardableResult
    static func finishAll(in table: String, root: String) throws(SinkError) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: table)) ?? []
        var finished: [String] = []
        for name in names.sorted() where ParquetNames.isStaging(name) {
            let path = table + "/" + name
            guard FileSize.of(path + "/" + PartitionManifest.decidedName) != nil,
                let folder = StagingFolder(abandoned: path), let manifest = folder.decided
            else { continue }
            try DecidedPromotion(manifest: manifest, staging: folder, table: table, root: root).finish()
            finished.append(path)
        }
        return finished
    }
}
