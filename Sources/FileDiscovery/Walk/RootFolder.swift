import CLinux
import CasparianModel
import Foundation

/// An open source root: files below it are reached without following symbolic links (openat2(2)).
public final class RootFolder: Sendable {
    public let path: String
    public let identity: FolderIdentity
    private let descriptor: Int32

    /// - Throws: `DiscoveryError` when it is not there, is no folder or may not be read.
    public init(path: String) throws(DiscoveryError) {
        self.path = path
        let opened = Foundation.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw DiscoveryError.system(path, errno) }
        descriptor = opened
        var status = stat()
        guard fstat(opened, &status) == 0 else {
            let code = errno
            close(opened)
            throw DiscoveryError.system(path, code)
        }
        identity = FolderIdentity(status)
    }

    deinit { close(descriptor) }

    /// The absolute path of what lies below, for messages.
    public func place(_ relativePath: String) -> String {
        relativePath.isEmpty ? path : path == "/" ? "/" + relativePath : path + "/" + relativePath
    }

    /// The regular file at a relative path; nil if there is nothing, or something else.
    ///
    /// - Throws: `DiscoveryError` when it may be there and cannot be looked at.
    public func file(_ relativePath: String) throws(DiscoveryError) -> FoundFile? {
        guard let status = try status(relativePath), status.st_mode & S_IFMT == S_IFREG else { return nil }
        return FoundFile(relativePath: relativePath, stamp: FileStamp(status))
    }

    /// Which folder lies at a relative path; nil if there is none.
    ///
    /// - Throws: `DiscoveryError` when it may be there and cannot be looked at.
    public func folder(_ relativePath: String) throws(DiscoveryError) -> FolderIdentity? {
        guard let status = try status(relativePath), status.st_mode & S_IFMT == S_IFDIR else { return nil }
        return FolderIdentity(status)
    }

    /// Whether a folder holds nothing at all.
    ///
    /// - Throws: `DiscoveryError` when it cannot be read.
    public func isEmpty(_ relativePath: String) throws(DiscoveryError) -> Bool {
        let descriptor = try open(relativePath, flags: O_RDONLY | O_DIRECTORY)
        guard let directory = fdopendir(descriptor) else {
            let code = errno
            close(descriptor)
            throw DiscoveryError.system(place(relativePath), code)
        }
        defer { closedir(directory) }
        // Beside itself and the one above.
        for _ in 0..<2 where readdir(directory) == nil { return true }
        return readdir(directory) == nil
    }

    private func status(_ relativePath: String) throws(DiscoveryError) -> stat? {
        var status = stat()
        let code = PathText.withSystemPath(relativePath) { cs_stat_beneath(descriptor, $0, &status) }
        if code == 0 { return status }
        let problem = DiscoveryError.system(place(relativePath), code)
        guard problem.isGone else { throw problem }
        return nil
    }

    /// Opens something below; the caller closes it.
    func open(_ relativePath: String, flags: Int32) throws(DiscoveryError) -> Int32 {
        let opened = PathText.withSystemPath(relativePath) { cs_open_beneath(descriptor, $0, flags | O_CLOEXEC) }
        guard opened >= 0 else { throw DiscoveryError.system(place(relativePath), -opened) }
        return opened
    }
}
