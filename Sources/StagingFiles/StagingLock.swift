import CasparianSinks
import Foundation

/// Locks (`flock`) that tell other processes that a job lives. The kernel drops them with the process.
public enum StagingLock {
    /// Tries for the lock, a second in all: a clean-up that looks whether staging is abandoned holds it for a moment, and so
    /// does a process that was forked from its last holder until it runs its own program.
    private static let triesMax = 1_000
    private static let pauseMicroseconds: UInt32 = 1000

    /// A descriptor of a file or folder that holds the lock on it; nil if there is none.
    ///
    /// - Parameters:
    ///   - path: Of the file or folder; a link of that name is not followed.
    ///   - flags: For `open`.
    ///   - make: Called before each opening.
    /// - Throws: `SinkError`; transient when a living process holds it.
    public static func take(_ path: String, _ flags: Int32, make: () -> Void = {}) throws(SinkError) -> Int32? {
        for _ in 0..<triesMax {
            make()
            let opened = open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0o644)
            guard opened >= 0 else {
                if errno == ENOENT { return nil }
                throw SinkError(
                    code: .io, target: path, message: "cannot be staged: \(String(cString: strerror(errno)))")
            }
            let isLocked = flock(opened, LOCK_EX | LOCK_NB) == 0
            let reason = isLocked ? 0 : errno
            // A clean-up may have removed it between the two calls; then the lock is on something without a name.
            if isLocked, isOpen(opened, at: path) { return opened }
            close(opened)
            guard isLocked || reason == EWOULDBLOCK || reason == EINTR else {
                throw SinkError(
                    code: .io, target: path, message: "cannot be locked: \(String(cString: strerror(reason)))")
            }
            usleep(pauseMicroseconds)
        }
        throw SinkError(
            code: .io, target: path,
            message:
                "is being written already: two topics of the job go to one file, or another worker runs the same job",
            isBusy: true)
    }

    /// The same, tried once; nil also if a living process holds it.
    public static func takeIfAbandoned(_ path: String, _ flags: Int32) -> Int32? {
        let descriptor = open(path, flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0, isOpen(descriptor, at: path) { return descriptor }
        close(descriptor)
        return nil
    }

    private static func isOpen(_ descriptor: Int32, at path: String) -> Bool {
        var opened = stat()
        var named = stat()
        return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev
            && opened.st_ino == named.st_ino
    }
}
