import CasparianTestKit
import CasparianCatalog
import CasparianModel
import GRDB
import Testing

@testable import SQLiteCatalog

@Suite("The SQLite file")
struct SQLiteFileTests {
    let folder: TemporaryFolder
    var path: String { folder.file("state.sqlite3") }

    init() throws { folder = try TemporaryFolder() }

    @Test("is in WAL mode, checks foreign keys and syncs every commit")
    func settings() async throws {
        let catalog = try SQLiteCatalog(path: path)
        let found = try await catalog.write { db in
            [
                try String.fetchOne(db, sql: "PRAGMA journal_mode"), try String.fetchOne(db, sql: "PRAGMA synchronous"),
                try String.fetchOne(db, sql: "PRAGMA foreign_keys"),
            ]
        }
        #expect(found == ["wal", "2", "1"])
    }

    @Test("carries a job from the scan to its receipt")
    func wholePath() async throws {
        let catalog = try SQLiteCatalog(path: path)
        let now = Timestamp(microsecondsSinceEpoch: 1_700_000_000_000_000)
        let root = try await catalog.addSourceRoot(path: "/data")
        _ = try await catalog.register(
            [
                PluginDescription(
                    name: "csv", contentHash: String(repeating: "a", count: 64),
                    manifest: PluginManifest(pattern: "*.csv", topic: "rows"))
            ], now: now)
        let seen = FileObservation(
            relativePath: "in/a.csv", sizeBytes: 3, modified: now,
            contentHash: ContentHash(digest: Array(repeating: 1, count: 32)),
            tags: ["auto_csv"], plugins: ["csv"], priority: 100)
        let result = try await catalog.record([seen], root: root.id, now: now)
        #expect(result.newFiles == 1 && result.newVersions == 1 && result.queuedJobs == 1)
        var batch = QueueBatch()
        batch.claims = [Claim(claimant: "w", workerHost: "h", workerPID: 7, count: 2, plugins: ["csv", "other"])]
        let claimed = try await catalog.commit(batch, now: now).claimed
        #expect(claimed.map(\.filePath) == ["/data/in/a.csv"])
        #expect(claimed.first?.sinks == [SinkConfig(topic: "output", uri: "parquet://rows.parquet")])
        var end = QueueBatch()
        end.conclusions = [
            Conclusion(
                jobID: claimed[0].jobID,
                receipt: JobReceipt(
                    status: .success, metrics: ["rows": 5, "size_bytes": 80],
                    artifacts: [Artifact(topic: "output", uri: "parquet:///data/out/x.parquet", rows: 5)]))
        ]
        #expect(try await catalog.commit(end, now: now).ignoredConclusions.isEmpty)
        #expect(try await catalog.commit(end, now: now).ignoredConclusions == [claimed[0].jobID])
        let job = try await catalog.job(id: claimed[0].jobID)
        #expect(job?.job.status == .completed && job?.rows == 5)
        #expect(try await catalog.files(FileFilter()).map(\.path) == ["/data/in/a.csv", "/data/out/x.parquet"])
        #expect(try await catalog.artifacts(ArtifactFilter()).count == 1)
        #expect(try await catalog.queueSummary().isIdle)
    }
}
