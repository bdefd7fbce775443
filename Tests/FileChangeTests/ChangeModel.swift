import CasparianCatalog
import CasparianModel
import CasparianPluginRuntime
import CasparianScout
import CasparianSinks
import CasparianTestKit
import CasparianWorker
import Columnar
import FileDiscovery
import Foundation
import Logging
import PluginHost

/// Scans and parses a folder while its files change, as a scout, a sentinel and a worker do, and knows what must be true of
/// the rows.
struct ChangeModel {
    private static let changes = 50
    /// Scans and runs of the queue until nothing is left to do.
    private static let roundsMax = 10
    /// Both read every file: one in pieces, with the file hashed beside it, the other hashes what it reads.
    private static let plugins = ["slow", "lines"]

    private struct Promoted {
        var path: String
        var version: FileVersionID
        var plugin: String
        var content: ChangingFolder.Content
    }

    private let seed: UInt64
    private let folder: ChangingFolder
    private let catalog = InMemoryCatalog()
    private let tables = MemoryTables()
    private let runner: JobRunner
    private let scout: Scout
    private let root: SourceRoot
    private var promoted: [Promoted] = []
    private(set) var causes: [FailureCause: Int] = [:]

    init(seed: UInt64) async throws {
        self.seed = seed
        folder = try ChangingFolder(seed: seed)
        runner = JobRunner(registry: SinkRegistry([MemorySinkFactory(tables: tables)])) {
            try FileHasher.hash(path: $0)
        }
        var logger = Logger(label: "scan")
        logger.logLevel = .critical
        scout = Scout(
            catalog: catalog,
            configuration: Scout.Configuration(settling: try SettlePolicy(marker: DoneMarker(ChangingFolder.marker))),
            logger: logger)
        root = try await catalog.addSourceRoot(path: folder.root.path)
        for plugin in Self.plugins {
            try await catalog.setPluginConfig(PluginConfig(pluginName: plugin, subscriptionTags: ["text"]))
        }
        _ = try await catalog.addRoutingRule(pattern: "*.txt", tag: "text", priority: 0)
    }

    /// - Returns: What must not be, in words; nil if all is well.
    mutating func run() async throws -> String? {
        let (folder, ended) = (folder, Flag())
        async let changing: Void = {
            defer { ended.raise() }
            try await folder.change(times: Self.changes)
        }()
        while !ended.isRaised {
            _ = try await scan()
            _ = try await drain()
        }
        try await changing
        for round in 1...Self.roundsMax {
            let queued = try await scan()
            let ran = try await drain()
            if queued == 0, ran == 0 { break }
            if round == Self.roundsMax { return "there is always more to do" }
        }
        return violation.map { "\($0)\n" + folder.story.joined(separator: "\n") }
    }

    private func scan() async throws -> Int {
        let now = Timestamp(secondsSinceEpoch: Date().timeIntervalSince1970)
        return try await scout.scan(root, now: now).queuedJobs
    }

    /// Runs what is queued, one job after the other.
    ///
    /// - Returns: How many there were.
    private mutating func drain() async throws -> Int {
        var count = 0
        while true {
            var batch = QueueBatch()
            batch.claims = [Claim(claimant: "w", workerHost: "w", workerPID: 1, count: 1, plugins: Self.plugins)]
            guard let job = try await catalog.commit(batch, now: .unixEpoch).claimed.first else { return count }
            count += 1
            var end = QueueBatch()
            end.conclusions = [Conclusion(jobID: job.jobID, receipt: try await run(job))]
            _ = try await catalog.commit(end, now: .unixEpoch)
        }
    }

    private mutating func run(_ job: ClaimedJob) async throws -> JobReceipt {
        let table = "job\(job.jobID)"
        var order = JobOrder(
            jobID: job.jobID, pluginName: job.pluginName, filePath: job.filePath, fileVersionID: job.fileVersionID,
            sinks: [SinkConfig(topic: SinkConfig.outputTopic, uri: "memory://" + table)], attempt: job.attempt)
        order.contentHash = job.contentHash.flatMap { ContentHash(hex: $0) }
        let slot: any PluginSlot = job.pluginName == "slow" ? SlowSlot(seed: seed) : NativeReaders().makeSlot()
        let (runner, made) = (runner, order)
        // It blocks: on a thread that others do not wait for.
        let receipt = await withCheckedContinuation { continuation in
            DispatchQueue(label: "job").async { continuation.resume(returning: runner.run(made, on: slot)) }
        }
        if let cause = receipt.cause { causes[cause, default: 0] += 1 }
        if receipt.status == .success {
            let rows = try tables.batches(at: table).flatMap(Self.lines)
            promoted.append(
                Promoted(
                    path: job.filePath, version: job.fileVersionID, plugin: job.pluginName,
                    content: Array(rows.map { $0 + "\n" }.joined().utf8)))
        }
        return receipt
    }

    private static func lines(_ batch: RecordBatch) throws -> [String] {
        guard let column = batch.schema.fields.firstIndex(where: { $0.name == "line" }) else { return [] }
        return try batch.cellTexts(rows: 0..<batch.rowCount).map { $0[column] ?? "" }
    }

    // MARK: What must be true

    private var violation: String? {
        for one in promoted where folder.history[one.path]?.contains(one.content) != true {
            let text = String(decoding: one.content, as: UTF8.self)
            return "'\(one.plugin)' promoted from \(one.path) what it never held, torn or another's:\n\(text)"
        }
        for plugin in Self.plugins {
            let own = promoted.filter { $0.plugin == plugin }
            if Set(own.map(\.version)).count < own.count { return "'\(plugin)' promoted a version twice" }
            // One that was renamed may have been read at its former path.
            let contents = Set(own.map(\.content))
            for (path, content) in folder.current.sorted(by: { $0.key < $1.key }) where !contents.contains(content) {
                return "'\(plugin)' never promoted what \(path) holds in the end"
            }
        }
        let blamed = causes.keys.filter { $0 != .changed && $0 != .file }
        return blamed.isEmpty ? nil : "jobs failed with \(blamed.map(\.rawValue).sorted())"
    }
}

extension Timestamp {
    /// The queue's clock plays no part here.
    fileprivate static let unixEpoch = Timestamp(microsecondsSinceEpoch: 0)
}
