import CasparianCatalog
import CasparianModel
import Foundation
import SQLiteCatalog

/// The catalog's part of a job: recording and queueing files, then turns of receipts and claims, each turn durable.
enum CatalogBenchmark {
    static func run(isQuick: Bool) async throws {
        let folder = NSTemporaryDirectory() + "casparian-micro-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for jobsInTurn in [1, 8, 64] {
            let turns = isQuick ? 20 : 200
            let catalog = try SQLiteCatalog(path: "\(folder)/\(jobsInTurn).sqlite3")
            let seconds = try await queue(turns * jobsInTurn, in: catalog)
            if jobsInTurn == 64 { report("catalog: record and queue a file", turns * jobsInTurn, seconds) }
            let spent = try await dispatch(turns: turns, jobsInTurn: jobsInTurn, in: catalog)
            report("catalog: a job, \(jobsInTurn) a turn", turns * jobsInTurn, spent)
        }
    }

    /// Seconds to record files in batches of 1,000, one job each.
    private static func queue(_ count: Int, in catalog: SQLiteCatalog) async throws -> Double {
        let root = try await catalog.addSourceRoot(path: "/data/incoming")
        try await catalog.setPluginConfig(PluginConfig(pluginName: "csv", subscriptionTags: ["auto_csv"]))
        let now = Timestamp(microsecondsSinceEpoch: 1_709_200_000_000_000)
        let files = (0..<count).map { number in
            FileObservation(
                relativePath: "2024/02/part_\(number).csv", sizeBytes: Int64(number), modified: now,
                contentHash: ContentHash(digest: (0..<32).map { UInt8(truncatingIfNeeded: number >> ($0 & 31)) ^ $0 }),
                tags: ["auto_csv"], plugins: ["csv"], priority: 100)
        }
        let begin = ContinuousClock.now
        for first in stride(from: 0, to: count, by: 1_000) {
            _ = try await catalog.record(Array(files[first..<min(first + 1_000, count)]), root: root.id, now: now)
        }
        return seconds(since: begin)
    }

    /// Seconds for turns that each conclude the jobs of the last one and claim the next.
    private static func dispatch(turns: Int, jobsInTurn: Int, in catalog: SQLiteCatalog) async throws -> Double {
        let claim = Claim(claimant: "w", workerHost: "host", workerPID: 1, count: jobsInTurn, plugins: ["csv"])
        var now = Timestamp(microsecondsSinceEpoch: 1_709_200_001_000_000)
        var running: [ClaimedJob] = []
        let begin = ContinuousClock.now
        for turn in 0...turns {
            now.microsecondsSinceEpoch += 1_000
            var batch = QueueBatch()
            batch.conclusions = running.map { Conclusion(jobID: $0.jobID, receipt: receipt(of: $0)) }
            if turn < turns { batch.claims = [claim] }
            running = try await catalog.commit(batch, now: now).claimed
            precondition(running.count == (turn < turns ? jobsInTurn : 0), "every claim finds its jobs")
        }
        return seconds(since: begin)
    }

    private static func receipt(of job: ClaimedJob) -> JobReceipt {
        let uri = "parquet:///data/out/csv_output_\(job.jobID).parquet"
        return JobReceipt(
            status: .success, metrics: ["rows": 10, "size_bytes": 900],
            artifacts: [Artifact(topic: "output", uri: uri, rows: 10, sizeBytes: 900)], attempt: job.attempt)
    }

    private static func seconds(since begin: ContinuousClock.Instant) -> Double {
        (ContinuousClock.now - begin) / .seconds(1)
    }

    private static func report(_ part: String, _ count: Int, _ seconds: Double) {
        Measurement.report(part: part, operations: count, nanosecondsEach: seconds * 1e9 / Double(count), spread: 0)
    }
}
