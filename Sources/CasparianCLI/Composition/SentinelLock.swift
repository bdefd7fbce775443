import CasparianModel
import Foundation

/// One sentinel for each state database: two would hand out each other's jobs again.
///
/// A lock (`flock`) on `<database>.sentinel`, which the kernel drops with the process, however it ends. The file says whose
/// it is, for the one that is refused.
final class SentinelLock {
    /// What the name of the database's file is followed by.
    static let suffix = ".sentinel"

    private let descriptor: Int32

    /// - Parameters:
    ///   - database: Path of the state database.
    ///   - bind: The address that workers connect to.
    /// - Throws: `ExitStatus`: 1 while another sentinel works on the database, 69 if the file cannot be made.
    init(database: String, bind: String) throws {
        let path = database + Self.suffix
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw ExitStatus.unreachable(
                "\(path) cannot be opened (\(String(cString: strerror(errno)))); a sentinel notes there that it works on "
                    + "the database: check the folder's permissions")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
            close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw ExitStatus.unreachable(
                    "\(path) cannot be locked (\(String(cString: strerror(reason)))); put the database on a file system "
                        + "that has locks")
            }
            let who = holder.trimmingCharacters(in: .whitespacesAndNewlines)
            throw ExitStatus.failed(
                "a sentinel works on \(database) already: \(who.isEmpty ? "unknown process" : who). Connect workers to "
                    + "that one, end it first, or name another --database")
        }
        let host = ProcessInfo.processInfo.hostName
        let text = "process \(getpid()) on \(host), at \(bind), since \(Clock.now()) UTC\n"
        ftruncate(descriptor, 0)
        _ = text.withCString { write(descriptor, $0, strlen($0)) }
    }

    deinit { close(descriptor) }
}
