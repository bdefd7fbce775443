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
    /// The place where this file lay before it was moved here: that place gets this path, with all its versions and jobs.
    public var movedFrom: FileLocationID?

    public init(
        relativePath: String, sizeBytes: Int64, modified: Timestamp, stamp: FileStamp? = nil, contentHash: ContentHash?,
        tags: [String] = [], plugins: [String] = [], priority: Int = 0, movedFrom: FileLocationID? = nil
    ) {
        self.movedFrom = movedFrom
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

/// A part of what a scan saw.
public struct ScanRecord: Sendable {
    /// Files that are new, changed, or to be routed anew; what is as it was needs none.
    public var observations: [FileObservation]
    /// Folders all of whose files are on record with this.
    public var folders: [KnownFolder]
    /// Relative paths of folders that are not there any more.
    public var forgottenFolders: [String]
    /// Places whose file is not there any more.
    public var gone: [FileLocationID]

    public init(
        observations: [FileObservation] = [], folders: [KnownFolder] = [], forgottenFolders: [String] = [],
        gone: [FileLocationID] = []
    ) {
        self.observations = observations
        self.folders = folders
        self.forgottenFolders = forgottenFolders
        self.gone = gone
    }

    public var isEmpty: Bool {
        observations.isEmpty && folders.isEmpty && forgottenFolders.isEmpty && gone.isEmpty
    }
}

/// A folder below a root as the last scan left it.
public struct KnownFolder: Hashable, Sendable {
    /// Relative; empty for the root itself.
    public var path: String
    public var identity: FolderIdentity
    /// Stands for the names and stamps of its files (`FolderContents.digest()`, 16 bytes).
    public var digest: [UInt8]
    /// Stands for the rules by which its files were routed (`Router.fingerprint`).
    public var routing: Int64

    public init(path: String, identity: FolderIdentity, digest: [UInt8], routing: Int64) {
        self.path = path
        self.identity = identity
        self.digest = digest
        self.routing = routing
    }
}

/// Files that should be there and are not, for a reason that is no deletion: nothing of them is recorded as gone.
public struct DiscoveryAlarm: Hashable, Sendable {
    /// Relative path of the folder; empty for the root itself.
    public var folder: String
    /// What it is and what to do.
    public var message: String

    public init(folder: String, message: String) {
        self.folder = folder
        self.message = message
    }
}

/// A file that was moved.
public struct FileMove: Hashable, Sendable {
    public var locationID: FileLocationID
    /// Absolute.
    public var from: String
    /// Absolute.
    public var to: String
    public var at: Timestamp

    public init(locationID: FileLocationID, from: String, to: String, at: Timestamp) {
        self.locationID = locationID
        self.from = from
        self.to = to
        self.at = at
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
    /// Places whose file lies elsewhere now.
    public var movedFiles = 0
    /// Places whose file is not there any more.
    public var goneFiles = 0
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
