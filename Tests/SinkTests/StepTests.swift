import CasparianModel
import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import ParquetSink
import Testing

/// Processes killed at every step that the Parquet sink lists.
@Suite struct StepTests {
    struct Case: Codable, CustomTestStringConvertible {
        var uri: String
        var step: String
        var resumes: Bool
        var testDescription: String { "\(uri), \(step), \(resumes ? "resumed" : "run again")" }
    }

    static let cases: [Case] = {
        let factory = ParquetSinkFactory(outputRoot: "/none")
        let partitioned = factory.partitionSteps + ["parquet.partition.renamed:2"]
        let steps = factory.steps.map { ("parquet://t.parquet", $0) }
        return (steps + partitioned.map { ("parquet://t?partition=k", $0) }).flatMap { uri, step in
            [true, false].map { Case(uri: uri, step: step, resumes: $0) }
        }
    }()

    static let rows: Int64 = 3001

    /// A second version that takes the place of a first one, with columns that widen on the way.
    static func newer(_ root: String, _ uri: String) -> Job {
        var job = Job(root: root, id: 8, uri: uri)
        job.mode = .replace
        return job
    }

    static func batch(_ job: Job, rows: Int64) throws -> RecordBatch {
        let numbers = (0..<rows).map { Int64?($0) }
        return try RecordBatch(columns: [("n", .int64(numbers)), ("k", .int64(numbers.map { $0.map { $0 % 3 } }))])
            .appendingLineage(jobID: job.id, fileVersionID: 1)
    }

    static func run(_ job: Job) throws {
        let sink = try job.open()
        try sink.write(batch(job, rows: 1000))
        try sink.write(
            RecordBatch(columns: [("n", .int64([-1])), ("extra", .bool([true]))])
                .appendingLineage(jobID: job.id, fileVersionID: 1))
        try sink.write(batch(job, rows: 2000))
        try sink.prepare()
        _ = try sink.commit()
    }

    @Test(arguments: cases)
    func `A process killed at a step loses nothing and doubles nothing`(_ one: Case) async throws {
        let folder = try TemporaryFolder()
        let root = folder.file("out")
        let older = try Job(root: root, uri: one.uri).open()
        try older.write(Self.batch(Job(root: root), rows: 500))
        try older.prepare()
        #expect(try older.commit()?.rows == 500)
        await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String, one = one as Case] in
            setenv("CASPARIAN_KILL_AT", one.step, 1)
            try StepTests.run(StepTests.newer(root, one.uri))
        }
        let job = Self.newer(root, one.uri)
        if one.resumes, let sink = try job.resume(rows: Self.rows) {
            #expect(try sink.commit()?.rows == Self.rows)
            // Whoever was not told of the promotion asks again.
            #expect(try job.resume(rows: Self.rows)?.commit()?.rows == Self.rows)
        } else {
            try Self.run(job)
        }
        #expect(try ParquetSinkFactory(outputRoot: root).removeLeftovers().isEmpty)
        let script = """
            import sys, glob, duckdb
            files = [f for f in glob.glob(sys.argv[1] + '/**', recursive=True) if '.stg.' in f]
            print(duckdb.sql(f"select count(*), count(extra), count(distinct n), min(_job_id) from "
                f"read_parquet('{sys.argv[1]}/**/*.parquet', union_by_name = true)").fetchall(), files)
            """
        #expect(try Python.run(script, root) == "[(3001, 1, 2001, 8)] []")
    }
}
