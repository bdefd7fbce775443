import CasparianCatalog
import CasparianModel
import CasparianTestKit
import GRDB
import Testing

@testable import SQLiteCatalog

@Suite("The event log in SQLite")
struct EventLogTests {
    let folder: TemporaryFolder
    var path: String { folder.file("state.sqlite3") }
    let now = Timestamp(microsecondsSinceEpoch: 1_750_000_000_000_000)

    init() throws { folder = try TemporaryFolder() }

    private func queue(_ files: Range<Int>, in catalog: SQLiteCatalog) async throws {
        let root = try await catalog.addSourceRoot(path: "/data")
        try await catalog.setPluginConfig(PluginConfig(pluginName: "p", subscriptionTags: ["t"]))
        let seen = files.map { index in
            FileObservation(
                relativePath: "\(index)", sizeBytes: 1, modified: now,
                contentHash: ContentHash(digest: Array(repeating: 1, count: 32)), plugins: ["p"])
        }
        _ = try await catalog.record(seen, root: root.id, now: now)
    }

    @Test("never grows beyond its length by more than one transaction, and loses the oldest first")
    func bounded() async throws {
        let catalog = try SQLiteCatalog(path: path, eventsMax: 100)
        try await queue(0..<250, in: catalog)
        // One transaction of 250: it may prune 500.
        #expect(try await catalog.jobEvents(JobEventFilter()).map(\.id) == Array(151...250))
        for round in 0..<20 { try await queue(250 + 10 * round..<260 + 10 * round, in: catalog) }
        #expect(try await catalog.jobEvents(JobEventFilter()).map(\.id) == Array(351...450))
        let kept = try await catalog.read { db in try db.integer("SELECT count(*) FROM cf_job_event") }
        #expect(kept == 100)
    }

    @Test("that is far too long gets shorter in small steps")
    func smallSteps() async throws {
        do {
            let long = try SQLiteCatalog(path: path, eventsMax: 10_000)
            try await queue(0..<500, in: long)
        }
        let catalog = try SQLiteCatalog(path: path, eventsMax: 100)
        try await queue(500..<510, in: catalog)
        #expect(try await catalog.jobEvents(JobEventFilter()).count == 490)
        try await queue(510..<511, in: catalog)
        #expect(try await catalog.jobEvents(JobEventFilter()).count == 489)
    }

    @Test("a job whose events are gone is handed out like any other, without the time it waited")
    func forgotten() async throws {
        let catalog = try SQLiteCatalog(path: path, eventsMax: 5)
        try await queue(0..<20, in: catalog)
        var batch = QueueBatch()
        batch.claims = [Claim(claimant: "w", workerHost: "h", workerPID: 1, count: 20, plugins: ["p"])]
        let claimed = try await catalog.commit(batch, now: now).claimed
        #expect(claimed.count == 20 && claimed.filter { $0.waiting != nil }.count == 5)
    }

    @Test("is added to a file of the version before, whose jobs and attempts stay as they are")
    func upgrade() async throws {
        do {
            let catalog = try SQLiteCatalog(path: path)
            try await queue(0..<3, in: catalog)
        }
        let database = try DatabaseQueue(path: path)
        try await database.write { db in
            try db.execute(
                sql: """
                    DROP TABLE cf_job_event; DROP TABLE cf_file_stamp; DROP TABLE cf_folder; DROP TABLE cf_file_gone;
                    DROP TABLE cf_file_move; DROP TABLE cf_root_alarm; DROP TABLE cf_version_content;
                    DROP TABLE cf_content_watermark; DROP TABLE cf_job_work; DROP TABLE cf_job_duplicate;
                    ALTER TABLE cf_plugin_limits DROP COLUMN duplicate_content;
                    ALTER TABLE cf_plugin_limits DROP COLUMN memory_mib;
                    ALTER TABLE cf_plugin_limits DROP COLUMN cpu_seconds;
                    ALTER TABLE cf_plugin_limits DROP COLUMN processes;
                    ALTER TABLE cf_plugin_limits DROP COLUMN open_files;
                    ALTER TABLE cf_plugin_limits DROP COLUMN network;
                    ALTER TABLE cf_job_attempt DROP COLUMN plugin_hash;
                    DELETE FROM cf_migration WHERE number >= 6
                    """
            )
        }
        try database.close()
        let catalog = try SQLiteCatalog(path: path)
        #expect(try await catalog.jobEvents(JobEventFilter()).isEmpty)
        var batch = QueueBatch()
        batch.claims = [Claim(claimant: "w", workerHost: "h", workerPID: 1, count: 3, plugins: ["p"])]
        let claimed = try await catalog.commit(batch, now: now).claimed
        #expect(claimed.map(\.waiting) == [nil, nil, nil])
        #expect(try await catalog.jobEvents(JobEventFilter()).map(\.kind) == [.claimed, .claimed, .claimed])
    }

    @Test("metrics of attempts that are no object of whole numbers are none")
    func attempts() async throws {
        let catalog = try SQLiteCatalog(path: path)
        try await catalog.write { db in
            try db.execute(
                sql: """
                    INSERT INTO cf_job_attempt (job_id, attempt, outcome, metrics, ended_at, cause, exit_signal) VALUES
                    (1, 1, 'FAILED', '{"peak_bytes": 7, "text": "x", "part": 1.5}', 'x', 'guest', 9),
                    (1, 2, 'FAILED', 'no json', '2026-01-02 03:04:05', NULL, NULL),
                    (1, 3, 'FAILED', '[1]', '2026-01-02 03:04:05', NULL, NULL)
                    """)
        }
        let found = try await catalog.attempts(of: 1)
        #expect(found.map(\.metrics) == [["peak_bytes": 7], [:], [:]])
        #expect(found.map(\.exitSignal) == [9, nil, nil] && found.map(\.cause) == ["guest", nil, nil])
    }
}
