import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    private static func failure(_ text: String?, attempt: Int? = nil) -> JobReceipt {
        JobReceipt(status: .failed, metrics: ["rows": 0, "size_bytes": 0], errorMessage: text, attempt: attempt)
    }

    static let conclusions = [
        CatalogBehaviour("a success completes the job and keeps its receipt") { catalog async throws in
            _ = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0]
            let made = [
                Artifact(topic: "b", uri: "parquet:///o/b.parquet", rows: 2, sizeBytes: 30, contentHash: "x"),
                Artifact(topic: "a", uri: "mssql://dbo.t"),
            ]
            #expect(try await catalog.conclude(job.jobID, success(made)))
            let listing = try #require(try await catalog.job(id: job.jobID))
            #expect(listing.job.status == .completed && listing.job.endTime == later)
            #expect(listing.job.resultSummary == "3 rows, 40 bytes, 2 artifacts" && listing.job.errorMessage == nil)
            #expect(listing.rows == 3 && listing.sizeBytes == 40)
            let expected = made.map {
                ArtifactListing(jobID: job.jobID, pluginName: "p", fileVersionID: job.fileVersionID, artifact: $0)
            }
            #expect(try await catalog.artifacts(ArtifactFilter(job: job.jobID)) == expected)
            #expect(try await catalog.artifacts(ArtifactFilter(plugin: "p", limit: 1)) == [expected[1]])
            #expect(try await catalog.artifacts(ArtifactFilter(plugin: "q")).isEmpty)
        },
        CatalogBehaviour("rows in quarantine are told with the job") { catalog async throws in
            _ = try await catalog.queueJobs([1, 2])
            let jobs = try await catalog.claim(worker("w", 2, ["p"]))
            var receipt = success([Artifact(topic: "a_quarantine", uri: "memory://a_quarantine", rows: 2)])
            #expect(try await catalog.conclude(jobs[0].jobID, receipt))
            #expect(try await catalog.job(id: jobs[0].jobID)?.quarantined == nil)
            receipt.metrics[JobReceipt.quarantinedMetric] = 2
            #expect(try await catalog.conclude(jobs[1].jobID, receipt))
            let listing = try #require(try await catalog.job(id: jobs[1].jobID))
            #expect(listing.quarantined == 2 && listing.job.resultSummary?.hasSuffix(", 2 quarantined") == true)
        },
        CatalogBehaviour("a failure keeps the whole text of the error and no artifacts") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1])
            let claimed = try await catalog.claim(worker("w", 2, ["p"]))
            let text = String(repeating: "Traceback 😀 'quoted'\n", count: 20_000)
            var receipt = failure(text)
            receipt.artifacts = [Artifact(topic: "a", uri: "parquet:///data/a.parquet")]
            #expect(try await catalog.conclude(claimed[0].jobID, receipt))
            #expect(try await catalog.conclude(claimed[1].jobID, failure(nil)))
            let jobs = try await catalog.jobs(JobFilter(status: .failed))
            #expect(jobs.map(\.job.errorMessage) == [text, "the worker gave no reason"])
            #expect(jobs[0].job.resultSummary == nil && jobs[0].job.endTime == later)
            #expect(try await catalog.artifacts(ArtifactFilter()).isEmpty)
        },
        CatalogBehaviour("a job that has ended never changes, and an unknown one is reported") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1])
            let claimed = try await catalog.claim(worker("w", 2, ["p"])).map(\.jobID)
            _ = try await catalog.conclude(claimed[0], success([]))
            _ = try await catalog.conclude(claimed[1], failure("no"))
            let before = try await catalog.jobs(JobFilter())
            for job in claimed {
                #expect(try await !catalog.conclude(job, failure("late")))
                #expect(try await !catalog.conclude(job, success([Artifact(topic: "a", uri: "parquet:///x")])))
            }
            #expect(try await !catalog.conclude(424_242, success([])))
            #expect(try await catalog.jobs(JobFilter()) == before)
            #expect(try await catalog.artifacts(ArtifactFilter()).isEmpty)
        },
        CatalogBehaviour("one batch takes receipts and hands out the next jobs") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1, 1])
            let first = try await catalog.claim(worker("w", 2, ["p"])).map(\.jobID)
            var batch = QueueBatch()
            batch.conclusions = [
                Conclusion(jobID: first[0], receipt: success([])), Conclusion(jobID: first[0], receipt: success([])),
            ]
            batch.requeues = [Requeue(first[1])]
            batch.claims = [worker("v", 5, ["p"])]
            let result = try await catalog.commit(batch, now: later)
            #expect(result.ignoredConclusions == [first[0]])
            #expect(result.claimed.map(\.attempt) == [2, 1] && result.claimed[0].jobID == first[1])
        },
        CatalogBehaviour("the summary counts every state") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1, 1, 1])
            #expect(try await catalog.queueSummary().waitingByPlugin == ["p": 4])
            let claimed = try await catalog.claim(worker("w", 3, ["p"])).map(\.jobID)
            _ = try await catalog.conclude(claimed[0], success([]))
            _ = try await catalog.conclude(claimed[1], failure("no"))
            let summary = try await catalog.queueSummary()
            #expect(summary.countByStatus == [.queued: 1, .running: 1, .completed: 1, .failed: 1])
            #expect(summary.waitingByPlugin == ["p": 1] && !summary.isIdle)
        },
    ]

    static let retries = [
        CatalogBehaviour("only a running job is put back, as its next attempt") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1, 1])
            let claimed = try await catalog.claim(worker("w", 2, ["p"])).map(\.jobID)
            _ = try await catalog.conclude(claimed[0], success([]))
            let queued = try #require(try await catalog.jobs(JobFilter(status: .queued)).first?.job)
            try await catalog.requeue(claimed[0], claimed[1], queued.id, 424_242)
            #expect(try await catalog.job(id: claimed[0])?.job.status == .completed)
            #expect(try await catalog.job(id: queued.id)?.job == queued)
            let job = try #require(try await catalog.job(id: claimed[1])?.job)
            #expect(job.status == .queued && job.retryCount == 1 && job.workerHost == nil && job.claimTime == nil)
            let again = try await catalog.claim(worker("v", 9, ["p"]))
            #expect(again.map(\.jobID) == [claimed[1], queued.id] && again.map(\.attempt) == [2, 1])
        },
        CatalogBehaviour("a late success of a lost worker counts, and the job is not run again") {
            catalog async throws in
            _ = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            try await catalog.requeue(job)
            #expect(try await catalog.conclude(job, success([])))
            #expect(try await catalog.claim(worker("v", 1, ["p"])).isEmpty)
            #expect(try await catalog.job(id: job)?.rows == 3)
        },
        CatalogBehaviour("a late failure of a lost worker does not end the attempt that runs now") {
            catalog async throws in
            _ = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            try await catalog.requeue(job)
            #expect(try await !catalog.conclude(job, failure("lost", attempt: 1)))
            #expect(try await !catalog.conclude(job, failure("lost")))
            _ = try await catalog.claim(worker("v", 1, ["p"]))
            #expect(try await !catalog.conclude(job, failure("lost", attempt: 1)))
            #expect(try await catalog.job(id: job)?.job.status == .running)
            #expect(try await catalog.conclude(job, failure("real", attempt: 2)))
            #expect(try await catalog.job(id: job)?.job.errorMessage == "real")
        },
        CatalogBehaviour("a failed job is retried under its id, a completed one is not") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1])
            let claimed = try await catalog.claim(worker("w", 2, ["p"])).map(\.jobID)
            _ = try await catalog.conclude(claimed[0], success([]))
            _ = try await catalog.conclude(claimed[1], failure("no"))
            #expect(try await !catalog.retry(job: claimed[0], now: later))
            #expect(try await !catalog.retry(job: 424_242, now: later))
            #expect(try await catalog.retry(job: claimed[1], now: later))
            #expect(try await !catalog.retry(job: claimed[1], now: later))
            let listing = try #require(try await catalog.job(id: claimed[1]))
            #expect(listing.job.status == .queued && listing.job.errorMessage == nil && listing.rows == nil)
            let again = try await catalog.claim(worker("w", 2, ["p"]))
            #expect(again.map(\.jobID) == [claimed[1]] && again.map(\.attempt) == [2])
            #expect(try await catalog.conclude(claimed[1], success([])))
        },
    ]

    static let changes = [
        CatalogBehaviour("a change before the wait ends it at once") { catalog async throws in
            await settle(catalog)
            _ = try await catalog.addRoutingRule(pattern: "*", tag: "t", priority: 1)
            #expect(await waited(catalog, .seconds(600)) < .seconds(300))
        },
        CatalogBehaviour("a change during the wait ends it at once") { catalog async throws in
            await settle(catalog)
            async let elapsed = waited(catalog, .seconds(600))
            _ = try await catalog.addRoutingRule(pattern: "*", tag: "t", priority: 1)
            #expect(await elapsed < .seconds(300))
        },
        CatalogBehaviour("without a change the wait lasts as long as it may") { catalog async throws in
            await settle(catalog)
            let elapsed = await waited(catalog, .milliseconds(60))
            #expect(elapsed >= .milliseconds(60) && elapsed < .seconds(300))
        },
        CatalogBehaviour("a cancelled wait ends at once") { catalog async throws in
            await settle(catalog)
            let elapsed = await withTaskGroup(of: Duration.self) { group in
                group.addTask { await waited(catalog, .seconds(600)) }
                group.cancelAll()
                return await group.next() ?? .seconds(600)
            }
            #expect(elapsed < .seconds(300))
        },
    ]

    private static func waited(_ catalog: any Catalog, _ timeout: Duration) async -> Duration {
        let start = ContinuousClock.now
        await catalog.waitForChange(timeout: timeout)
        return ContinuousClock.now - start
    }

    /// Waits until news from before are consumed.
    private static func settle(_ catalog: any Catalog) async {
        while await waited(catalog, .milliseconds(5)) < .milliseconds(5) {}
    }
}
