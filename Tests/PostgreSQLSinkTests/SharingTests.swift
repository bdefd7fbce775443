import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import Testing

@testable import PostgreSQLSink

/// Several at one table.
@Suite(.enabled(if: PostgreSQLServer.programs != nil))
struct SharingTests {
    let database: PostgreSQLDatabase
    init() throws { database = try PostgreSQLDatabase() }

    @Test func `Workers that promote into one table at once, with columns that widen it, lose and double nothing`()
        async throws
    {
        let workers: Int64 = 4
        let jobs: Int64 = 12
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    let factory = database.job().factory
                    for number in 0..<jobs {
                        let job = database.job(1 + worker * jobs + number)
                        let sink = try factory.open(job.request())
                        try sink.write(job.lineage(Job.numbers(0..<100)))
                        // Each brings a column that others bring too.
                        let extra = try RecordBatch(columns: [("c\(number % 5)", .int64([number]))])
                        try sink.write(job.lineage(extra))
                        try sink.prepare()
                        #expect(try sink.commit()?.rows == 101)
                    }
                }
            }
            try await group.waitForAll()
        }
        try database.expect(
            Dictionary(uniqueKeysWithValues: (1...workers * jobs).map { ($0, 101) }))
        #expect(try database.columns().filter { $0.hasPrefix("c") }.count == 5)
    }

    @Test func `A reader of a table that is replaced sees one version or the next, never both or none`() async throws {
        let table = PostgreSQLDatabase.quoted(UUID().uuidString)
        let uri = "postgresql://\(table)"
        func replace(_ version: Int64) throws {
            let rows = 100 + version
            #expect(try database.job(version, uri: uri, mode: .replace).run(Job.numbers(0..<rows))?.rows == rows)
        }
        try replace(1)
        let isDone = Flag()
        let seen = try await withThrowingTaskGroup(of: [String].self) { group in
            group.addTask {
                var seen: [String] = []
                while true {
                    let isLast = isDone.isRaised
                    seen += try database.psql(
                        Array(
                            repeating: "SELECT count(*), min(_job_id), max(_job_id) FROM \(table)", count: 20
                        ).joined(separator: "; ")
                    ).split(separator: "\n").map(String.init)
                    if isLast { return seen }
                }
            }
            for version: Int64 in 2...25 { try replace(version) }
            isDone.raise()
            return try await group.next() ?? []
        }
        #expect(seen.last == "125|25|25")
        for line in Set(seen) {
            let numbers = line.split(separator: "|").compactMap { Int64($0) }
            #expect(numbers.count == 3 && numbers[1] == numbers[2] && numbers[0] == 100 + numbers[1], "\(line)")
        }
    }

    @Test func `Two attempts of one job never stage at once; the second waits for the first, and may come later`()
        throws
    {
        let job = database.job()
        let first = try job.prepared(Job.numbers(0..<3))
        var hasty = job
        hasty.options.stagingPatience = .milliseconds(50)
        let second = try hasty.open()
        let error = #expect(throws: SinkError.self) { try second.write(job.lineage(Job.numbers(0..<3))) }
        #expect(error?.isTransient == true && error?.message.contains("t_stg_7") == true)
        second.discard()
        #expect(try database.staged() == ["t_stg_7"])
        #expect(try first.commit()?.rows == 3)
        try database.expect([7: 3])
    }

    @Test func `The ledger says what was promoted, and what took its place`() throws {
        try database.job(1, mode: .replace).run(Job.numbers(0..<2))
        try database.job(2, mode: .replace).run(Job.numbers(0..<3))
        let ledger = try database.psql(
            """
            SELECT target, job_id, file_version_id, plugin, topic, file, content_hash IS NULL, rows,
                promoted_at > now() - interval '1 hour', replaced_by
            FROM _casparian_ledger ORDER BY job_id
            """)
        #expect(ledger == "public.t|1|1|p|output|/in/a.csv|t|2|t|2\npublic.t|2|2|p|output|/in/a.csv|t|3|t|")
        #expect(try database.job().factory.highestJobID(at: SinkURI("postgresql://t")) == 2)
        #expect(try database.job().factory.highestJobID(at: SinkURI("postgresql://other")) == 0)
    }
}
