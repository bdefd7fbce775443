import CasparianTestKit
import CasparianCatalog
import CasparianModel
import CasparianRegistration
import SQLiteCatalog
import Testing

@Suite struct RegistrarTests {
    enum Kind: CaseIterable { case memory, sqlite }

    /// A catalog with a root, and files that are known before any plugin is.
    struct Known {
        let folder: TemporaryFolder
        let catalog: any Catalog
        let registrar: Registrar
        let root: SourceRootID
        let now = Timestamp(secondsSinceEpoch: 1_750_000_000)

        init(_ kind: Kind, files: [String] = ["a.csv", "in/b.csv", "c.txt"]) async throws {
            folder = try TemporaryFolder()
            catalog =
                switch kind {
                case .memory: InMemoryCatalog()
                case .sqlite: try SQLiteCatalog(path: folder.file("state.sqlite3"))
                }
            registrar = Registrar(catalog: catalog)
            root = try await catalog.addSourceRoot(path: "/data").id
            let seen = files.enumerated().map { number, path in
                FileObservation(
                    relativePath: path, sizeBytes: 1, modified: now.advanced(by: .seconds(-86_400 * number * 5)),
                    contentHash: ContentHash(digest: Array(repeating: UInt8(number % 250), count: 32)))
            }
            _ = try await catalog.record(seen, root: root, now: now)
        }

        @discardableResult
        func register(
            _ name: String, _ manifest: PluginManifest, version: UInt8 = 1, error: String? = nil
        ) async throws -> RegistrationResult {
            try await registrar.register(
                [
                    PluginDescription(
                        name: name, contentHash: ContentHash(digest: Array(repeating: version, count: 32)).hex,
                        manifest: manifest, loadError: error)
                ], now: now)
        }

        /// `plugin path` of every job, sorted.
        func jobs() async throws -> [String] {
            try await catalog.jobs(JobFilter()).map { "\($0.job.pluginName) \($0.filePath.dropFirst(6))" }.sorted()
        }

        func tags() async throws -> [String: [String]] {
            let known = try await catalog.knownFiles(root: root)
            return Dictionary(uniqueKeysWithValues: known.map { ($0.relativePath, $0.version?.tags ?? []) })
        }
    }

    @Test(arguments: Kind.allCases)
    func `A pattern becomes a rule, and files that are known get its tag and a job`(_ kind: Kind) async throws {
        let known = try await Known(kind)
        #expect(try await known.register("p", PluginManifest(pattern: "*.csv", priority: 7)).routingChanged)
        let rule = try #require(try await known.catalog.routingRules().first)
        #expect(rule.pattern == "*.csv" && rule.tag == "auto_p" && rule.priority == 7)
        #expect(try await known.tags() == ["a.csv": ["auto_p"], "in/b.csv": ["auto_p"], "c.txt": []])
        #expect(try await known.jobs() == ["p a.csv", "p in/b.csv"])
        #expect(try await known.catalog.jobs(JobFilter()).map(\.job.priority) == [100, 50])
    }

    @Test(arguments: Kind.allCases)
    func `Registering again queues nothing twice`(_ kind: Kind) async throws {
        let known = try await Known(kind)
        for _ in 0..<3 { try await known.register("p", PluginManifest(pattern: "*.csv")) }
        #expect(try await known.jobs().count == 2)
        #expect(try await known.registrar.reroute(now: known.now).queuedJobs == 0)
        #expect(try await known.registrar.register([], now: known.now) == RegistrationResult())
    }

    @Test(arguments: Kind.allCases)
    func `A topic becomes the Parquet sink of the output, sinks become topics`(_ kind: Kind) async throws {
        let known = try await Known(kind)
        try await known.register("p", PluginManifest(topic: "sales", sinks: ["errors": "parquet://bad?mode=error"]))
        #expect(
            try await known.catalog.topicConfigs(plugin: "p").map(\.sink) == [
                SinkConfig(topic: "errors", uri: "parquet://bad?mode=error"),
                SinkConfig(topic: "output", uri: "parquet://sales.parquet"),
            ])
        #expect(try await known.jobs().isEmpty, "without a pattern or tags it gets no files")
    }

    @Test(arguments: Kind.allCases)
    func `Subscriptions get the files that a person's rules tag`(_ kind: Kind) async throws {
        let known = try await Known(kind)
        try await known.catalog.addRoutingRule(pattern: "in/", tag: "incoming", priority: 0)
        try await known.register("p", PluginManifest(subscriptions: ["incoming"]))
        #expect(try await known.jobs() == ["p in/b.csv"])
        #expect(try await known.tags()["in/b.csv"] == ["incoming"])
    }

    @Test(arguments: Kind.allCases)
    func `Two plugins with one pattern both get the files`(_ kind: Kind) async throws {
        let known = try await Known(kind)
        try await known.register("p", PluginManifest(pattern: "*.csv"))
        try await known.register("q", PluginManifest(pattern: "*.csv"), version: 2)
        #expect(try await known.jobs() == ["p a.csv", "p in/b.csv", "q a.csv", "q in/b.csv"])
        #expect(try await known.tags()["a.csv"] == ["auto_p", "auto_q"])
    }

    @Test(arguments: Kind.allCases)
    func `A changed manifest is followed, and jobs that are there stay`(_ kind: Kind) async throws {
        let known = try await Known(kind)
        try await known.register("p", PluginManifest(pattern: "*.csv", topic: "one", sinks: ["e": "parquet://e"]))
        try await known.register("p", PluginManifest(pattern: "*.txt", topic: "two"), version: 2)
        #expect(try await known.catalog.routingRules().map(\.pattern) == ["*.txt"])
        #expect(try await known.catalog.topicConfigs(plugin: "p").map(\.sink.uri) == ["parquet://two.parquet"])
        #expect(try await known.jobs() == ["p a.csv", "p c.txt", "p in/b.csv"])
        #expect(try await known.tags() == ["a.csv": [], "in/b.csv": [], "c.txt": ["auto_p"]])
    }

    @Test(arguments: Kind.allCases)
    func `What a person wrote wins over the manifest, then and later`(_ kind: Kind) async throws {
        let known = try await Known(kind)
        let mine = SinkConfig(topic: "output", uri: "parquet://mine.parquet", mode: .replace)
        try await known.catalog.setTopicConfig(plugin: "p", sink: mine, isAdditional: false)
        try await known.catalog.setPluginConfig(PluginConfig(pluginName: "p", subscriptionTags: ["none"]))
        for version: UInt8 in 1...2 {
            try await known.register("p", PluginManifest(pattern: "*.csv", topic: "t\(version)"), version: version)
        }
        #expect(try await known.catalog.topicConfigs(plugin: "p").map(\.sink) == [mine])
        #expect(try await known.catalog.pluginConfigs().map(\.subscriptionTags) == [["none"]])
        #expect(try await known.jobs().isEmpty, "its own tag is not among those that the person gave it")
    }

    @Test(arguments: Kind.allCases)
    func `A plugin that does not load declares nothing and gets nothing`(_ kind: Kind) async throws {
        let known = try await Known(kind)
        let result = try await known.register("p", PluginManifest(pattern: "*.csv", topic: "x"), error: "SyntaxError")
        #expect(result.changedPlugins == ["p"] && !result.routingChanged)
        #expect(try await known.catalog.routingRules().isEmpty)
        #expect(try await known.catalog.topicConfigs(plugin: nil).isEmpty)
        #expect(try await known.jobs().isEmpty)
        #expect(try await known.catalog.pluginVersions().map(\.status) == ["FAILED"])
    }

    @Test(arguments: Kind.allCases)
    func `A rule that is no usable pattern does not keep the others from their files`(_ kind: Kind) async throws {
        let known = try await Known(kind)
        try await known.register("bad", PluginManifest(pattern: "a\\"))
        try await known.register("p", PluginManifest(pattern: "*.txt"), version: 2)
        #expect(try await known.jobs() == ["p c.txt"])
    }

    @Test(arguments: Kind.allCases)
    func `Files of a root that is not active are left alone`(_ kind: Kind) async throws {
        let known = try await Known(kind)
        _ = try await known.catalog.removeSourceRoot(path: "/data")
        try await known.register("p", PluginManifest(pattern: "*.csv"))
        #expect(try await known.jobs().isEmpty)
    }

    @Test(arguments: Kind.allCases)
    func `More files than fit into one transaction are all routed`(_ kind: Kind) async throws {
        let count = Registrar.chunkSize + 3
        let known = try await Known(kind, files: (0..<count).map { "f\($0).csv" })
        try await known.register("p", PluginManifest(pattern: "*.csv"))
        #expect(try await known.jobs().count == count)
    }
}
