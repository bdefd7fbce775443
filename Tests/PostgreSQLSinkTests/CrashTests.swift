import CasparianSinks
import CasparianTestKit
import Foundation
import PostgreSQLSink
import Testing

/// Processes that end for real, at every step, and what their next attempt makes of it.
@Suite(.enabled(if: PostgreSQLServer.programs != nil))
struct CrashTests {
    /// What a child process needs to know; it must not start a server of its own.
    struct Place: Codable, Sendable {
        var port: Int
        var database: String

        var options: PostgreSQLOptions {
            PostgreSQLOptions(host: "127.0.0.1", port: port, database: database, user: "postgres")
        }
    }

    static let steps = PostgreSQLSinkFactory(options: PostgreSQLOptions()).steps

    private static func place(_ database: PostgreSQLDatabase) -> Place {
        Place(port: database.server.port, database: database.name)
    }

    /// Waits until the server has noticed that a process is gone.
    private func waitForSessionsToEnd(_ database: PostgreSQLDatabase) throws {
        for _ in 0..<3000 {
            let sessions = try database.psql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'casparian'"
            )
            if sessions == "0" { return }
            usleep(20_000)
        }
        Issue.record("sessions of a process that was killed still live after 60 s")
    }

    @Test(arguments: steps, [false, true])
    func `A process killed at any step shows all of its job or nothing, and the next attempt completes it`(
        step: String, isThere: Bool
    ) async throws {
        let database = try PostgreSQLDatabase()
        if isThere { try database.job(1).run(Job.numbers(0..<5)) }
        let before: [Int64: Int] = isThere ? [1: 5] : [:]
        let place = Self.place(database)
        await #expect(processExitsWith: .signal(SIGKILL)) { [place = place as Place, step = step as String] in
            setenv("CASPARIAN_KILL_AT", step, 1)
            try Job(options: place.options).run(Job.numbers(0..<20_000))
        }
        let isCommitted = ["postgresql.committed", "postgresql.cleaned"].contains(step)
        try waitForSessionsToEnd(database)
        let after = isCommitted ? before.merging([7: 20_000]) { $1 } : before
        if !after.isEmpty {
            #expect(
                try database.psql("SELECT _job_id, count(*) FROM t GROUP BY 1 ORDER BY 1")
                    == after.sorted { $0.key < $1.key }.map { "\($0.key)|\($0.value)" }.joined(separator: "\n"))
        } else {
            #expect(try database.psql("SELECT to_regclass('t') IS NULL") == "t")
        }
        #expect(try database.job(version: 1).run(Job.numbers(0..<20_000))?.rows == 20_000)
        try database.expect(before.merging([7: 20_000]) { $1 })
        #expect(try database.makeFactory().removeLeftovers().isEmpty)
    }

    @Test func `What a killed process left is removed at the next start`() async throws {
        let database = try PostgreSQLDatabase()
        let place = Self.place(database)
        await #expect(processExitsWith: .signal(SIGKILL)) { [place = place as Place] in
            setenv("CASPARIAN_KILL_AT", "postgresql.prepared", 1)
            try Job(options: place.options).run(Job.numbers(0..<20))
        }
        try waitForSessionsToEnd(database)
        #expect(try database.staged() == ["t_stg_7"])
        #expect(try database.makeFactory().removeLeftovers() == ["postgresql://public.t_stg_7"])
        #expect(try database.staged().isEmpty)
        #expect(try database.psql("SELECT to_regclass('t') IS NULL") == "t")
    }

    @Test(arguments: [false, true])
    func `What a killed process had prepared can be committed by the next`(isThere: Bool) async throws {
        let database = try PostgreSQLDatabase()
        if isThere { try database.job(1).run(Job.numbers(0..<5)) }
        let place = Self.place(database)
        await #expect(processExitsWith: .signal(SIGKILL)) { [place = place as Place] in
            setenv("CASPARIAN_KILL_AT", "postgresql.prepared", 1)
            try Job(options: place.options).run(Job.numbers(0..<20))
        }
        try waitForSessionsToEnd(database)
        let job = database.job(version: 1)
        #expect(try job.factory.resume(job.request(), rows: 19) == nil)
        let other = database.job(version: 2)
        #expect(try other.factory.resume(other.request(), rows: 20) == nil)
        let sink = try #require(try job.factory.resume(job.request(), rows: 20))
        let artifact = try sink.commit()
        #expect(artifact?.rows == 20)
        try database.expect(isThere ? [1: 5, 7: 20] : [7: 20])
        // Also when the crash came after it.
        let again = try #require(try job.factory.resume(job.request(), rows: 20))
        #expect(try again.commit() == artifact)
    }

    @Test func `A version without rows keeps older ones from coming back`() throws {
        let database = try PostgreSQLDatabase()
        try database.job(1).run(Job.numbers(0..<5))
        try database.job(9, mode: .replace).run()
        #expect(try database.psql("SELECT count(*) FROM t") == "0")
        let late = try database.job(8, mode: .replace).failure(Job.numbers(0..<3))
        #expect(late?.message.contains("newer version") == true)
    }
}
