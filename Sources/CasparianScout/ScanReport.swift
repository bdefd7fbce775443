import CasparianCatalog
import FileDiscovery

/// What a scan found.
public struct ScanReport: Sendable {
    public var root: String
    public var filesSeen = 0
    public var newFiles = 0
    public var newVersions = 0
    public var unchangedFiles = 0
    /// Written to so lately that they were left for the next scan.
    public var unsettledFiles = 0
    public var queuedJobs = 0
    public var problems: [DiscoveryError] = []

    public init(root: String) { self.root = root }

    mutating func add(_ result: RecordResult) {
        newFiles += result.newFiles
        newVersions += result.newVersions
        unchangedFiles += result.unchangedFiles
        queuedJobs += result.queuedJobs
    }

    mutating func note(_ problem: DiscoveryError) {
        if problems.count < FolderWalk.problemsMax { problems.append(problem) }
    }
}
