import CasparianModel
import Foundation

/// The file a job reads, watched so that a file that changes meanwhile is never half-ingested.
struct SourceFile {
    private struct Identity: Equatable {
        var device: UInt64
        var inode: UInt64
        var sizeBytes: Int64
        var modifiedSeconds: Int
        var modifiedNanoseconds: Int
    }

    let path: String
    private let identity: Identity
    var sizeBytes: Int64 { identity.sizeBytes }

    /// - Throws: `SourceFileError` when there is no readable regular file.
    init(path: String) throws {
        self.path = path
        self.identity = try Self.look(path)
        if access(path, R_OK) != 0 {
            throw SourceFileError(path: path, message: "cannot be read: \(String(cString: strerror(errno)))")
        }
    }

    /// - Throws: `SourceFileError` when the file is not what it was.
    func checkUnchanged() throws {
        guard let now = try? Self.look(path), now == identity else {
            throw SourceFileError(
                path: path,
                message: "changed while it was read, so nothing of it was kept; the next scan makes a new version of it"
            )
        }
    }

    private static func look(_ path: String) throws -> Identity {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw SourceFileError(
                path: path,
                message: "cannot be opened: \(String(cString: strerror(errno))); was it moved since the last scan?")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SourceFileError(path: path, message: "is not a regular file")
        }
        return Identity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), sizeBytes: Int64(status.st_size),
            modifiedSeconds: status.st_mtim.tv_sec, modifiedNanoseconds: status.st_mtim.tv_nsec)
    }
}

/// A job's file is missing, unreadable or not the one that was meant.
struct SourceFileError: Error, CustomStringConvertible {
    let path: String
    let message: String
    var description: String { "\(path): \(message)" }
}
