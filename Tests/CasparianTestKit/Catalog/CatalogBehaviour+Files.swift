import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    static func ready(_ catalog: any Catalog, plugins: [String] = ["p"]) async throws -> SourceRootID {
        for name in plugins {
            try await catalog.setPluginConfig(PluginConfig(pluginName: name, subscriptionTags: ["auto_" + name]))
        }
        return try await catalog.addSourceRoot(path: "/data").id
    }

    static let files = [
        CatalogBehaviour("a new file becomes a place, a version and one job for each plugin") { catalog async throws in
            let root = try await ready(catalog, plugins: ["p", "q"])
            let result = try await catalog.record(
                [seen("in/a.csv", 1, tags: ["x", "y"], plugins: ["p", "q"], priority: 50), seen("b.csv", 1)],
                root: root, now: now)
            #expect(result.newFiles == 2 && result.newVersions == 2 && result.queuedJobs == 2)
            let known = try await catalog.knownFiles(root: root)
            #expect(known.map(\.relativePath) == ["b.csv", "in/a.csv"])
            let file = try #require(known.last)
            #expect(file.lastKnownModified == now && file.lastKnownSizeBytes == 10)
            let version = try #require(file.version)
            #expect(version.contentHash == hash(1).hex && version.tags == ["x", "y"] && version.sizeBytes == 10)
            #expect(version.modified == now && version.detected == now && version.locationID == file.locationID)
            let jobs = try await catalog.jobs(JobFilter())
            #expect(jobs.map(\.job.pluginName) == ["p", "q"])
            #expect(jobs.allSatisfy { $0.job.status == .queued && $0.job.priority == 50 && $0.job.retryCount == 0 })
            #expect(jobs.allSatisfy { $0.filePath == "/data/in/a.csv" && $0.contentHash == hash(1).hex })
        },
        CatalogBehaviour("names that are equal as texts and differ in bytes are two places") { catalog async throws in
            let root = try await ready(catalog)
            let names = ["e\u{301}.csv", "\u{e9}.csv"]
            for name in names {
                #expect(try await catalog.record([seen(name, 1, plugins: ["p"])], root: root, now: now).newFiles == 1)
            }
            let known = try await catalog.knownFiles(root: root).map { Array($0.relativePath.utf8) }
            #expect(known == names.map { Array($0.utf8) })
            #expect(try await catalog.files(FileFilter()).map { Array($0.file.relativePath.utf8) } == known)
            #expect(try await catalog.jobs(JobFilter()).count == 2)
        },
        CatalogBehaviour("seeing the same again changes nothing and queues nothing") { catalog async throws in
            let root = try await ready(catalog)
            let file = seen("a.csv", 1, tags: ["t"], plugins: ["p"])
            _ = try await catalog.record([file], root: root, now: now)
            let before = try await catalog.knownFiles(root: root)
            var unread = file
            unread.contentHash = nil
            let again = try await catalog.record([file, unread], root: root, now: later)
            #expect(again.unchangedFiles == 2 && again.newVersions == 0 && again.newFiles == 0)
            #expect(again.queuedJobs == 0)
            #expect(try await catalog.knownFiles(root: root) == before)
        },
        CatalogBehaviour("a known file gets new tags and the jobs it lacks without being read") {
            catalog async throws in
            let root = try await ready(catalog, plugins: ["p", "q"])
            _ = try await catalog.record([seen("a.csv", 1, tags: ["t"], plugins: ["p"])], root: root, now: now)
            let result = try await catalog.record(
                [seen("a.csv", nil, tags: ["t", "u"], plugins: ["p", "q"])], root: root, now: later)
            #expect(result.queuedJobs == 1 && result.unchangedFiles == 1)
            #expect(try await catalog.knownFiles(root: root).first?.version?.tags == ["t", "u"])
            #expect(try await catalog.jobs(JobFilter()).map(\.job.pluginName) == ["p", "q"])
        },
        CatalogBehaviour("new content is a new version with a job of its own") { catalog async throws in
            let root = try await ready(catalog)
            _ = try await catalog.record([seen("a.csv", 1, plugins: ["p"])], root: root, now: now)
            var changed = seen("a.csv", 2, plugins: ["p"])
            changed.modified = later
            changed.sizeBytes = 11
            let result = try await catalog.record([changed], root: root, now: later)
            #expect(result.newFiles == 0 && result.newVersions == 1 && result.queuedJobs == 1)
            let file = try #require(try await catalog.knownFiles(root: root).first)
            #expect(file.version?.contentHash == hash(2).hex && file.lastKnownSizeBytes == 11)
            #expect(file.lastKnownModified == later)
            #expect(try await catalog.jobs(JobFilter()).map(\.contentHash) == [hash(1).hex, hash(2).hex])
        },
        CatalogBehaviour("content that comes back is the version it was, without a new job") { catalog async throws in
            let root = try await ready(catalog)
            var ids: [FileVersionID?] = []
            var results: [RecordResult] = []
            for seed in [UInt8(1), 2, 1] {
                results.append(
                    try await catalog.record([seen("a.csv", seed, plugins: ["p"])], root: root, now: now))
                ids.append(try await catalog.knownFiles(root: root).first?.version?.id)
            }
            #expect(ids[0] == ids[2] && ids[0] != ids[1])
            #expect(results.map(\.newVersions) == [1, 1, 0] && results.map(\.queuedJobs) == [1, 1, 0])
        },
        CatalogBehaviour("an unread file that nobody knows is refused and nothing of the batch is kept") {
            catalog async throws in
            let root = try await ready(catalog)
            await expectInvalid {
                _ = try await catalog.record(
                    [seen("a.csv", 1, plugins: ["p"]), seen("b.csv", nil)], root: root, now: now)
            }
            #expect(try await catalog.knownFiles(root: root).isEmpty)
            #expect(try await catalog.jobs(JobFilter()).isEmpty)
        },
        CatalogBehaviour("unknown roots, plugins and versions are refused") { catalog async throws in
            let root = try await ready(catalog)
            await expectInvalid { _ = try await catalog.record([seen("a.csv")], root: 99, now: now) }
            await expectInvalid {
                _ = try await catalog.record([seen("a.csv", 1, plugins: ["nobody"])], root: root, now: now)
            }
            await expectInvalid {
                let route = VersionRoute(fileVersionID: 99, tags: [], plugins: [], priority: 0)
                _ = try await catalog.reroute([route], now: now)
            }
            #expect(try await catalog.knownFiles(root: root).isEmpty)
        },
        CatalogBehaviour("routing again sets tags and queues only the missing jobs") { catalog async throws in
            let root = try await ready(catalog, plugins: ["p", "q"])
            _ = try await catalog.record([seen("a.csv", 1, tags: ["t"], plugins: ["p"])], root: root, now: now)
            let version = try #require(try await catalog.knownFiles(root: root).first?.version?.id)
            let route = VersionRoute(fileVersionID: version, tags: ["u"], plugins: ["p", "q"], priority: 7)
            #expect(try await catalog.reroute([route], now: later).queuedJobs == 1)
            #expect(try await catalog.reroute([route], now: later).queuedJobs == 0)
            #expect(try await catalog.knownFiles(root: root).first?.version?.tags == ["u"])
            #expect(try await catalog.jobs(JobFilter(plugin: "q")).map(\.job.priority) == [7])
        },
        CatalogBehaviour("files are listed by path, filtered by root, part of the path and tag") {
            catalog async throws in
            let root = try await ready(catalog)
            let other = try await catalog.addSourceRoot(path: "/").id
            _ = try await catalog.record(
                [seen("b/x.csv", 1, tags: ["t", "tt"]), seen("a/x.csv", 2, tags: ["tt"])], root: root, now: now)
            _ = try await catalog.record([seen("c/%.csv", 3, tags: ["t"])], root: other, now: now)
            func list(_ filter: FileFilter) async throws -> [String] { try await catalog.files(filter).map(\.path) }
            #expect(try await list(FileFilter()) == ["/data/a/x.csv", "/data/b/x.csv", "/c/%.csv"])
            #expect(try await list(FileFilter(root: other)) == ["/c/%.csv"])
            #expect(try await list(FileFilter(pathContains: "x.c")) == ["/data/a/x.csv", "/data/b/x.csv"])
            #expect(try await list(FileFilter(pathContains: "%")) == ["/c/%.csv"])
            #expect(try await list(FileFilter(tag: "t")) == ["/data/b/x.csv", "/c/%.csv"])
            #expect(try await list(FileFilter(limit: 1)) == ["/data/a/x.csv"])
        },
        CatalogBehaviour("any name a file can have comes back unchanged") { catalog async throws in
            let root = try await ready(catalog)
            let names = ["a'b\"c;--.csv", "new\nline", "😀/é.csv", "e\u{301}.csv", " space ", "%_*?[x]", "a,b"]
            _ = try await catalog.record(names.map { seen($0, 1, plugins: ["p"]) }, root: root, now: now)
            let found = try await catalog.knownFiles(root: root).map { Array($0.relativePath.utf8) }
            #expect(Set(found) == Set(names.map { Array($0.utf8) }))
            let claimed = try await catalog.claim(worker("w", 100, ["p"])).map { Array($0.filePath.utf8) }
            #expect(Set(claimed) == Set(names.map { Array("/data/\($0)".utf8) }))
        },
    ]

    static func success(_ artifacts: [Artifact]) -> JobReceipt {
        JobReceipt(status: .success, metrics: ["rows": 3, "size_bytes": 40], artifacts: artifacts)
    }

    static let outputs = [
        CatalogBehaviour("an output file below a root is a file of that root, without a job") { catalog async throws in
            let root = try await catalog.queueJobs([1])
            let inner = try await catalog.addSourceRoot(path: "/data/out").id
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            let made = [
                Artifact(topic: "a", uri: "parquet:///data/out/a_1.parquet", sizeBytes: 40, contentHash: hash(9).hex),
                Artifact(topic: "b", uri: "parquet:///data/b_1.parquet?mode=append"),
                Artifact(topic: "c", uri: "parquet:///database/c.parquet"),
                Artifact(topic: "d", uri: "sqlite:///data/x.db/t"),
            ]
            #expect(try await catalog.conclude(job, success(made)))
            let file = try #require(try await catalog.knownFiles(root: inner).first)
            #expect(file.relativePath == "a_1.parquet" && file.version?.contentHash == hash(9).hex)
            #expect(file.lastKnownModified == nil)
            #expect(try await catalog.knownFiles(root: root).map(\.relativePath) == ["b_1.parquet", "p/0.csv"])
            #expect(try await catalog.queueSummary().isIdle)
            #expect(try await catalog.artifacts(ArtifactFilter()).map(\.artifact) == made)
        },
        CatalogBehaviour("a scan that finds an output file finds the version that the receipt told of") {
            catalog async throws in
            let root = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            let made = Artifact(topic: "a", uri: "parquet:///data/a.parquet", sizeBytes: 10, contentHash: hash(9).hex)
            _ = try await catalog.conclude(job, success([made]))
            let result = try await catalog.record([seen("a.parquet", 9)], root: root, now: later)
            #expect(result.newFiles == 0 && result.newVersions == 0 && result.unchangedFiles == 1)
        },
        CatalogBehaviour("an inactive root gets no output files") { catalog async throws in
            let root = try await catalog.queueJobs([1])
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            _ = try await catalog.removeSourceRoot(path: "/data")
            _ = try await catalog.conclude(job, success([Artifact(topic: "a", uri: "parquet:///data/a.parquet")]))
            #expect(try await catalog.knownFiles(root: root).map(\.relativePath) == ["p/0.csv"])
        },
    ]
}
