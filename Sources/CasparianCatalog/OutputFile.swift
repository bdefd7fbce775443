import CasparianModel

/// An artifact that is a file below a source root, so that the catalog knows the place before a scan finds it.
package struct OutputFile: Hashable, Sendable {
    package let root: SourceRootID
    package let relativePath: String

    static let scheme = "parquet://"

    /// Nil if the artifact is no file or lies under no active root. The innermost root wins.
    package init?(uri: String, roots: [SourceRoot]) {
        guard uri.hasPrefix(Self.scheme + "/") else { return nil }
        let path = uri.dropFirst(Self.scheme.count).prefix { $0 != "?" }
        // A partitioned table: the files of a job, not one file.
        if path.contains("/*/") { return nil }
        let holders = roots.filter { $0.isActive && path.hasPrefix($0.path == "/" ? "/" : $0.path + "/") }
        guard let root = holders.max(by: { $0.path.utf8.count < $1.path.utf8.count }) else { return nil }
        self.root = root.id
        self.relativePath = String(path.dropFirst(root.path == "/" ? 1 : root.path.count + 1))
        if relativePath.isEmpty { return nil }
    }
}

extension SourceRoot {
    /// The absolute path of a file below the root.
    package func path(of relativePath: String) -> String {
        path == "/" ? "/" + relativePath : path + "/" + relativePath
    }
}
