import CLinux
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// A file that takes the place of an older one in its folder, so that whoever lists the folder finds one of the two at
/// every moment.
///
/// First the staging file and the old one swap their names, then the new one gets its final name. A process that dies in
/// between leaves the old rows in the staging file, whose footer names another job than the file does: that is how
/// `finish` knows.
struct FileExchange {
    let names: ParquetNames
    let files: PromotedFiles

    /// Puts the staged file where an older one is, then under its final name. The caller holds the folder's lock.
    ///
    /// - Returns: False, with nothing done, where there is no old file any more or the file system cannot swap names.
    func run(_ staged: StagingFile, inPlaceOf old: String) throws(SinkError) -> Bool {
        // Held until the old rows are gone, so that no sweep takes their file, which tells of the exchange, for abandoned.
        guard let replaced = try? StagingFile(existing: old) else { return false }
        defer { withExtendedLifetime(replaced) {} }
        guard cs_rename_exchange(staged.path, old) == 0 else { return false }
        ParquetStep.exchanged.reached()
        let reason = cs_rename_no_replace(old, names.final)
        guard reason == 0 else {
            _ = cs_rename_exchange(staged.path, old)
            throw SinkError(
                code: .io, target: names.final, message: "cannot be promoted: \(String(cString: strerror(reason)))")
        }
        ParquetStep.renamed.reached()
        try Folder.sync(names.folder)
        ParquetStep.synced.reached()
        staged.remove()
        return true
    }

    /// Completes what a process that died in the middle left; the caller does not hold the folder's lock.
    ///
    /// - Returns: Whether there was something to complete.
    @discardableResult
    func finish() throws(SinkError) -> Bool {
        guard replacedRows() != nil else { return false }
        let lock = try FolderLock(names.folder)
        defer { withExtendedLifetime(lock) {} }
        return try finishLocked()
    }

    /// The same for a caller that holds the folder's lock.
    @discardableResult
    func finishLocked() throws(SinkError) -> Bool {
        guard let replaced = replacedRows() else { return false }
        let own = try files.all(of: names, levels: 0).first { path, origin in
            origin.jobID == names.job && origin.isSameLocation(as: replaced)
        }
        if let promoted = own?.path, promoted != names.final {
            let reason = cs_rename_no_replace(promoted, names.final)
            guard reason == 0 else {
                throw SinkError(
                    code: .io, target: promoted,
                    message: "cannot be renamed to \(names.final): \(String(cString: strerror(reason)))")
            }
            try Folder.sync(names.folder)
        }
        unlink(names.staging)
        return true
    }

    /// Whose rows the staging file holds, if it is a whole one of another job: an old one whose name the new one took.
    private func replacedRows() -> RowOrigin? {
        guard Folder.isFile(names.staging), let origin = (try? ParquetFooter(path: names.staging))?.origin,
            origin.jobID != names.job
        else { return nil }
        return origin
    }
}
