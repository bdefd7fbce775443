import CasparianModel
import CasparianRouting
import Foundation

/// A regular file below a folder.
public struct FoundFile: Hashable, Sendable {
    /// `/` between parts.
    public let relativePath: String
    public let sizeBytes: Int64
    public let modified: Timestamp
    /// When content or attributes were last changed, by this system's clock; nobody can set it.
    public let changed: Timestamp
    public let stamp: FileStamp
}

/// Walks a folder in the order of names. Symbolic links to folders are not followed (they could lead in circles); links
/// to files count as the file. What is ignored is not entered. Hidden files count; pipes, sockets and devices do not.
public struct FolderWalk {
    private let root: String
    private let ignored: IgnoreMatcher
    /// Things that could not be looked at, at most `problemsMax` of them.
    public private(set) var problems: [DiscoveryError] = []

    /// Problems that are kept for the report.
    public static let problemsMax = 1000

    public init(root: String, ignored: IgnoreMatcher) {
        self.root = root
        self.ignored = ignored
    }

    /// Calls `found` with each file.
    ///
    /// - Throws: `DiscoveryError` when the root itself cannot be read; what `found` throws.
    public mutating func run(_ found: (FoundFile) throws -> Void) throws {
        guard let first = opendir(root) else { throw DiscoveryError.system(root) }
        try walk(first, below: "", found)
    }

    /// Reads one folder and then those in it. Closes `first`.
    private mutating func walk(
        _ first: OpaquePointer, below start: String, _ found: (FoundFile) throws -> Void
    ) throws {
        var folders: [String] = []
        try read(first, start, &folders, found)
        while let folder = folders.popLast() {
            guard let directory = open(folder) else { continue }
            try read(directory, folder, &folders, found)
        }
    }

    /// Nil, and a problem noted, if it cannot be read. A link that took the folder's place is not followed.
    private mutating func open(_ folder: String) -> OpaquePointer? {
        let path = root + "/" + folder
        let descriptor = Foundation.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            failed(folder)
            return nil
        }
        guard let directory = fdopendir(descriptor) else {
            note(DiscoveryError.system(path))
            close(descriptor)
            return nil
        }
        return directory
    }

    private mutating func read(
        _ directory: OpaquePointer, _ folder: String, _ folders: inout [String], _ found: (FoundFile) throws -> Void
    ) throws {
        defer { closedir(directory) }
        let firstNew = folders.count
        for entry in entries(directory, folder) {
            let path = folder.isEmpty ? entry.name : folder + "/" + entry.name
            // What the folder says of an entry's kind saves the call for what is ignored anyway.
            if entry.isKnownFile || entry.isKnownFolder,
                ignored.matchesEntry(path, isDirectory: entry.isKnownFolder)
            {
                continue
            }
            if entry.isKnownFolder {
                folders.append(path)
            } else {
                try visit(entry, path, directory, &folders, found)
            }
        }
        folders[firstNew...].reverse()
    }

    private mutating func visit(
        _ entry: FolderEntry, _ path: String, _ directory: OpaquePointer, _ folders: inout [String],
        _ found: (FoundFile) throws -> Void
    ) throws {
        var status = stat()
        guard fstatat(dirfd(directory), entry.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return failed(path) }
        let isLink = status.st_mode & S_IFMT == S_IFLNK
        if isLink {
            // A link that leads nowhere, or into a circle, is no file.
            guard fstatat(dirfd(directory), entry.name, &status, 0) == 0 else { return }
        }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || (kind == S_IFDIR && !isLink) else { return }
        if !entry.isKnownFile, ignored.matchesEntry(path, isDirectory: kind == S_IFDIR) { return }
        if kind == S_IFDIR {
            folders.append(path)
        } else {
            try found(
                FoundFile(
                    relativePath: path, sizeBytes: Int64(status.st_size), modified: Timestamp(status.st_mtim),
                    changed: Timestamp(status.st_ctim), stamp: FileStamp(status)))
        }
    }

    /// Sorted by bytes.
    private mutating func entries(_ directory: OpaquePointer, _ folder: String) -> [FolderEntry] {
        var entries: [FolderEntry] = []
        errno = 0
        while let next = readdir(directory) {
            let name = withUnsafeBytes(of: &next.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let name {
                if name != "." && name != ".." { entries.append(FolderEntry(name: name, type: next.pointee.d_type)) }
            } else {
                note(
                    DiscoveryError(
                        path: folder.isEmpty ? root : root + "/" + folder,
                        message: "holds a name that is not UTF-8; rename it to have it read"))
            }
            errno = 0
        }
        if errno != 0 { note(DiscoveryError.system(root + "/" + folder)) }
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private mutating func failed(_ path: String) {
        let problem = DiscoveryError.system(root + "/" + path)
        if !problem.isGone { note(problem) }
    }

    private mutating func note(_ problem: DiscoveryError) {
        if problems.count < Self.problemsMax { problems.append(problem) }
    }
}

/// A name in a folder.
private struct FolderEntry {
    let name: String
    /// `d_type`; some file systems do not tell.
    let type: UInt8

    var isKnownFile: Bool { type == UInt8(DT_REG) }
    var isKnownFolder: Bool { type == UInt8(DT_DIR) }
}
