import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    private static let change = JobReceipt(
        status: .failed, errorMessage: "/data/p/0.csv: the file changed", attempt: 1, cause: .changed)

    /// A root with one file of one job, that ended since the file had changed.
    private static func changed(_ catalog: any Catalog) async throws -> (SourceRootID, JobID) {
        let root = try await catalog.queueJobs([1])
        let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
        #expect(try await catalog.conclude(job, change))
        return (root, job)
    }

    private static func found(_ seed: UInt8?) -> FileObservation {
        seen("p/0.csv", seed, tags: ["t"], plugins: ["p"], priority: 1)
    }

    private static func expectAgain(
        _ catalog: any Catalog, _ job: JobID, _ file: FileObservation, _ root: SourceRootID
    ) async throws {
        #expect(try await catalog.record([file], root: root, now: later).queuedJobs == 1)
        #expect(try await catalog.record([file], root: root, now: later).queuedJobs == 0)
        let listing = try #require(try await catalog.job(id: job))
        #expect(listing.job.status == .queued && listing.job.errorMessage == nil && listing.job.endTime == nil)
        #expect(try await catalog.jobEvents(JobEventFilter(job: job)).last?.kind == .requeued)
        let again = try #require(try await catalog.claim(worker("w", 9, ["p"])).first { $0.jobID == job })
        #expect(again.attempt == 2 && again.strikes == 0)
        #expect(try await catalog.conclude(job, success([])))
        // What is done stays done, also when its content comes back.
        #expect(try await catalog.record([file], root: root, now: later).queuedJobs == 0)
        #expect(try await catalog.job(id: job)?.job.status == .completed)
    }

    /// Jobs whose file is not what was queued.
    static let changedFiles = [
        CatalogBehaviour("a job whose file had changed is skipped, with the reason, and is no failure") {
            catalog async throws in
            let (_, job) = try await changed(catalog)
            let listing = try #require(try await catalog.job(id: job))
            #expect(listing.job.status == .skipped && listing.job.errorMessage == change.errorMessage)
            #expect(listing.job.endTime == later && listing.job.resultSummary == nil)
            #expect(listing.course.strikes == 0 && !listing.course.isDead)
            #expect(try await catalog.jobs(JobFilter(status: .failed)).isEmpty)
            let attempt = try #require(try await catalog.attempts(of: job).first)
            #expect(attempt.outcome == JobAttempt.skipped && attempt.cause == "changed")
            #expect(attempt.errorMessage == change.errorMessage)
            let event = try #require(try await catalog.jobEvents(JobEventFilter(job: job)).last)
            #expect(event.kind == .changed && event.attempt == 1 && event.detail == change.errorMessage)
        },
        CatalogBehaviour("new content at the place of a changed file has its own job, and the old one stays skipped") {
            catalog async throws in
            let (root, job) = try await changed(catalog)
            let result = try await catalog.record([found(2)], root: root, now: later)
            #expect(result.newVersions == 1 && result.queuedJobs == 1)
            #expect(try await catalog.job(id: job)?.job.status == .skipped)
            let next = try await catalog.claim(worker("w", 9, ["p"]))
            #expect(next.count == 1 && next[0].jobID != job && next[0].contentHash == hash(2).hex)
        },
        CatalogBehaviour("a job whose file had changed comes again when a scan reads the content that was queued") {
            catalog async throws in
            let (root, job) = try await changed(catalog)
            #expect(try await catalog.record([found(2)], root: root, now: later).queuedJobs == 1)
            try await expectAgain(catalog, job, found(1), root)
        },
        CatalogBehaviour("it comes again, too, when a scan knows without reading that the content is there") {
            catalog async throws in
            let (root, job) = try await changed(catalog)
            try await expectAgain(catalog, job, found(nil), root)
        },
        CatalogBehaviour(
            "a scan has to look at the folder of a file that had changed, since it may have seen the change"
        ) {
            catalog async throws in
            let root = try await catalog.queueJobs([1])
            let folders = ["", "p", "q"].map { path in
                KnownFolder(
                    path: path, identity: FolderIdentity(device: 1, inode: 1), digest: Array(repeating: 0, count: 16),
                    routing: 1)
            }
            _ = try await catalog.record(ScanRecord(folders: folders), root: root, now: now)
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            #expect(try await catalog.conclude(job, change))
            #expect(try await Set(catalog.knownFolders(root: root, below: "").map(\.path)) == ["", "q"])
        },
        CatalogBehaviour("a job whose file was not there runs when it is, and when it was moved under its hands") {
            catalog async throws in
            let root = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            let folder = KnownFolder(
                path: "in", identity: FolderIdentity(device: 1, inode: 1), digest: Array(repeating: 0, count: 16),
                routing: 1)
            let gone = JobReceipt(status: .failed, errorMessage: "no such file", attempt: 1, cause: .file)
            var moved = found(1)
            moved.relativePath = "in/0.csv"
            moved.movedFrom = try await catalog.knownFiles(root: root).first?.locationID
            _ = try await catalog.record(
                ScanRecord(observations: [moved], folders: [folder]), root: root, now: later)
            #expect(try await catalog.conclude(job, gone))
            #expect(try await catalog.job(id: job)?.job.status == .failed)
            #expect(try await catalog.knownFolders(root: root, below: "").isEmpty, "the next scan looks")
            moved.movedFrom = nil
            moved.contentHash = nil
            #expect(try await catalog.record([moved], root: root, now: later).queuedJobs == 1)
            let listing = try #require(try await catalog.job(id: job))
            #expect(listing.job.status == .queued && listing.filePath == "/data/in/0.csv")
        },
        CatalogBehaviour("a person can retry a job whose file had changed, and what a person called off stays so") {
            catalog async throws in
            let (root, job) = try await changed(catalog)
            #expect(try await catalog.retry(job: job, now: later))
            #expect(try await catalog.job(id: job)?.job.status == .queued)
            #expect(try await catalog.cancel(job: job, by: "ann", now: later) == .cancelled)
            #expect(try await catalog.record([found(1)], root: root, now: later).queuedJobs == 0)
            #expect(try await catalog.job(id: job)?.job.errorMessage == "cancelled by ann")
        },
        CatalogBehaviour("a job that a person called off while its file changed counts as called off") {
            catalog async throws in
            let root = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            #expect(try await catalog.cancel(job: job, by: "ann", now: later) == .requested)
            #expect(try await catalog.conclude(job, change))
            #expect(try await catalog.job(id: job)?.job.errorMessage == "cancelled by ann")
            #expect(try await catalog.record([found(1)], root: root, now: later).queuedJobs == 0)
        },
    ]
}
