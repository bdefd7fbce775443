import CasparianModel

/// One file as a scan saw it.
public struct FileObservation: Hashable, Sendable {
    public var relativePath: String
    public var sizeBytes: Int64
    public var modified: Timestamp
    /// As the file was when it was read, or looked at; nil leaves what is known.
    public var stamp: FileStamp?
    /// Nil if the file is as last known, so that nobody read it again.
    public var contentHash: ContentHash?
    /// Sorted; used if the version is new or its tags differ.
    public var tags: [String]
    /// Plugins that get this version.
    public var plugins: [String]
    public var priority: Int

    public init(
        relativePath: String, sizeBytes: Int64, modified: Timestamp, stamp: FileStamp? = nil, contentHash: ContentHash?,
        tags: [String] = [], plugins: [String] = [], priority: Int = 0
    ) {
        self.stamp = stamp
        self.relativePath = relativePath
        self.sizeBytes = sizeBytes
        self.modified = modified
        self.contentHash = contentHash
        self.tags = tags
        self.plugins = plugins
        self.priority = priority
    }
}

/// New tags and plugins of a known version.
public struct VersionRoute: Hashable, Sendable {
    public var fileVersionID: FileVersionID
    public var tags: [String]
    public var plugins: [String]
    public var priority: Int

    public init(fileVersionID: FileVersionID, tags: [String], plugins: [String], priority: Int) {
        self.fileVersionID = fileVersionID
        self.tags = tags
        self.plugins = plugins
        self.priority = priority
    }
}

/// What recording changed.
public struct RecordResult: Hashable, Sendable {
    public var newFiles = 0
    public var newVersions = 0
    public var unchangedFiles = 0
    public var queuedJobs = 0
    public init() {}
}

/// Which files to list; nil means any.
public struct FileFilter: Hashable, Sendable {
    public var root: SourceRootID?
    public var pathContains: String?
    public var tag: String?
    public var limit: Int
    public init(root: SourceRootID? = nil, pathContains: String? = nil, tag: String? = nil, limit: Int = 1_000_000) {
        self.root = root
        self.pathContains = pathContains
        self.tag = tag
        self.limit = limit
    }
}

/// A file with its root.
public struct FileListing: Hashable, Sendable {
    public var rootPath: String
    public var file: KnownFile
    public init(rootPath: String, file: KnownFile) {
        self.rootPath = rootPath
        self.file = file
    }
    /// Absolute.
    public var path: String { rootPath == "/" ? "/" + file.relativePath : rootPath + "/" + file.relativePath }
}
