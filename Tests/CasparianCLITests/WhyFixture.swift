import CasparianCatalog
import CasparianModel

@testable import CasparianCLI

/// Facts about a file that was scanned and has one job, to be changed into other situations.
enum WhyFixture {
    static let now = Timestamp("2026-03-01 12:00:00")!
    static let seen = Timestamp("2026-03-01 11:00:00")!
    static let root = SourceRoot(id: 1, path: "/data")
    static let rule = RoutingRule(id: 3, pattern: "*.csv", tag: "auto_csv", priority: 50)
    static let traceback = """
        Traceback (most recent call last):
          File "sales.py", line 3, in execute
        ValueError: no
        """

    static func facts(
        _ status: JobStatus? = .queued, change: (inout WhyFacts, inout WhyFacts.JobFacts) -> Void = { _, _ in }
    ) -> WhyFacts {
        var facts = WhyFacts(
            now: now, path: "/data/in/a.csv", disk: .file(sizeBytes: 9, modified: seen))
        let version = FileVersion(
            id: 5, locationID: 4, contentHash: "abc", sizeBytes: 9, modified: seen, detected: seen, tags: ["auto_csv"])
        var place = WhyFacts.Place(root: root, relativePath: "in/a.csv")
        place.rules = [WhyFacts.RuleMatch(rule: rule, plugins: ["csv"])]
        place.file = KnownFile(
            locationID: 4, sourceRootID: 1, relativePath: "in/a.csv", lastKnownModified: seen, lastKnownSizeBytes: 9,
            version: version)
        place.history = FileHistory(discovered: seen, lastSeen: now, versions: [version])
        facts.places = [place]
        facts.workers = [worker(plugins: ["csv"])]
        var job = WhyFacts.JobFacts(
            listing: JobListing(
                job: Job(id: 17, fileVersionID: 5, pluginName: "csv", status: status ?? .queued, priority: 100),
                filePath: facts.path, contentHash: "abc"))
        job.events = [JobEvent(id: 1, jobID: 17, at: seen, kind: .queued, attempt: 1)]
        change(&facts, &job)
        if status != nil { facts.jobs = [job] }
        return facts
    }

    static func worker(
        plugins: [String], status: WorkerNode.Status = .idle, lastHeartbeat: Timestamp = now
    ) -> WorkerNode {
        WorkerNode(
            hostname: "h", pid: 7, started: seen, lastHeartbeat: lastHeartbeat, status: status, plugins: plugins)
    }

    static func failed(cause: String? = nil) -> WhyFacts {
        facts(.failed) { _, job in
            job.listing.job.errorMessage = traceback
            job.attempts = [
                JobAttempt(
                    attempt: 1, outcome: JobAttempt.lost, workerHost: "g", workerPID: 6, claimed: seen, ended: now),
                JobAttempt(
                    attempt: 2, outcome: JobAttempt.failed,
                    metrics: [JobReceipt.peakBytesMetric: 120_000_000, JobReceipt.elapsedMetric: 1_500_000],
                    errorMessage: traceback, workerHost: "h", workerPID: 7, claimed: seen, ended: now, cause: cause,
                    exitSignal: 9),
            ]
        }
    }
}
