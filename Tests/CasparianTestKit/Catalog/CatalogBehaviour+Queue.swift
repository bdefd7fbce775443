import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    static let claims = [
        CatalogBehaviour("jobs are claimed by priority, then by age") { catalog async throws in
            _ = try await catalog.queueJobs([10, 100, 50, 100, 10])
            let ids = try await catalog.jobs(JobFilter()).map(\.job.id)
            let claimed = try await catalog.claim(worker("w", 9, ["p"])).map(\.jobID)
            #expect(claimed == [ids[1], ids[3], ids[2], ids[0], ids[4]])
            #expect(try await catalog.claim(worker("w", 9, ["p"])).isEmpty)
        },
        CatalogBehaviour("more jobs than are read ahead are claimed in order, too") { catalog async throws in
            _ = try await catalog.queueJobs((0..<500).map { $0 / 200 })
            let all = try await catalog.jobs(JobFilter()).map(\.job)
            let claimed = try await catalog.claim(worker("w", 500, ["p"])).map(\.jobID)
            #expect(claimed == all.sorted { ($1.priority, $0.id) < ($0.priority, $1.id) }.map(\.id))
        },
        CatalogBehaviour("a claimed job says everything a worker needs") { catalog async throws in
            let root = try await ready(catalog)
            _ = try await catalog.register([plugin("p", 1, sales)], now: now)
            let parameters = #"{"x":1}"#
            try await catalog.setPluginConfig(
                PluginConfig(pluginName: "p", subscriptionTags: ["t"], defaultParameters: parameters))
            _ = try await catalog.record([seen("a.csv", 5, plugins: ["p"])], root: root, now: now)
            let version = try #require(try await catalog.knownFiles(root: root).first?.version?.id)
            let claimed = try await catalog.claim(worker("w", 1, ["p"]))
            let job = try #require(claimed.first)
            #expect(
                job
                    == ClaimedJob(
                        claimant: "w", jobID: job.jobID, pluginName: "p", filePath: "/data/a.csv",
                        fileVersionID: version, contentHash: hash(5).hex,
                        sinks: [
                            SinkConfig(topic: "errors", uri: "sqlite://bad.db/rows"),
                            SinkConfig(topic: "output", uri: "parquet://sales.parquet"),
                        ], parameters: parameters, attempt: 1, waiting: now))
            let row = try #require(try await catalog.job(id: job.jobID)?.job)
            #expect(row.status == .running && row.workerHost == "w" && row.workerPID == 7 && row.claimTime == now)
        },
        CatalogBehaviour("configuration counts as it is when the job is claimed") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1])
            #expect(try await catalog.claim(worker("w", 1, ["p"]))[0].sinks.isEmpty)
            let sink = SinkConfig(topic: "output", uri: "parquet://new", mode: .error, schemaDefinition: "{}")
            _ = try await catalog.setTopicConfig(plugin: "p", sink: sink, isAdditional: false)
            #expect(try await catalog.claim(worker("w", 1, ["p"]))[0].sinks == [sink])
        },
        CatalogBehaviour("a worker only gets jobs of plugins it offers") { catalog async throws in
            _ = try await catalog.queueJobs([100, 100], plugin: "p")
            _ = try await catalog.queueJobs([1, 1], plugin: "q")
            let claimed = try await catalog.claim(worker("v", 9, []), worker("w", 9, ["q", "nothing"]))
            #expect(claimed.map(\.pluginName) == ["q", "q"] && claimed.allSatisfy { $0.claimant == "w" })
            #expect(try await catalog.queueSummary().waitingByPlugin == ["p": 2])
        },
        CatalogBehaviour("workers take turns, so that a large one leaves the others theirs") { catalog async throws in
            _ = try await catalog.queueJobs(Array(repeating: 1, count: 6))
            let claimed = try await catalog.claim(worker("a", 100, ["p"]), worker("b", 2, ["p"]))
            #expect(claimed.map(\.claimant) == ["a", "b", "a", "b", "a", "a"])
        },
        CatalogBehaviour("a job of two plugins goes to whom can run it") { catalog async throws in
            _ = try await catalog.queueJobs([5], plugin: "p")
            _ = try await catalog.queueJobs([9, 1], plugin: "q")
            let claimed = try await catalog.claim(worker("a", 1, ["p"]), worker("b", 5, ["p", "q"]))
            #expect(claimed.map(\.pluginName) == ["p", "q", "q"])
            #expect(claimed.map(\.claimant) == ["a", "b", "b"])
        },
        CatalogBehaviour("a claim for nothing gets nothing") { catalog async throws in
            _ = try await catalog.queueJobs([1])
            #expect(try await catalog.claim(worker("a", 0, ["p"]), worker("b", -1, ["p"])).isEmpty)
            #expect(try await catalog.commit(QueueBatch(), now: now).claimed.isEmpty)
        },
        CatalogBehaviour("workers are on record with what they offer") { catalog async throws in
            var node = WorkerNode(
                hostname: "h", pid: 7, ipAddress: "127.0.0.1", environmentSignature: "env", started: now,
                lastHeartbeat: now, status: .busy, currentJobID: 3, plugins: ["q", "p \"x\""])
            var batch = QueueBatch()
            batch.workers = [node]
            _ = try await catalog.commit(batch, now: now)
            #expect(try await catalog.workers() == [node])
            node.status = .offline
            node.currentJobID = nil
            node.lastHeartbeat = later
            node.plugins = ["p"]
            batch.workers = [node]
            _ = try await catalog.commit(batch, now: later)
            #expect(try await catalog.workers() == [node])
        },
        CatalogBehaviour("jobs are listed newest last, by state, plugin and version") { catalog async throws in
            _ = try await catalog.queueJobs([1, 1, 1])
            _ = try await catalog.queueJobs([1], plugin: "q")
            let jobs = try await catalog.jobs(JobFilter()).map(\.job)
            #expect(jobs.map(\.id) == jobs.map(\.id).sorted() && jobs.count == 4)
            #expect(try await catalog.jobs(JobFilter(limit: 2)).map(\.job) == Array(jobs.suffix(2)))
            #expect(try await catalog.jobs(JobFilter(plugin: "q")).map(\.job) == [jobs[3]])
            let one = jobs[1].fileVersionID
            #expect(try await catalog.jobs(JobFilter(fileVersionID: one)).map(\.job) == [jobs[1]])
            #expect(try await catalog.jobs(JobFilter(plugin: "q", fileVersionID: one)).isEmpty)
            _ = try await catalog.claim(worker("w", 1, ["q"]))
            #expect(try await catalog.jobs(JobFilter(status: .running)).map(\.job.id) == [jobs[3].id])
            #expect(try await catalog.job(id: 999_999) == nil)
        },
    ]
}
