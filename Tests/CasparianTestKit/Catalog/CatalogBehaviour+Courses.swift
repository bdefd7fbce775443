import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    private static func failure(_ text: String = "no") -> JobReceipt {
        JobReceipt(status: .failed, errorMessage: text, cause: .guest)
    }

    private static func commit(
        _ catalog: any Catalog, at time: Timestamp = later, _ change: (inout QueueBatch) -> Void
    ) async throws -> QueueBatchResult {
        var batch = QueueBatch()
        change(&batch)
        return try await catalog.commit(batch, now: time)
    }

    /// Jobs that are tried again, buried, or cancelled.
    static let courses = [
        CatalogBehaviour("a job that is tried again waits for its time, and then comes in its turn") {
            catalog async throws in
            _ = try await catalog.queueJobs([1, 2])
            let jobs = try await catalog.claim(worker("w", 2, ["p"])).map(\.jobID)
            let time = later.advanced(by: .seconds(30))
            let result = try await commit(catalog) {
                $0.conclusions = [Conclusion(jobID: jobs[0], receipt: failure(), consequence: .retry(at: time))]
                $0.requeues = [Requeue(jobs[1], notBefore: time, isStrike: true)]
                $0.claims = [worker("w", 9, ["p"])]
            }
            #expect(result.claimed.isEmpty && result.ignoredConclusions.isEmpty)
            for job in jobs {
                let listing = try #require(try await catalog.job(id: job))
                #expect(listing.job.status == .queued && listing.job.retryCount == 1 && listing.job.errorMessage == nil)
                #expect(listing.course.strikes == 1 && listing.course.notBefore == time)
            }
            #expect(try await catalog.queueSummary().waitingByPlugin == ["p": 2])
            let early = time.advanced(by: .milliseconds(-1))
            #expect(try await commit(catalog, at: early) { $0.claims = [worker("w", 9, ["p"])] }.claimed.isEmpty)
            let claimed = try await commit(catalog, at: time) { $0.claims = [worker("w", 9, ["p"])] }.claimed
            #expect(claimed.map(\.jobID) == jobs)
            #expect(claimed.allSatisfy { $0.attempt == 2 && $0.strikes == 1 })
            #expect(try await catalog.job(id: jobs[0])?.course.notBefore == nil)
        },
        CatalogBehaviour("a job that is put back without a time comes at once, and it does not count") {
            catalog async throws in
            _ = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            let again = try await commit(catalog) {
                $0.requeues = [Requeue(job)]
                $0.claims = [worker("v", 1, ["p"])]
            }
            #expect(again.claimed.map(\.attempt) == [2] && again.claimed.map(\.strikes) == [0])
        },
        CatalogBehaviour("a success that comes while a job waits for its time ends it") { catalog async throws in
            _ = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            let time = later.advanced(by: .seconds(30))
            _ = try await commit(catalog) { $0.requeues = [Requeue(job, notBefore: time, isStrike: true)] }
            #expect(try await catalog.conclude(job, success([])))
            let result = try await commit(catalog, at: time) { $0.claims = [worker("v", 1, ["p"])] }
            #expect(result.claimed.isEmpty)
            #expect(try await catalog.job(id: job)?.job.status == .completed)
        },
        CatalogBehaviour("a buried job is listed as dead until it is retried, with all its attempts before it") {
            catalog async throws in
            _ = try await catalog.queueJobs([1, 1])
            let jobs = try await catalog.claim(worker("w", 2, ["p"])).map(\.jobID)
            _ = try await commit(catalog) {
                $0.conclusions = [
                    Conclusion(jobID: jobs[0], receipt: failure("lost"), consequence: .bury),
                    Conclusion(jobID: jobs[1], receipt: failure()),
                ]
            }
            let dead = try await catalog.jobs(JobFilter(isDead: true))
            #expect(dead.map(\.job.id) == [jobs[0]] && dead[0].job.status == .failed && dead[0].course.isDead)
            #expect(dead[0].job.errorMessage == "lost")
            #expect(try await catalog.jobs(JobFilter(status: .failed)).count == 2)
            #expect(try await catalog.retry(job: jobs[0], now: later))
            #expect(try await catalog.jobs(JobFilter(isDead: true)).isEmpty)
            #expect(try await catalog.claim(worker("w", 1, ["p"])).map(\.strikes) == [0])
        },
        CatalogBehaviour("a job that waits is cancelled at once, whatever it waits for") { catalog async throws in
            _ = try await catalog.queueJobs([1, 2, 3])
            let running = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            let time = later.advanced(by: .seconds(30))
            _ = try await commit(catalog) { $0.requeues = [Requeue(running, notBefore: time, isStrike: true)] }
            for listing in try await catalog.jobs(JobFilter()) {
                #expect(try await catalog.cancel(job: listing.job.id, by: "ann", now: later) == .cancelled)
                let ended = try #require(try await catalog.job(id: listing.job.id))
                #expect(ended.job.status == .skipped && ended.job.errorMessage == "cancelled by ann")
                #expect(ended.job.endTime == later && ended.course.cancelledBy == "ann")
                #expect(try await catalog.cancel(job: listing.job.id, by: "bob", now: later) == .ended(.skipped))
            }
            #expect(try await commit(catalog, at: time) { $0.claims = [worker("w", 9, ["p"])] }.claimed.isEmpty)
            #expect(try await catalog.cancel(job: 424_242, by: "ann", now: later) == .unknown)
            #expect(try await catalog.queueSummary().isIdle)
        },
        CatalogBehaviour("a running job is cancelled when its worker says that it failed, or is lost") {
            catalog async throws in
            _ = try await catalog.queueJobs([1, 1, 1])
            let jobs = try await catalog.claim(worker("w", 3, ["p"])).map(\.jobID)
            for job in jobs { #expect(try await catalog.cancel(job: job, by: "ann", now: later) == .requested) }
            #expect(try await catalog.cancellations() == jobs)
            #expect(try await catalog.job(id: jobs[0])?.job.status == .running)
            _ = try await commit(catalog) {
                $0.conclusions = [
                    Conclusion(jobID: jobs[0], receipt: failure(), consequence: .retry(at: later)),
                    Conclusion(jobID: jobs[1], receipt: failure()),
                ]
                $0.requeues = [Requeue(jobs[2], notBefore: later, isStrike: true)]
            }
            for listing in try await catalog.jobs(JobFilter()) {
                #expect(listing.job.status == .skipped && listing.job.errorMessage == "cancelled by ann")
            }
            #expect(try await catalog.cancellations().isEmpty)
            #expect(try await catalog.claim(worker("w", 9, ["p"])).isEmpty)
            #expect(try await catalog.retry(job: jobs[0], now: later))
            let again = try await catalog.claim(worker("w", 9, ["p"]))
            #expect(again.map(\.jobID) == [jobs[0]])
            #expect(try await catalog.cancellations().isEmpty, "the wish went with the retry")
        },
        CatalogBehaviour("a job that had succeeded before the wish to cancel it reached its worker is completed") {
            catalog async throws in
            _ = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            #expect(try await catalog.cancel(job: job, by: "ann", now: later) == .requested)
            #expect(try await catalog.conclude(job, success([])))
            #expect(try await catalog.job(id: job)?.job.status == .completed)
            #expect(try await catalog.cancellations().isEmpty)
            #expect(try await catalog.cancel(job: job, by: "ann", now: later) == .ended(.completed))
        },
        CatalogBehaviour("a plugin's limits go with its jobs, and no more of them run than it may have") {
            catalog async throws in
            _ = try await catalog.queueJobs([3, 2, 1])
            let limits = PluginLimits(
                deadlineSeconds: 7, concurrency: 2, attemptsMax: 9, retriesFailures: true,
                resources: ResourceLimits(
                    memoryMebibytes: 512, cpuSeconds: 60, processes: 8, openFiles: 64, allowsNetwork: true))
            try await catalog.setPluginLimits(limits, plugin: "p")
            try await catalog.setPluginLimits(PluginLimits(attemptsMax: 1), plugin: "q")
            try await catalog.setPluginLimits(PluginLimits(), plugin: "q")
            #expect(try await catalog.pluginLimits() == ["p": limits])
            let first = try await catalog.claim(worker("w", 1, ["p"]), worker("v", 9, ["p"]))
            #expect(first.count == 2 && first.allSatisfy { $0.limits == limits })
            #expect(try await catalog.claim(worker("w", 9, ["p"])).isEmpty)
            let next = try await commit(catalog) {
                $0.conclusions = [Conclusion(jobID: first[0].jobID, receipt: success([]))]
                $0.claims = [worker("w", 9, ["p"])]
            }
            #expect(next.claimed.count == 1)
        },
        CatalogBehaviour("a plugin that is paused is on record, and the caller's rooms bound what is claimed") {
            catalog async throws in
            _ = try await catalog.queueJobs([1, 1, 1])
            let pause = PluginPause(pluginName: "p", until: later, failures: 20, reason: "no such column")
            let paused = try await commit(catalog) {
                $0.pauses = [pause]
                $0.rooms = ["p": 0]
                $0.claims = [worker("w", 9, ["p"])]
            }
            #expect(paused.claimed.isEmpty)
            #expect(try await catalog.pluginPauses() == [pause])
            try await catalog.setPluginLimits(PluginLimits(concurrency: 2), plugin: "p")
            let tried = try await commit(catalog) {
                $0.rooms = ["p": 1]
                $0.claims = [worker("w", 9, ["p"])]
            }
            #expect(tried.claimed.count == 1)
            let rest = try await commit(catalog) {
                $0.resumed = ["p"]
                $0.claims = [worker("w", 9, ["p"])]
            }
            #expect(rest.claimed.count == 1)
            #expect(try await catalog.pluginPauses().isEmpty)
            _ = try await commit(catalog) {
                $0.pauses = [pause]
                $0.resume("p")
            }
            #expect(try await catalog.pluginPauses().isEmpty)
        },
        CatalogBehaviour("plugins of one priority take turns, whoever has more jobs and older ones") {
            catalog async throws in
            _ = try await catalog.queueJobs(Array(repeating: 5, count: 8), plugin: "p")
            _ = try await catalog.queueJobs([5, 5, 9], plugin: "q")
            var order: [String] = []
            for _ in 0..<11 { order += try await catalog.claim(worker("w", 1, ["p", "q"])).map(\.pluginName) }
            #expect(order.joined() == "qppqpqppppp")
            _ = try await catalog.queueJobs([5, 5], plugin: "r", root: "/more")
            _ = try await catalog.queueJobs([5, 5], plugin: "s", root: "/more")
            let rest = try await catalog.claim(worker("w", 9, ["p", "q", "r", "s"])).map(\.pluginName)
            #expect(rest.joined() == "rsrs", "who had nothing to do has not saved up turns")
        },
    ]
}
