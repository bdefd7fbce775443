import CasparianCatalog
import GRDB

extension CatalogError {
    /// Says what an error of SQLite means for the file and what to do about it.
    init(_ error: any Error, path: String) {
        if let known = error as? CatalogError {
            self = known
            return
        }
        guard let failure = error as? DatabaseError else {
            self.init(code: .io, subject: path, message: "\(error)")
            return
        }
        let reason = failure.message ?? failure.resultCode.description
        switch failure.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                code: .busy, subject: path,
                message: "another process held the write lock for longer than "
                    + "\(SQLiteCatalog.busyTimeoutSeconds) seconds; see which program has the file open, then try again",
                isTransient: true)
        case .SQLITE_FULL:
            self.init(
                code: .full, subject: path,
                message: "the disk is full; nothing was changed, free some space and try again", isTransient: true)
        case .SQLITE_NOTADB:
            self.init(
                code: .cannotOpen, subject: path,
                message: "it is not an SQLite database; name another file with --database")
        case .SQLITE_CORRUPT:
            self.init(
                code: .corrupt, subject: path,
                message: "it is damaged (\(reason)); keep a copy, then try `sqlite3 FILE .recover` or a backup")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                code: .cannotOpen, subject: path,
                message: "it cannot be written (\(reason)); the file and its folder must be writable")
        case .SQLITE_CANTOPEN:
            self.init(
                code: .cannotOpen, subject: path,
                message: "it cannot be opened (\(reason)); check the path and its permissions")
        case .SQLITE_CONSTRAINT:
            self.init(code: .invalid, subject: path, message: "the values do not fit what is there: \(reason)")
        default:
            self.init(code: .io, subject: path, message: "\(failure.resultCode): \(reason)")
        }
    }
}
