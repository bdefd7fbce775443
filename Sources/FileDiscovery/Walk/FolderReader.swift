import CLinux
import CasparianModel
import CasparianRouting
import Foundation

/// Reads one folder at a time below an open root. Nothing outside the root is ever reached: paths are resolved by the
/// kernel below the root and without symbolic links (openat2(2)).
struct FolderReader {
    /// What one folder holds beside its files.
    struct Finding {
        var contents: FolderContents
        /// Names of folders in it that are not ignored.
        var folders: [[UInt8]] = []
        var links = 0
        var problems: [DiscoveryError] = []
    }

    let root: Int32
    let rootPath: String
    let ignored: IgnoreMatcher
    /// Paths that are left out, such as the system's own files.
    let leftOut: Set<[UInt8]>

    /// - Throws: `DiscoveryError` when the folder cannot be opened.
    func read(_ path: [UInt8]) throws(DiscoveryError) -> Finding {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let descriptor = (path + [0]).withUnsafeBytes {
            cs_open_beneath(root, $0.baseAddress!.assumingMemoryBound(to: CChar.self), flags)
        }
        guard descriptor >= 0 else { throw DiscoveryError.system(place(path), -descriptor) }
        guard let directory = fdopendir(descriptor) else {
            let code = errno
            close(descriptor)
            throw DiscoveryError.system(place(path), code)
        }
        defer { closedir(directory) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw DiscoveryError.system(place(path), errno) }
        var finding = Finding(contents: FolderContents(pathBytes: path, identity: FolderIdentity(status)))
        // Holds the path of the entry in hand; the folder's part stays.
        var full = path.isEmpty ? [] : path + [UInt8(ascii: "/")]
        let prefixLength = full.count
        errno = 0
        while let entry = readdir(directory) {
            let name = Self.name(entry)
            if name.count > 2 || !name.allSatisfy({ $0 == UInt8(ascii: ".") }) {
                full.removeSubrange(prefixLength...)
                full.append(contentsOf: name)
                look(name, full, entry.pointee.d_type, descriptor, &finding)
            }
            errno = 0
        }
        if errno != 0 {
            finding.contents.isPartial = true
            finding.problems.append(DiscoveryError.system(place(path), errno))
        }
        finding.contents.sort()
        return finding
    }

    /// For messages.
    func place(_ path: [UInt8]) -> String { path.isEmpty ? rootPath : rootPath + "/" + PathText.text(path) }

    private static func name(_ entry: UnsafeMutablePointer<dirent>) -> UnsafeBufferPointer<UInt8> {
        let start = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
            .assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(
            start: start, count: strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)))
    }

    private func look(
        _ name: UnsafeBufferPointer<UInt8>, _ full: [UInt8], _ type: UInt8, _ folder: Int32, _ finding: inout Finding
    ) {
        // What the folder says of an entry's kind saves the call for what is ignored anyway.
        let isKnown = type == UInt8(DT_REG) || type == UInt8(DT_DIR)
        if isKnown, ignored.matchesEntry(full, isDirectory: type == UInt8(DT_DIR)) { return }
        if !leftOut.isEmpty, leftOut.contains(full) { return }
        if type == UInt8(DT_DIR) { return finding.folders.append(Array(name)) }
        if type == UInt8(DT_LNK) {
            finding.links += 1
            return
        }
        var status = stat()
        let result = UnsafeRawPointer(name.baseAddress!).withMemoryRebound(to: CChar.self, capacity: name.count + 1) {
            fstatat(folder, $0, &status, AT_SYMLINK_NOFOLLOW)
        }
        guard result == 0 else {
            let problem = DiscoveryError.system(place(full), errno)
            if problem.isGone { return }
            finding.contents.isPartial = true
            return finding.problems.append(problem)
        }
        let kind = status.st_mode & S_IFMT
        if kind == S_IFLNK { finding.links += 1 }
        guard kind == S_IFREG || kind == S_IFDIR else { return }
        if !isKnown, ignored.matchesEntry(full, isDirectory: kind == S_IFDIR) { return }
        if kind == S_IFDIR {
            finding.folders.append(Array(name))
        } else {
            finding.contents.add(name, FileStamp(status))
        }
    }
}
