import CasparianSinks
import Foundation

public enum FileSize {
    public static func of(_ path: String) -> Int64? {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : nil
    }
}

public enum Folder {
    /// Whether a folder is there itself, not a link to one.
    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether a regular file is there itself, not a link to one: whoever opens a pipe waits for its other end.
    public static func isFile(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Makes a rename in the folder survive a power cut.
    public static func sync(_ path: String) throws(SinkError) {
        let descriptor = try open(path)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw SinkError(code: .io, target: path, message: "fsync: \(String(cString: strerror(errno)))")
        }
    }

    /// Makes a folder and those above it that are missing, each to survive a power cut.
    public static func make(_ path: String) throws(SinkError) {
        var missing: [String] = []
        var current = path
        while access(current, F_OK) != 0, current != "/", current != "." {
            missing.append(current)
            current = (current as NSString).deletingLastPathComponent
            if current.isEmpty { current = "." }
        }
        for folder in missing.reversed() {
            guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
                throw SinkError(
                    code: .io, target: path,
                    message:
                        "the output folder cannot be made (\(String(cString: strerror(errno)))); check the path and "
                        + "its permissions")
            }
            try sync(current)
            current = folder
        }
    }

    fileprivate static func open(_ path: String) throws(SinkError) -> Int32 {
        let descriptor = Foundation.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw SinkError(code: .io, target: path, message: String(cString: strerror(errno)))
        }
        return descriptor
    }
}

/// One promotion at a time in a folder, among all processes, for as long as the value lives.
public final class FolderLock {
    private let descriptor: Int32

    /// Waits for whoever has it: for a few renames.
    public init(_ path: String) throws(SinkError) {
        descriptor = try Folder.open(path)
        while flock(descriptor, LOCK_EX) != 0 {
            let reason = errno
            guard reason == EINTR else {
                throw SinkError(
                    code: .io, target: path, message: "cannot be locked: \(String(cString: strerror(reason)))")
            }
        }
    }

    deinit { close(descriptor) }
}
