/// Leaves planned jobs out whose plugin is given their content at another place, where it is to be given it once.
public struct GivenContents: Sendable {
    private var given: [String: Set<String>]

    /// - Parameter given: By plugin that skips duplicates: hashes of the contents that it was given, or will be.
    public init(_ given: [String: Set<String>]) { self.given = given }

    /// The jobs that would be queued; their contents count as given from then on.
    ///
    /// - Parameter jobs: In the order in which they would be queued. What is to be done again is.
    public mutating func needed(of jobs: [PlannedJob]) -> [PlannedJob] {
        jobs.filter { job in
            guard [.newFile, .newContent, .newPlugin].contains(job.reason), let hash = job.contentHash,
                given[job.pluginName] != nil
            else { return true }
            return given[job.pluginName]!.insert(hash).inserted
        }
    }
}
