import CasparianModel
import Foundation

/// The file a job reads, watched so that a file that changes meanwhile is never half-ingested.
struct SourceFile {
    private struct Identity: Equatable {
        var device: UInt64
        var inode: UInt64
        var sizeBytes: Int64
        var modified: Moment
        /// Of the inode: a program that sets the modification time back cannot set this one.
        var changed: Moment
    }

    private struct Moment: Equatable {
        var seconds: Int
        var nanoseconds: Int

        init(_ time: timespec) { (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec) }
    }

    let path: String
    private let identity: Identity
    var sizeBytes: Int64 { identity.sizeBytes }

    /// - Throws: `SourceFileError` when there is no readable regular file.
    init(path: String) throws {
        self.path = path
        self.identity = try Self.settled(path)
        if PathText.withSystemPath(path, { access($0, R_OK) }) != 0 {
            throw SourceFileError(path: path, message: "cannot be read: \(String(cString: strerror(errno)))")
        }
    }

    /// - Throws: `SourceFileError` when the file is gone or not what it was.
    func checkUnchanged() throws {
        guard try Self.look(path) == identity else {
            throw SourceFileError.changed(path, "it was written, replaced or touched while it was read")
        }
    }

    /// Longest wait for the file system's clock to move on. It ticks at least every 10 ms.
    private static let tickWaitMillisecondsMax = 20

    /// What the file is once that clock is past its last change: a file that is written again within one tick keeps its
    /// times, and the change could not be seen.
    private static func settled(_ path: String) throws -> Identity {
        for _ in 0..<tickWaitMillisecondsMax {
            let identity = try look(path)
            var clock = timespec()
            clock_gettime(CLOCK_REALTIME_COARSE, &clock)
            let (now, last) = (Moment(clock), identity.changed)
            guard now.seconds == last.seconds, now.nanoseconds <= last.nanoseconds else { return identity }
            usleep(1000)
        }
        return try look(path)
    }

    private static func look(_ path: String) throws -> Identity {
        var status = stat()
        guard PathText.withSystemPath(path, { stat($0, &status) }) == 0 else {
            let code = errno
            throw code == ENOENT || code == ENOTDIR
                ? SourceFileError.gone(path)
                : SourceFileError(path: path, message: "cannot be opened: \(String(cString: strerror(code)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SourceFileError(path: path, message: "is not a regular file any more; nothing of it was kept")
        }
        return Identity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), sizeBytes: Int64(status.st_size),
            modified: Moment(status.st_mtim), changed: Moment(status.st_ctim))
    }
}

/// A job's file is missing, unreadable or not the one that was meant.
struct SourceFileError: Error, CustomStringConvertible {
    let path: String
    let message: String
    /// The file is there and is not what was queued.
    var isChange = false
    var description: String { "\(path): \(message)" }

    static func changed(_ path: String, _ detail: String) -> SourceFileError {
        SourceFileError(
            path: path,
            message:
                "the file changed after it was queued (\(detail)), so nothing of it was kept; the next scan makes a "
                + "new version of it with its own job, or queues this one again if the content is the same after all",
            isChange: true)
    }

    static func gone(_ path: String) -> SourceFileError {
        SourceFileError(
            path: path,
            message: "the file is gone: it was moved or deleted after it was queued, and nothing of it was kept. "
                + "If it was moved below a root, the next scan finds it there; if it belongs here, put it back and use "
                + "`casparian jobs retry`")
    }
}
