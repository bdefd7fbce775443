import CasparianModel
import CasparianRouting
import Foundation

/// A regular file below a folder.
public struct FoundFile: Hashable, Sendable {
    /// `/` between parts.
    public let relativePath: String
    public let sizeBytes: Int64
    public let modified: Timestamp
}

/// Walks a folder in the order of names. Symbolic links to folders are not followed (they could lead in circles); links
/// to files count as the file. What is ignored is not entered.
public struct FolderWalk {
    private let root: String
    private let ignored: IgnoreMatcher
    /// Things that could not be looked at.
    public private(set) var problems: [DiscoveryError] = []

    /// Problems that are kept for the report.
    static let problemsMax = 1000

    public init(root: String, ignored: IgnoreMatcher) {
        self.root = root
        self.ignored = ignored
    }

    /// Calls `found` with each file.
    ///
    /// - Throws: `DiscoveryError` when the root itself cannot be read; what `found` throws.
    public mutating func run(_ found: (FoundFile) throws -> Void) throws {
        guard let first = opendir(root) else { throw DiscoveryError.system(root) }
        closedir(first)
        var folders = [""]
        while let folder = folders.popLast() {
            for name in names(in: folder) {
                let path = folder.isEmpty ? name : folder + "/" + name
                try visit(path, &folders, found)
            }
        }
    }

    private mutating func visit(
        _ path: String, _ folders: inout [String], _ found: (FoundFile) throws -> Void
    ) throws {
        let full = root + "/" + path
        var status = stat()
        guard lstat(full, &status) == 0 else { return }
        var kind = status.st_mode & S_IFMT
        if kind == S_IFLNK {
            guard stat(full, &status) == 0 else { return }
            kind = status.st_mode & S_IFMT
            if kind == S_IFDIR { return }
        }
        guard kind == S_IFDIR || kind == S_IFREG, !ignored.matchesEntry(path, isDirectory: kind == S_IFDIR) else {
            return
        }
        if kind == S_IFDIR {
            folders.append(path)
        } else {
            let modified = Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec / 1000)
            try found(
                FoundFile(
                    relativePath: path, sizeBytes: Int64(status.st_size),
                    modified: Timestamp(microsecondsSinceEpoch: modified)))
        }
    }

    private mutating func names(in folder: String) -> [String] {
        let full = folder.isEmpty ? root : root + "/" + folder
        guard let directory = opendir(full) else {
            note(DiscoveryError.system(full))
            return []
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let name else {
                note(DiscoveryError(path: full, message: "holds a name that is not UTF-8; rename it to have it read"))
                continue
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private mutating func note(_ problem: DiscoveryError) {
        if problems.count < Self.problemsMax { problems.append(problem) }
    }
}
