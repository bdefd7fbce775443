import CasparianModel

/// The tables of `InMemoryCatalog`.
struct MemoryState: Sendable {
    var roots: [SourceRoot] = []
    var ignores: [IgnoreRule] = []
    var rules: [RoutingRule] = []
    var plugins: [String: PluginConfig] = [:]
    var topicRows: [TopicConfig] = []
    var manifests: [PluginVersion] = []
    var deployments: [String: PluginVersion] = [:]
    var origins: [DeclaredKey: ConfigurationOrigin] = [:]

    var places: [FileLocationID: KnownFile] = [:]
    var placeByPath: [PlaceKey: FileLocationID] = [:]
    var versions: [FileVersionID: FileVersion] = [:]
    var versionByHash: [VersionKey: FileVersionID] = [:]
    /// By the bytes of their paths.
    var folders: [SourceRootID: [[UInt8]: KnownFolder]] = [:]
    var alarms: [SourceRootID: [DiscoveryAlarm]] = [:]
    var moves: [FileMove] = []

    var jobs: [JobID: Job] = [:]
    var jobByKey: [JobKey: JobID] = [:]
    var courses: [JobID: JobCourse] = [:]
    /// What jobs were last handed out with.
    var work: [JobID: WorkIdentity] = [:]
    /// Jobs that are not needed, with the version whose job is done instead.
    var duplicates: [JobID: FileVersionID] = [:]
    var limits: [String: PluginLimits] = [:]
    var pauses: [String: PluginPause] = [:]
    let turns = PluginTurns()
    /// QUEUED jobs of each plugin that may begin, best first.
    var ready: [String: [JobCandidate]] = [:]
    /// Receipt of the current attempt.
    var receipts: [JobID: JobReceipt] = [:]
    var workers: [String: WorkerNode] = [:]
    var events: [JobEvent] = []
    /// Since when QUEUED jobs wait.
    var waitingSince: [JobID: Timestamp] = [:]
    var attempts: [JobID: [JobAttempt]] = [:]

    private var lastID: Int64 = 0

    /// Paths are compared by bytes: two file names can be equal as texts.
    struct PlaceKey: Hashable {
        private let root: SourceRootID
        private let path: [UInt8]

        init(root: SourceRootID, path: String) {
            self.root = root
            self.path = Array(path.utf8)
        }
    }
    struct VersionKey: Hashable {
        var place: FileLocationID
        var hash: String
    }
    struct JobKey: Hashable {
        var version: FileVersionID
        var plugin: String
    }

    /// Ids are unique over all tables, so that one passed for another is noticed.
    mutating func nextID<ID: CatalogIdentifier>() -> ID {
        lastID += 1
        return ID(lastID)
    }
}

extension Array {
    /// Removes the first element that fits; false if none does.
    mutating func removeFirst(where fits: (Element) -> Bool) -> Bool {
        guard let index = firstIndex(where: fits) else { return false }
        remove(at: index)
        return true
    }
}
