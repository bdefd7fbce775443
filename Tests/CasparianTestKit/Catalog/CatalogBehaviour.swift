import CasparianCatalog
import CasparianModel
import Testing

/// One sentence that is true of every catalog, and the check of it on an empty one.
public struct CatalogBehaviour: Sendable, CustomTestStringConvertible {
    public let sentence: String
    public let check: @Sendable (any Catalog) async throws -> Void

    init(_ sentence: String, _ check: @escaping @Sendable (any Catalog) async throws -> Void) {
        self.sentence = sentence
        self.check = check
    }

    public var testDescription: String { sentence }

    /// The conformance suite: run each on every implementation.
    public static let all =
        roots + rules + topics + registration + ownership + files + outputs + claims + conclusions + retries
        + courses + changedFiles + changes + history + discovery + plans + duplicates
}

/// Short forms for the checks.
extension CatalogBehaviour {
    static let now = Timestamp(microsecondsSinceEpoch: 1_750_000_000_123_456)
    static let later = now.advanced(by: .seconds(60))

    static func hash(_ seed: UInt8) -> ContentHash { ContentHash(digest: Array(repeating: seed, count: 32)) }

    static func plugin(
        _ name: String, _ seed: UInt8 = 1, _ manifest: PluginManifest = PluginManifest(), error: String? = nil
    ) -> PluginDescription {
        PluginDescription(name: name, contentHash: hash(seed).hex, manifest: manifest, loadError: error)
    }

    static func seen(
        _ path: String, _ seed: UInt8? = 1, tags: [String] = [], plugins: [String] = [], priority: Int = 0
    ) -> FileObservation {
        FileObservation(
            relativePath: path, sizeBytes: 10, modified: now, contentHash: seed.map(hash), tags: tags,
            plugins: plugins, priority: priority)
    }

    static func worker(_ name: String, _ count: Int, _ plugins: [String]) -> Claim {
        Claim(claimant: name, workerHost: name, workerPID: 7, count: count, plugins: plugins)
    }

    static func expectInvalid(_ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) async
    {
        let error = await #expect(throws: CatalogError.self, sourceLocation: sourceLocation) { try await body() }
        #expect(error?.code == .invalid, sourceLocation: sourceLocation)
    }
}

extension Catalog {
    /// A root with a plugin `p` and as many files, each with a job; priorities by position.
    func queueJobs(_ priorities: [Int], plugin: String = "p", root: String = "/data") async throws -> SourceRootID {
        let root = try await addSourceRoot(path: root)
        try await setPluginConfig(PluginConfig(pluginName: plugin, subscriptionTags: ["t"]))
        let files = priorities.enumerated().map { index, priority in
            CatalogBehaviour.seen("\(plugin)/\(index).csv", 1, tags: ["t"], plugins: [plugin], priority: priority)
        }
        _ = try await record(files, root: root.id, now: CatalogBehaviour.now)
        return root.id
    }

    func claim(_ claims: Claim...) async throws -> [ClaimedJob] {
        var batch = QueueBatch()
        batch.claims = claims
        return try await commit(batch, now: CatalogBehaviour.now).claimed
    }

    /// - Returns: Whether the receipt counted.
    func conclude(_ job: JobID, _ receipt: JobReceipt) async throws -> Bool {
        var batch = QueueBatch()
        batch.conclusions = [Conclusion(jobID: job, receipt: receipt)]
        return try await commit(batch, now: CatalogBehaviour.later).ignoredConclusions.isEmpty
    }

    func requeue(_ jobs: JobID...) async throws {
        var batch = QueueBatch()
        batch.requeues = jobs.map { Requeue($0) }
        _ = try await commit(batch, now: CatalogBehaviour.later)
    }
}
