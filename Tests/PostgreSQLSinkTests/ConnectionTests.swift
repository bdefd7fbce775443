import CasparianSinks
import CasparianTestKit
import Foundation
import PostgreSQLSink
import Testing

@Suite(.enabled(if: PostgreSQLServer.programs != nil))
struct ConnectionTests {
    let database: PostgreSQLDatabase
    init() throws { database = try PostgreSQLDatabase() }

    private func error(_ options: PostgreSQLOptions) -> SinkError? {
        #expect(throws: SinkError.self) { _ = try Job(options: options).open() }
    }

    private static let secret = "s3cret'pass word\\"

    private func guarded(password: String) throws -> PostgreSQLOptions {
        try database.psql(
            """
            DO $$ BEGIN CREATE ROLE guarded LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
            SET password_encryption = 'scram-sha-256';
            ALTER ROLE guarded PASSWORD \(PostgreSQLDatabase.literal(password));
            """)
        var options = database.options
        options.user = "guarded"
        return options
    }

    @Test func `A password comes from a file or the environment, and is in no message when it is wrong`() throws {
        var options = try guarded(password: Self.secret)
        let folder = try TemporaryFolder()
        try folder.write(Self.secret + "\n", to: "password")
        options.password = .file(folder.file("password"))
        _ = try Job(options: options).open()
        // A variable that every process has: to set one while other threads read the environment is not safe.
        options = try guarded(password: try #require(ProcessInfo.processInfo.environment["PATH"]))
        options.password = .environment("PATH")
        _ = try Job(options: options).open()
        try folder.write("wrong-secret", to: "password")
        options.password = .file(folder.file("password"))
        let wrong = error(options)
        #expect(wrong?.code == .rejected && wrong?.isTransient == false)
        #expect(wrong?.message.contains("28P01") == true && wrong?.message.contains("guarded") == true)
        #expect(wrong?.description.contains("wrong-secret") == false)
        options.password = nil
        #expect(error(options)?.isTransient == false)
        options.password = .file(folder.file("nowhere"))
        #expect(error(options)?.message.contains(folder.file("nowhere")) == true)
        options.password = .environment("CASPARIAN_TEST_NO_PASSWORD")
        #expect(error(options)?.message.contains("CASPARIAN_TEST_NO_PASSWORD") == true)
    }

    @Test func `A connection string is taken, and never shown`() throws {
        let port = database.server.port
        for text in [
            "host=127.0.0.1 port=\(port) dbname=\(database.name) user=postgres",
            "postgresql://postgres@127.0.0.1:\(port)/\(database.name)",
        ] {
            _ = try Job(options: PostgreSQLOptions(connection: text)).open()
        }
        for text in [
            "postgresql://me:hidden%zz@127.0.0.1:\(port)/x", "host=127.0.0.1 hidden",
            "host=127.0.0.1 password=hidden x",
            "postgresql://guarded:hidden@127.0.0.1:\(port)/\(database.name)",
        ] {
            #expect(error(PostgreSQLOptions(connection: text))?.description.contains("hidden") == false)
        }
    }

    @Test func `What is missing is told apart: database, server, answer`() throws {
        var options = database.options
        options.database = "nowhere"
        let missing = error(options)
        #expect(missing?.code == .rejected && missing?.isTransient == false)
        #expect(missing?.message.contains("\"nowhere\"") == true && missing?.message.contains("3D000") == true)
        options = database.options
        options.port = 1
        let refused = error(options)
        #expect(refused?.code == .unreachable && refused?.isTransient == true)
        // A port that takes connections and never says a word.
        let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(silent) }
        options.port = try PostgreSQLServer.listen(on: silent)
        options.connectTimeout = .milliseconds(200)
        let unanswered = error(options)
        #expect(unanswered?.code == .unreachable && unanswered?.isTransient == true)
        #expect(unanswered?.message.contains("no connection within") == true)
    }

    @Test func `Missing rights are an error that says so, and leave nothing`() throws {
        try database.psql(
            "DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        var job = database.job()
        job.options.user = "weak"
        let error = try job.failure(Job.numbers(0..<1))
        #expect(error?.code == .rejected && error?.isTransient == false)
        #expect(error?.message.contains("42501") == true && error?.message.contains("grant") == true)
        #expect(try database.staged().isEmpty)
        try database.psql("REVOKE ALL ON SCHEMA public FROM weak; DROP ROLE weak")
    }

    @Test func `A database that takes no writes is an error that says so`() throws {
        try database.psql("ALTER DATABASE \(database.name) SET default_transaction_read_only = on")
        let error = try database.job().failure(Job.numbers(0..<1))
        #expect(error?.code == .rejected && error?.isTransient == false)
        #expect(error?.message.contains("25006") == true && error?.message.contains("primary") == true)
    }

    @Test func `A lock that somebody holds for long ends in an error that may pass`() throws {
        try database.job(1).run(Job.numbers(0..<2))
        var job = database.job(2)
        job.options.lockTimeout = .milliseconds(50)
        let sink = try job.prepared(Job.numbers(0..<3))
        let holder = try database.hold("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        let error = #expect(throws: SinkError.self) { _ = try sink.commit() }
        #expect(error?.code == .unreachable && error?.isTransient == true)
        holder.end()
        // On a busy machine more than one commit may find that it waits too long.
        let deadline = ContinuousClock.now + .seconds(60)
        var rows: Int64?
        while rows == nil, ContinuousClock.now < deadline { rows = (try? sink.commit())?.rows }
        #expect(rows == 3)
        try database.expect([1: 2, 2: 3])
    }

    @Test func `Connections are used again, and one that the server ended is not`() throws {
        let factory = database.job().factory
        func run(_ id: Int64) throws {
            let job = database.job(id)
            let sink = try factory.open(job.request())
            try sink.write(job.lineage(Job.numbers(0..<1)))
            try sink.prepare()
            #expect(try sink.commit()?.rows == 1)
        }
        func sessions() throws -> String {
            try database.psql(
                """
                SELECT string_agg(pid::text, ',') FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'casparian'
                """)
        }
        try run(1)
        let first = try sessions()
        try run(2)
        #expect(try sessions() == first && !first.isEmpty)
        try database.psql("SELECT pg_terminate_backend(\(first))")
        try run(3)
        #expect(try sessions() != first)
        try database.expect([1: 1, 2: 1, 3: 1])
    }
}
