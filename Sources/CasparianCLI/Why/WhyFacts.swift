import CasparianCatalog
import CasparianModel

/// Everything that is known about a file or a job, collected at one moment; `WhyReport` makes an answer of it.
struct WhyFacts: Sendable {
    /// What lies at a path.
    enum OnDisk: Hashable, Sendable {
        case file(sizeBytes: Int64, modified: Timestamp)
        case folder
        /// A symbolic link; those are not followed.
        case link(target: String, to: Destination)
        /// A pipe, a socket or a device.
        case special
        case missing
        case unreadable(reason: String)
    }

    /// What a link leads to.
    enum Destination: String, Sendable { case file, folder, nothing }

    /// What keeps a path from being looked at.
    struct IgnoreHit: Hashable, Sendable {
        enum Origin: Hashable, Sendable {
            case rule(RuleID)
            /// `ignore` in the settings.
            case settings
            case builtIn
        }
        var pattern: String
        /// The file or the folder above it that the pattern names, relative to the root.
        var path: String
        var origin: Origin
    }

    /// A rule that matches, and who wants its tag.
    struct RuleMatch: Hashable, Sendable {
        var rule: RoutingRule
        var plugins: [String]
    }

    /// The file as it stands below one root.
    struct Place: Sendable {
        var root: SourceRoot
        var relativePath: String
        var ignored: IgnoreHit?
        var rules: [RuleMatch] = []
        var file: KnownFile?
        var history = FileHistory()
        /// Where it lay before.
        var moves: [FileMove] = []
        /// Of the root's last scan, about a folder it lies in.
        var alarms: [DiscoveryAlarm] = []
    }

    struct JobFacts: Sendable {
        var listing: JobListing
        /// Newer content of the file is known.
        var isOutdated = false
        var attempts: [JobAttempt] = []
        var artifacts: [Artifact] = []
        var events: [JobEvent] = []
        /// Jobs of its plugin that are handed out before it; nil if it is not to be handed out now.
        var ahead: Int?
        /// Its plugin is paused, since its jobs failed one after the other.
        var pause: PluginPause?
        /// False if its worker was a process of this machine and is gone; nil where that cannot be told.
        var isHolderAlive: Bool?
        /// Why the plugin cannot be loaded, if it cannot.
        var loadError: String?
        /// How far the plugin's environment is, while it is being built for the first time.
        var build: String?
        /// A person called it off.
        var isCancelled: Bool { listing.course.cancelRequested != nil }
        /// It ended since its file was not what was queued.
        var isOfChangedFile: Bool { !isCancelled && attempts.last?.cause == FailureCause.changed.rawValue }
    }

    var now: Timestamp
    /// Absolute; empty for a job whose file the catalog does not have.
    var path: String
    var disk: OnDisk
    /// The system's own file, such as the state database.
    var isOwn = false
    /// The path is an active root.
    var isRoot = false
    /// What jobs promoted to this path.
    var made: [ArtifactListing] = []
    /// How long a file must have been left alone.
    var settle = Duration.zero
    /// One for each active root that covers the path.
    var places: [Place] = []
    /// A root that covers the path and is not scanned any more.
    var inactiveRoot: String?
    /// Oldest first; of a job that was asked for, only that one.
    var jobs: [JobFacts] = []
    /// A job was asked for, so the others of its file are not among `jobs`.
    var isAboutOneJob = false
    var workers: [WorkerNode] = []

    var liveWorkers: [WorkerNode] { workers.filter { $0.status != .offline } }

    /// How long ago the file was written; nil where there is none. A time in the future counts as just now.
    var ageSeconds: Double? {
        guard case .file(_, let modified) = disk else { return nil }
        return max(0, now.secondsSinceEpoch - modified.secondsSinceEpoch)
    }

    var isSettled: Bool {
        guard settle > .zero, let ageSeconds else { return true }
        return ageSeconds >= Format.seconds(settle)
    }

    /// True if what lies there is not what a scan last saw.
    func isChanged(_ place: Place) -> Bool {
        guard case .file(let sizeBytes, let modified) = disk, let file = place.file else { return false }
        return file.lastKnownSizeBytes != sizeBytes || file.lastKnownModified != modified
    }
}
