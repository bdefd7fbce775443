import CasparianCatalog
import CasparianModel
import CasparianPlanning
import Testing

@Suite struct PlannerTests {
    private let now = Timestamp(secondsSinceEpoch: 1_700_000_000)
    private let root = SourceRoot(id: 1, path: "/data")
    private let present = WorkIdentity(pluginHash: "2", configurationHash: "b")

    private func hash(_ seed: UInt8) -> ContentHash { ContentHash(digest: Array(repeating: seed, count: 32)) }

    private func known(_ id: Int64, _ path: String, _ seed: UInt8, gone: Bool = false) -> KnownFile {
        KnownFile(
            locationID: FileLocationID(id), sourceRootID: root.id, relativePath: path,
            version: FileVersion(
                id: FileVersionID(100 + id), locationID: FileLocationID(id), contentHash: hash(seed).hex, sizeBytes: 1,
                modified: now, detected: now), goneSince: gone ? now : nil)
    }

    private func seen(_ path: String, _ seed: UInt8?, movedFrom: FileLocationID? = nil) -> FileObservation {
        FileObservation(
            relativePath: path, sizeBytes: 1, modified: now, contentHash: seed.map(hash), priority: 100,
            movedFrom: movedFrom)
    }

    private func work(
        _ id: Int64, version: Int64? = nil, _ identity: WorkIdentity?, _ status: JobStatus = .completed
    ) -> VersionWork {
        VersionWork(
            locationID: FileLocationID(id), fileVersionID: FileVersionID(version ?? 100 + id), pluginName: "p",
            status: status, identity: identity)
    }

    private func plan(
        _ files: [KnownFile], seen: [FileObservation] = [], work: [VersionWork] = [], plugin: String? = nil,
        isForced: Bool = false
    ) -> [String: PlannedJob.Reason] {
        let configuration = WorkConfiguration(
            rules: [RoutingRule(id: 1, pattern: "*.a", tag: "t")],
            plugins: [PluginConfig(pluginName: "p", subscriptionTags: ["t"])], identities: ["p": present])
        let planner = Planner(configuration, plugin: plugin, isForced: isForced, now: now)
        let jobs = planner.jobs(in: root, files: files, seen: seen, work: work)
        return Dictionary(uniqueKeysWithValues: jobs.map { ($0.path, $0.reason) })
    }

    @Test func `what was never given to a plugin is wanted, what it does not want is not`() {
        #expect(plan([known(1, "x.a", 1), known(2, "x.b", 1)]) == ["/data/x.a": .newPlugin])
        #expect(plan([], seen: [seen("n.a", 1), seen("n.b", 1)]) == ["/data/n.a": .newFile])
        #expect(plan([known(1, "x.a", 1)], plugin: "q").isEmpty)
        #expect(plan([known(1, "x.a", 1, gone: true)]).isEmpty)
        #expect(
            plan([known(1, "x.a", 1, gone: true)], seen: [seen("x.a", 1)]) == ["/data/x.a": .newPlugin], "it is back")
    }

    @Test func `new content is wanted by who had the old, content that is read again and the same is not`() {
        let done = [work(1, present)]
        #expect(plan([known(1, "x.a", 1)], seen: [seen("x.a", 2)], work: done) == ["/data/x.a": .newContent])
        #expect(plan([known(1, "x.a", 1)], seen: [seen("x.a", 1)], work: done).isEmpty)
        #expect(plan([known(1, "x.a", 1)], seen: [seen("x.a", 2)]) == ["/data/x.a": .newPlugin])
        #expect(plan([known(1, "x.a", 2)], work: [work(1, version: 7, present)]) == ["/data/x.a": .newContent])
    }

    @Test func `another version or configuration is a reason, for what has ended`() {
        let file = [known(1, "x.a", 1)]
        let older = WorkIdentity(pluginHash: "1", configurationHash: "b")
        let other = WorkIdentity(pluginHash: "2", configurationHash: "a")
        #expect(plan(file, work: [work(1, present)]).isEmpty)
        #expect(plan(file, work: [work(1, older)]) == ["/data/x.a": .pluginChanged])
        #expect(plan(file, work: [work(1, other)]) == ["/data/x.a": .configurationChanged])
        #expect(plan(file, work: [work(1, older, .failed)]) == ["/data/x.a": .pluginChanged])
        #expect(plan(file, work: [work(1, present, .failed)]).isEmpty)
        #expect(plan(file, work: [work(1, nil)]).isEmpty, "done before that was kept")
        for status in [JobStatus.queued, .running, .pending] {
            #expect(plan(file, work: [work(1, older, status)], isForced: true).isEmpty)
        }
        #expect(plan(file, work: [work(1, present)], isForced: true) == ["/data/x.a": .forced])
    }

    @Test func `a moved file is wanted by nobody who had it`() {
        let moved = [seen("y.a", 1, movedFrom: 1)]
        #expect(plan([known(1, "x.a", 1)], seen: moved, work: [work(1, present)]).isEmpty)
        #expect(plan([known(1, "x.b", 1)], seen: moved) == ["/data/y.a": .newPlugin])
    }

    @Test func `of one content, a plugin that skips duplicates is given one file, and none if it was given it before`()
    {
        func job(_ path: String, _ reason: PlannedJob.Reason, _ seed: UInt8?, plugin: String = "p") -> PlannedJob {
            PlannedJob(
                path: path, pluginName: plugin, reason: reason, fileVersionID: nil, priority: 0,
                contentHash: seed.map { hash($0).hex })
        }
        let jobs = [
            job("a", .newFile, 1), job("b", .newContent, 1), job("c", .newPlugin, 2), job("d", .pluginChanged, 2),
            job("e", .forced, 1), job("f", .newFile, nil), job("g", .newFile, 1, plugin: "q"),
            job("h", .newFile, 1, plugin: "q"),
        ]
        var given = GivenContents(["p": [hash(2).hex]])
        #expect(given.needed(of: jobs).map(\.path) == ["a", "d", "e", "f", "g", "h"])
        #expect(given.needed(of: [job("z", .newFile, 1)]).isEmpty, "also of the next root")
    }
}
