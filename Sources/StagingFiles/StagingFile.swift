import CasparianSinks
import Foundation

/// A staging file and the lock on it that tells other processes that its job lives.
///
/// The lock is held through a descriptor of its own: from before the writer empties the file until it is promoted or
/// removed, whoever else has it open meanwhile.
public final class StagingFile {
    public private(set) var path: String
    private let descriptor: Int32

    /// Makes the file, or takes over what a process that died left there.
    ///
    /// - Throws: `SinkError`; transient when a living process holds it.
    public convenience init(path: String) throws(SinkError) {
        guard let found = try StagingLock.take(path, O_RDWR | O_CREAT) else {
            throw SinkError(
                code: .io, target: path, message: "cannot be staged: \(String(cString: strerror(ENOENT)))")
        }
        self.init(path: path, descriptor: found)
    }

    /// Takes over what a process that died left there; nil if there is no such file.
    ///
    /// - Throws: `SinkError`; transient when a living process holds it.
    public convenience init?(existing path: String) throws(SinkError) {
        guard let found = try StagingLock.take(path, O_RDWR) else { return nil }
        self.init(path: path, descriptor: found)
    }

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Without removing the file: what a crash would leave.
    deinit { close(descriptor) }

    /// Gives it another name; the lock stays. Returns 0 or errno.
    public func move(to path: String) -> Int32 {
        guard rename(self.path, path) == 0 else { return errno }
        self.path = path
        return 0
    }

    public func remove() { unlink(path) }

    /// Removes what an earlier process left at a path, unless a living one holds it.
    public static func removeIfAbandoned(_ path: String) -> Bool {
        guard let descriptor = StagingLock.takeIfAbandoned(path, O_RDWR) else { return false }
        defer { close(descriptor) }
        return unlink(path) == 0
    }
}
