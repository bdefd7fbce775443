import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    private static func receipt(_ status: JobReceipt.Status, _ text: String? = nil) -> JobReceipt {
        JobReceipt(
            status: status, metrics: ["rows": 2, "size_bytes": 9, "peak_bytes": 4_096], errorMessage: text)
    }

    static let history = [
        CatalogBehaviour("a job's life is told in order, with attempt, worker and reason") { catalog async throws in
            _ = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            var lost = QueueBatch()
            lost.requeues = [Requeue(job)]
            lost.requeueReasons = [job: "its worker is gone"]
            _ = try await catalog.commit(lost, now: later)
            _ = try await catalog.claim(worker("v", 1, ["p"]))
            #expect(try await catalog.conclude(job, receipt(.failed, "Traceback\n  here\nValueError: no\n")))
            #expect(try await catalog.retry(job: job, now: later))
            _ = try await catalog.claim(worker("v", 1, ["p"]))
            #expect(try await catalog.conclude(job, receipt(.success)))
            let events = try await catalog.jobEvents(JobEventFilter())
            #expect(
                events.map(\.kind) == [
                    .queued, .claimed, .lost, .requeued, .claimed, .failed, .retried, .claimed, .succeeded,
                ])
            #expect(events.map(\.attempt) == [1, 1, 1, 2, 2, 2, 3, 3, 3])
            #expect(events.map(\.worker) == [nil, "7@w", "7@w", nil, "7@v", "7@v", nil, "7@v", "7@v"])
            let gone = "its worker is gone"
            #expect(
                events.map(\.detail) == [
                    nil, nil, gone, gone, nil, "ValueError: no", nil, nil, "2 rows, 9 bytes, 0 artifacts",
                ])
            #expect(events.map(\.at) == [now, now, later, later, now, later, later, now, later])
            #expect(events.map(\.id) == events.map(\.id).sorted() && Set(events.map(\.jobID)) == [job])
            let attempts = try await catalog.attempts(of: job)
            #expect(attempts.map(\.outcome) == ["LOST", "FAILED", "SUCCESS"])
            #expect(attempts.map(\.attempt) == [1, 2, 3] && attempts.map(\.workerHost) == ["w", "v", "v"])
            #expect(attempts[1].errorMessage == "Traceback\n  here\nValueError: no\n")
            #expect(attempts[2].metrics == ["rows": 2, "size_bytes": 9, "peak_bytes": 4_096])
            #expect(attempts[0].metrics.isEmpty && attempts[0].ended == later && attempts[0].claimed == now)
        },
        CatalogBehaviour("waits for a time, their end and a person's wishes are told, too") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1])
            let jobs = try await catalog.claim(worker("w", 2, ["p"])).map(\.jobID)
            let time = later.advanced(by: .seconds(5))
            var batch = QueueBatch()
            var failure = receipt(.failed, "no room")
            failure.cause = .full
            batch.conclusions = [Conclusion(jobID: jobs[0], receipt: failure, consequence: .retry(at: time))]
            batch.claims = [worker("w", 2, ["p"])]
            #expect(try await catalog.commit(batch, now: later).claimed.isEmpty)
            #expect(try await catalog.jobsAhead(of: jobs[0]) == nil)
            let depths = try await catalog.queueDepths()
            #expect(depths.map(\.jobs) == [1, 1] && depths.map(\.status) == [.queued, .running])
            batch.conclusions = []
            #expect(try await catalog.commit(batch, now: time).claimed.map(\.waiting) == [time])
            #expect(try await catalog.cancel(job: jobs[1], by: "ann", now: time) == .requested)
            #expect(try await catalog.conclude(jobs[1], receipt(.failed, "told to stop")))
            let events = try await catalog.jobEvents(JobEventFilter(job: jobs[0]))
            #expect(events.map(\.kind) == [.queued, .claimed, .failed, .requeued, .due, .claimed])
            #expect(events.map(\.attempt) == [1, 1, 1, 2, 2, 2] && events[3].detail == "waits until \(time)")
            let others = try await catalog.jobEvents(JobEventFilter(job: jobs[1]))
            #expect(others.map(\.kind) == [.queued, .claimed, .cancelling, .failed, .cancelled])
            #expect(others.map(\.detail) == [nil, nil, "by ann", "told to stop", "by ann"])
            #expect(try await catalog.attempts(of: jobs[0]).map(\.cause) == ["full"])
            #expect(try await catalog.job(id: jobs[1])?.job.status == .skipped)
        },
        CatalogBehaviour("a job that is called off while it waits has ended") { catalog async throws in
            _ = try await catalog.queueJobs([1])
            let job = try await catalog.jobs(JobFilter())[0].job.id
            #expect(try await catalog.cancel(job: job, by: "ann", now: later) == .cancelled)
            #expect(try await catalog.cancel(job: job, by: "bob", now: later) == .ended(.skipped))
            let events = try await catalog.jobEvents(JobEventFilter())
            #expect(events.map(\.kind) == [.queued, .cancelled] && events.map(\.attempt) == [1, 1])
            #expect(try await catalog.retry(job: job, now: later))
            #expect(try await catalog.jobEvents(JobEventFilter()).last?.kind == .retried)
        },
        CatalogBehaviour("what changes nothing leaves no event") { catalog async throws in
            _ = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            #expect(try await catalog.conclude(job, receipt(.success)))
            let before = try await catalog.jobEvents(JobEventFilter())
            #expect(try await !catalog.conclude(job, receipt(.failed)))
            #expect(try await !catalog.retry(job: job, now: later))
            try await catalog.requeue(job)
            #expect(try await catalog.jobEvents(JobEventFilter()) == before)
        },
        CatalogBehaviour("events are listed by job, the newest of them, or those after one") { catalog async throws in
            _ = try await catalog.queueJobs(Array(repeating: 1, count: 70))
            _ = try await catalog.claim(worker("w", 70, ["p"]))
            let all = try await catalog.jobEvents(JobEventFilter())
            #expect(all.count == 140)
            let job = all[3].jobID
            #expect(try await catalog.jobEvents(JobEventFilter(job: job)) == all.filter { $0.jobID == job })
            #expect(try await catalog.jobEvents(JobEventFilter(job: job, limit: 1)).map(\.kind) == [.claimed])
            #expect(try await catalog.jobEvents(JobEventFilter(limit: 5)) == Array(all.suffix(5)))
            let after = try await catalog.jobEvents(JobEventFilter(after: all[100].id, limit: 7))
            #expect(after == Array(all[101..<108]))
            #expect(
                try await catalog.jobEvents(JobEventFilter(job: job, after: all[100].id)).isEmpty
                    == (!all[101...].contains { $0.jobID == job }))
            #expect(try await catalog.jobEvents(JobEventFilter(after: all[139].id)).isEmpty)
        },
        CatalogBehaviour("a claim tells since when the job waited for this attempt") { catalog async throws in
            _ = try await catalog.queueJobs([1])
            let first = try await catalog.claim(worker("w", 1, ["p"]))[0]
            #expect(first.waiting == now)
            var batch = QueueBatch()
            batch.requeues = [Requeue(first.jobID)]
            batch.claims = [worker("w", 1, ["p"])]
            #expect(try await catalog.commit(batch, now: later).claimed.map(\.waiting) == [later])
        },
        CatalogBehaviour("a waiting job knows how many of its plugin come first") { catalog async throws in
            _ = try await catalog.queueJobs([1, 5, 1, 9])
            _ = try await catalog.queueJobs([50], plugin: "q", root: "/other")
            let jobs = try await catalog.jobs(JobFilter(plugin: "p")).map(\.job.id)
            var ahead: [Int?] = []
            for job in jobs { ahead.append(try await catalog.jobsAhead(of: job)) }
            #expect(ahead == [2, 1, 3, 0])
            #expect(try await catalog.jobsAhead(of: 424_242) == nil)
            let best = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            #expect(try await catalog.jobsAhead(of: best) == nil)
        },
        CatalogBehaviour("depths count jobs by state and plugin, completed ones left out") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1, 1, 1])
            _ = try await catalog.queueJobs([1], plugin: "q", root: "/other")
            let claimed = try await catalog.claim(worker("w", 3, ["p"])).map(\.jobID)
            #expect(try await catalog.conclude(claimed[0], receipt(.success)))
            #expect(try await catalog.conclude(claimed[1], receipt(.failed, "no")))
            #expect(
                try await catalog.queueDepths() == [
                    QueueDepth(status: .failed, plugin: "p", jobs: 1),
                    QueueDepth(status: .queued, plugin: "p", jobs: 1),
                    QueueDepth(status: .queued, plugin: "q", jobs: 1),
                    QueueDepth(status: .running, plugin: "p", jobs: 1),
                ])
        },
        CatalogBehaviour("a place keeps all its versions, oldest first") { catalog async throws in
            let root = try await catalog.addSourceRoot(path: "/data")
            for seed in [1, 2, 1] as [UInt8] {
                _ = try await catalog.record([seen("a.csv", seed)], root: root.id, now: now)
            }
            let file = try #require(try await catalog.knownFiles(root: root.id).first)
            let history = try await catalog.history(of: file.locationID)
            #expect(history.versions.map(\.contentHash) == [hash(1).hex, hash(2).hex])
            #expect(history.discovered == now && file.version == history.versions[0])
            #expect(try await catalog.file("a.csv", root: root.id) == file)
            #expect(try await catalog.file("a.cs", root: root.id) == nil)
            #expect(try await catalog.file("a.csv", root: 424_242) == nil)
        },
        CatalogBehaviour("an artifact leads to the jobs that made it") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1])
            let made = Artifact(topic: "output", uri: "parquet:///o/x.parquet", rows: 2, sizeBytes: 9)
            for job in try await catalog.claim(worker("w", 2, ["p"])).map(\.jobID) {
                var success = receipt(.success)
                success.artifacts = [made, Artifact(topic: "other", uri: "parquet:///o/x")]
                #expect(try await catalog.conclude(job, success))
            }
            let found = try await catalog.artifacts(uri: made.uri)
            #expect(found.map(\.artifact) == [made, made] && found[0].jobID < found[1].jobID)
            #expect(try await catalog.artifacts(uri: "parquet:///o").isEmpty)
        },
    ]
}
