import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    /// A root with a plugin `p` that skips content it was given elsewhere.
    private static func skipping(
        _ catalog: any Catalog, _ policy: DuplicateContent = .skip, mode: SinkMode = .append
    ) async throws -> SourceRootID {
        let root = try await catalog.addSourceRoot(path: "/data").id
        try await catalog.setTopicConfig(
            plugin: "p", sink: SinkConfig(topic: "t", uri: "parquet://x", mode: mode), isAdditional: false)
        try await catalog.setPluginLimits(PluginLimits(duplicateContent: policy), plugin: "p")
        return root
    }

    private static func found(_ path: String, _ seed: UInt8?) -> FileObservation {
        seen(path, seed, tags: ["t"], plugins: ["p"])
    }

    private static func statuses(_ catalog: any Catalog) async throws -> [String: JobStatus] {
        let jobs = try await catalog.jobs(JobFilter())
        return Dictionary(jobs.map { ($0.filePath, $0.job.status) }) { _, newest in newest }
    }

    private static let change = JobReceipt(status: .failed, errorMessage: "it changed", cause: .changed)

    static let duplicates = [
        CatalogBehaviour("limits of a plugin keep what it does with duplicate content") { catalog async throws in
            _ = try await skipping(catalog)
            #expect(try await catalog.pluginLimits()["p"]?.duplicateContent == .skip)
            try await catalog.setPluginLimits(PluginLimits(concurrency: 1), plugin: "p")
            #expect(try await catalog.pluginLimits()["p"]?.duplicateContent == .process)
        },
        CatalogBehaviour("the same content at a second place has a job of its own, unless its plugin skips it") {
            catalog async throws in
            let root = try await skipping(catalog, .process)
            let result = try await catalog.record([found("a", 1), found("b", 1)], root: root, now: now)
            #expect(result.newVersions == 2 && result.queuedJobs == 2)
        },
        CatalogBehaviour("a plugin that skips duplicates gets a content once, and the other files' jobs say why") {
            catalog async throws in
            let root = try await skipping(catalog)
            let result = try await catalog.record(
                [found("a", 1), found("b", 1), found("c", 2), found("d", 1)], root: root, now: now)
            #expect(result.newVersions == 4 && result.queuedJobs == 2)
            #expect(
                try await statuses(catalog)
                    == ["/data/a": .queued, "/data/b": .skipped, "/data/c": .queued, "/data/d": .skipped])
            let skipped = try await catalog.jobs(JobFilter(status: .skipped))
            #expect(skipped.allSatisfy { $0.job.errorMessage?.contains("the same content as /data/a, job ") == true })
            #expect(skipped.allSatisfy { $0.job.endTime == now })
            let events = try await catalog.jobEvents(JobEventFilter(job: skipped[0].job.id))
            #expect(events.map(\.kind) == [.skipped] && events[0].detail == skipped[0].job.errorMessage)
            #expect(try await catalog.claim(worker("w", 9, ["p"])).count == 2)
            // Neither a scan nor new rules change that.
            #expect(try await catalog.record([found("b", nil)], root: root, now: later).queuedJobs == 0)
        },
        CatalogBehaviour("it can be asked what contents a plugin has been given, and which plugins skip them") {
            catalog async throws in
            let root = try await skipping(catalog, mode: .replace)
            let configuration = try await catalog.configuration(registering: [], now: now)
            #expect(configuration.skipping == ["p"])
            _ = try await catalog.record([found("a", 1), found("b", 1), found("c", 2)], root: root, now: now)
            let jobs = try await catalog.claim(worker("w", 9, ["p"])).sorted { $0.filePath < $1.filePath }
            #expect(try await catalog.contents(givenTo: "p") == [hash(1).hex, hash(2).hex])
            #expect(try await catalog.contents(givenTo: "q").isEmpty)
            #expect(try await catalog.conclude(jobs[0].jobID, success([])))
            #expect(try await catalog.conclude(jobs[1].jobID, change))
            #expect(try await catalog.contents(givenTo: "p") == [hash(1).hex])
            // Rows that are going to be replaced do not count, those of the duplicate will.
            _ = try await catalog.record([seen("a", 3)], root: root, now: later)
            #expect(try await catalog.contents(givenTo: "p").isEmpty)
        },
        CatalogBehaviour("content that was completed at another place, of any root, is skipped") {
            catalog async throws in
            let root = try await skipping(catalog)
            _ = try await catalog.record([found("a", 1)], root: root, now: now)
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            #expect(try await catalog.conclude(job, success([])))
            let other = try await catalog.addSourceRoot(path: "/other").id
            #expect(try await catalog.record([found("b", 1)], root: other, now: later).queuedJobs == 0)
            #expect(try await statuses(catalog)["/other/b"] == .skipped)
            // Another plugin was not given it.
            try await catalog.setPluginConfig(PluginConfig(pluginName: "q", subscriptionTags: ["t"]))
            let seen = seen("b", nil, tags: ["t"], plugins: ["p", "q"])
            #expect(try await catalog.record([seen], root: other, now: later).queuedJobs == 1)
        },
        CatalogBehaviour("one after the other takes the place of a job that came to nothing") { catalog async throws in
            let root = try await skipping(catalog)
            _ = try await catalog.record(
                [found("a", 1), found("b", 1), found("c", 1), found("d", 1)], root: root, now: now)
            let first = try await catalog.claim(worker("w", 9, ["p"]))
            #expect(first.map(\.filePath) == ["/data/a"])
            #expect(try await catalog.conclude(first[0].jobID, change))
            let second = try await catalog.claim(worker("w", 9, ["p"]))
            #expect(second.map(\.filePath) == ["/data/b"] && second.map(\.attempt) == [1])
            let failure = JobReceipt(status: .failed, errorMessage: "no", cause: .plugin)
            #expect(try await catalog.conclude(second[0].jobID, failure))
            let third = try #require(try await catalog.jobs(JobFilter(status: .queued)).first)
            #expect(third.filePath == "/data/c" && third.job.errorMessage == nil && third.job.endTime == nil)
            #expect(try await catalog.cancel(job: third.job.id, by: "me", now: later) == .cancelled)
            let fourth = try await catalog.claim(worker("w", 9, ["p"]))
            #expect(fourth.map(\.filePath) == ["/data/d"])
            #expect(try await catalog.conclude(fourth[0].jobID, success([])))
            #expect(
                try await statuses(catalog)
                    == ["/data/a": .skipped, "/data/b": .failed, "/data/c": .skipped, "/data/d": .completed])
        },
        CatalogBehaviour("a job that was skipped as a duplicate runs when a person wants it, or the policy ends") {
            catalog async throws in
            let root = try await skipping(catalog)
            _ = try await catalog.record([found("a", 1), found("b", 1), found("c", 1)], root: root, now: now)
            let skipped = try await catalog.jobs(JobFilter(status: .skipped))
            #expect(try await catalog.retry(job: skipped[0].job.id, now: later))
            #expect(try await statuses(catalog)["/data/b"] == .queued)
            let rerun = Rerun(fileVersionID: skipped[1].job.fileVersionID, pluginName: "p", priority: 0)
            #expect(try await catalog.rerun([rerun], now: later).queuedJobs == 0)
            try await catalog.setPluginLimits(PluginLimits(), plugin: "p")
            let route = VersionRoute(
                fileVersionID: skipped[1].job.fileVersionID, tags: ["t"], plugins: ["p"], priority: 0)
            #expect(try await catalog.reroute([route], now: later).queuedJobs == 1)
            #expect(try await statuses(catalog)["/data/c"] == .queued)
            #expect(try await catalog.jobs(JobFilter()).count == 3)
        },
        CatalogBehaviour("where rows are replaced, a duplicate is needed once its other place has new content") {
            catalog async throws in
            for (mode, queued) in [(SinkMode.append, 1), (.replace, 2)] {
                let root = try await skipping(catalog, mode: mode)
                let names = ["a", "b", "c"].map { "\(mode.rawValue)/\($0)" }
                let seed: UInt8 = mode == .append ? 1 : 2
                _ = try await catalog.record([found(names[0], seed), found(names[1], seed)], root: root, now: now)
                for job in try await catalog.claim(worker("w", 9, ["p"])) {
                    #expect(try await catalog.conclude(job.jobID, success([])))
                }
                let result = try await catalog.record([found(names[0], seed + 10)], root: root, now: later)
                #expect(result.queuedJobs == queued)
                #expect(try await statuses(catalog)["/data/" + names[1]] == (mode == .append ? .skipped : .queued))
                // The first place's rows of that content do not count any more, the second one's do.
                _ = try await catalog.record([found(names[2], seed)], root: root, now: later)
                #expect(try await statuses(catalog)["/data/" + names[2]] == .skipped)
                for job in try await catalog.claim(worker("w", 9, ["p"])) {
                    #expect(try await catalog.conclude(job.jobID, success([])))
                }
            }
        },
        CatalogBehaviour("content that comes back is processed again where rows are replaced, and only there") {
            catalog async throws in
            for (mode, queued) in [(SinkMode.append, 0), (.replace, 1)] {
                let root = try await skipping(catalog, .process, mode: mode)
                let path = mode.rawValue
                for seed in [1, 2] as [UInt8] {
                    #expect(try await catalog.record([found(path, seed)], root: root, now: now).queuedJobs == 1)
                    for job in try await catalog.claim(worker("w", 9, ["p"])) {
                        #expect(try await catalog.conclude(job.jobID, success([])))
                    }
                }
                #expect(try await catalog.record([found(path, 1)], root: root, now: later).queuedJobs == queued)
                #expect(try await catalog.record([found(path, nil)], root: root, now: later).queuedJobs == 0)
                let jobs = try await catalog.claim(worker("w", 9, ["p"]))
                #expect(jobs.map(\.contentHash) == Array(repeating: hash(1).hex, count: queued))
            }
        },
    ]
}
