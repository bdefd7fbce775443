import CasparianCatalog
import CasparianModel
import FileDiscovery

/// What a scan found.
public struct ScanReport: Sendable {
    public var root: String
    public var filesSeen = 0
    public var newFiles = 0
    public var newVersions = 0
    public var unchangedFiles = 0
    /// Known files that lie at another path now, by content; nothing is processed again.
    public var movedFiles = 0
    /// Known files that are not there any more.
    public var goneFiles = 0
    /// Files that are not complete yet (`SettlePolicy`), and left for a later look; `notBefore` says when that can be.
    public var unsettled: [Unsettled] = []
    public var queuedJobs = 0
    /// Temporary files and markers, which are nobody's input.
    public var leftOut = 0
    /// Symbolic links, which are passed over.
    public var links = 0
    /// What could not be looked at or read.
    public var problems: [DiscoveryError] = []
    /// Files that should be there and are not, for a reason that is no deletion.
    public var alarms: [DiscoveryAlarm] = []

    /// A file that is not complete yet.
    public struct Unsettled: Hashable, Sendable {
        public var relativePath: String
        /// When it may be complete; nil if it waits for another file.
        public var notBefore: Timestamp?
    }

    public init(root: String) { self.root = root }

    public var unsettledFiles: Int { unsettled.count }

    mutating func add(_ result: RecordResult) {
        newFiles += result.newFiles
        newVersions += result.newVersions
        movedFiles += result.movedFiles
        goneFiles += result.goneFiles
        queuedJobs += result.queuedJobs
    }

    /// Adds what a look at some of the files found.
    mutating func add(_ other: ScanReport) {
        filesSeen += other.filesSeen
        newFiles += other.newFiles
        newVersions += other.newVersions
        unchangedFiles += other.unchangedFiles
        movedFiles += other.movedFiles
        goneFiles += other.goneFiles
        queuedJobs += other.queuedJobs
        for problem in other.problems { note(problem) }
    }

    mutating func note(_ problem: DiscoveryError) {
        if problems.count < FolderWalk.problemsMax { problems.append(problem) }
    }
}
