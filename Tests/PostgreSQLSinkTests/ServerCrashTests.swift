import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import PostgreSQLSink
import Testing

/// Servers that end, and sessions that are ended, in the middle.
@Suite(.enabled(if: PostgreSQLServer.programs != nil))
struct ServerCrashTests {
    private func batch() throws -> RecordBatch { try Job.numbers(0..<1000) }

    @Test func `A server that crashes between staging and commit keeps what becomes the table`() throws {
        let database = try PostgreSQLDatabase(on: PostgreSQLServer(["fsync=on"]))
        let sink = try database.job().prepared(batch())
        // Brings to the disk what was committed before it, which nobody waited for.
        try database.psql("CREATE TABLE later ()")
        database.server.stop()
        try database.server.start()
        #expect(try sink.commit()?.rows == 1000)
        try database.expect([7: 1000])
    }

    @Test func `A server that crashes between staging and commit loses what was to be added, and that is noticed`()
        throws
    {
        let database = try PostgreSQLDatabase(on: PostgreSQLServer(["fsync=on"]))
        try database.job(1).run(batch())
        let sink = try database.job(2).prepared(batch())
        try database.psql("CREATE TABLE later ()")
        database.server.stop()
        try database.server.start()
        let error = #expect(throws: SinkError.self) { _ = try sink.commit() }
        #expect(error?.isTransient == true && error?.message.contains("0 rows and 1000") == true)
        sink.discard()
        try database.expect([1: 1000])
        #expect(try database.job(2).factory.resume(database.job(2).request(), rows: 1000) == nil)
        #expect(try database.job(2).run(batch())?.rows == 1000)
        try database.expect([1: 1000, 2: 1000])
    }

    @Test(arguments: [false, true], ["DROP TABLE t_stg_7", "DELETE FROM t_stg_7 WHERE n = 5"])
    func `Staging that is gone, or holds other rows than were staged, is not promoted`(
        isThere: Bool, change: String
    ) throws {
        let database = try PostgreSQLDatabase()
        if isThere { try database.job(1).run(batch()) }
        let sink = try database.job().prepared(batch())
        try database.psql(change)
        let error = #expect(throws: SinkError.self) { _ = try sink.commit() }
        #expect(error?.isTransient == true && error?.message.contains("1000 were staged") == true)
        sink.discard()
        #expect(try database.job().run(batch())?.rows == 1000)
        try database.expect(isThere ? [1: 1000, 7: 1000] : [7: 1000])
    }

    @Test func `A server that crashes while rows are staged fails the job for now, and leaves nothing`() throws {
        let database = try PostgreSQLDatabase(on: PostgreSQLServer(["fsync=on"]))
        let sink = try database.job().open()
        try sink.write(database.job().lineage(batch()))
        database.server.stop()
        let error = #expect(throws: SinkError.self) {
            for _ in 0..<10_000 { try sink.write(database.job().lineage(batch())) }
        }
        #expect(error?.code == .unreachable && error?.isTransient == true)
        sink.discard()
        try database.server.start()
        #expect(try database.staged().isEmpty)
        #expect(try database.job().run(batch())?.rows == 1000)
    }

    @Test func `A server that stays away leaves the job to its next attempt`() throws {
        let database = try PostgreSQLDatabase(on: PostgreSQLServer(["fsync=on"]))
        var job = database.job()
        job.options.reconnectPatience = .milliseconds(300)
        let sink = try job.prepared(batch())
        database.server.stop()
        let error = #expect(throws: SinkError.self) { _ = try sink.commit() }
        #expect(error?.code == .unreachable && error?.isTransient == true)
        sink.discard()
        try database.server.start()
        #expect(try database.job().run(batch())?.rows == 1000)
        try database.expect([7: 1000])
    }

    @Test(arguments: [false, true])
    func `A session that dies in COMMIT before it counts is followed by one that promotes`(isThere: Bool) throws {
        let database = try PostgreSQLDatabase()
        if isThere { try database.job(1).run(batch()) }
        // A sequence remembers, whatever becomes of the transaction.
        try database.job(99, uri: "postgresql://other").run(Job.numbers(0..<1))
        try database.psql(
            """
            CREATE SEQUENCE deaths;
            CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('public.deaths') <= 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER die AFTER INSERT ON _casparian_ledger DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION die();
            """)
        #expect(try database.job().run(batch())?.rows == 1000)
        #expect(try database.psql("SELECT last_value FROM deaths") == "3")
        #expect(try database.psql("SELECT count(*) FROM t WHERE _job_id = 7") == "1000")
        #expect(try database.staged().isEmpty)
    }

    @Test(arguments: [false, true])
    func `A session that dies in COMMIT after it counts is followed by one that finds the rows there`(
        isThere: Bool
    ) throws {
        let server = try PostgreSQLServer(["synchronous_standby_names=ghost", "synchronous_commit=local"])
        let database = try PostgreSQLDatabase(on: server)
        if isThere { try database.job(1).run(batch()) }
        try database.job(99, uri: "postgresql://other").run(Job.numbers(0..<1))
        // A commit is there for all time before it waits for a standby, and this one never comes.
        try database.psql(
            """
            CREATE SEQUENCE commits;
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('public.commits') = 1 THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER wait BEFORE INSERT ON _casparian_ledger FOR EACH ROW EXECUTE FUNCTION wait();
            """)
        let commit = OnThread(try database.job().prepared(batch()))
        try waitAndTerminate(server)
        #expect(try commit.rows() == 1000)
        #expect(try database.psql("SELECT last_value FROM commits") == "1")
        #expect(try database.psql("SELECT count(*) FROM t WHERE _job_id = 7") == "1000")
        #expect(try database.staged().isEmpty)
    }

    private func waitAndTerminate(_ server: PostgreSQLServer) throws {
        for _ in 0..<1000 {
            let ended = try server.psql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            if ended.hasPrefix("t") { return }
            usleep(20_000)
        }
        Issue.record("no session waited for a standby in 20 s")
    }

    @Test func `A deadlock and other transactions' changes in between are tried again`() throws {
        let database = try PostgreSQLDatabase()
        try database.job(99, uri: "postgresql://other").run(Job.numbers(0..<1))
        try database.psql(
            """
            CREATE SEQUENCE failures;
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('public.failures') = 1 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END IF;
                IF nextval('public.failures') < 5 THEN RAISE EXCEPTION 'serial' USING ERRCODE = '40001'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER fail BEFORE INSERT ON _casparian_ledger FOR EACH ROW EXECUTE FUNCTION fail();
            """)
        #expect(try database.job().run(batch())?.rows == 1000)
        #expect(try database.psql("SELECT count(*) FROM t WHERE _job_id = 7") == "1000")
        try database.psql("ALTER SEQUENCE failures RESTART; ALTER SEQUENCE failures INCREMENT BY -1 MINVALUE -99")
        let error = try database.job(8).failure(batch())
        #expect(error?.isTransient == true && error?.message.contains("40001") == true)
        #expect(try database.staged().isEmpty)
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "mounting a small tmpfs needs root and the right to mount"))
    func `A full disk is an error that may pass, and leaves nothing`() throws {
        let database = try PostgreSQLDatabase()
        let folder = try TemporaryFolder()
        let disk = try SmallDisk(at: folder.file("disk"), kibibytes: 12 * 1024)
        defer { withExtendedLifetime(disk) {} }
        let user = try #require(getpwnam("postgres")?.pointee)
        #expect(chown(disk.path, user.pw_uid, user.pw_gid) == 0)
        try database.psql("CREATE TABLESPACE small\(database.name) LOCATION '\(disk.path)'")
        defer { _ = try? database.psql("DROP TABLESPACE small\(database.name)") }
        try database.psql(
            "ALTER ROLE postgres IN DATABASE \(database.name) SET default_tablespace = 'small\(database.name)'")
        let large = try Job.numbers(0..<200_000)
        let error = try database.job().failure(large, large, large)
        #expect(error?.code == .io && error?.isTransient == true)
        #expect(error?.message.contains("53100") == true, "\(error?.message ?? "")")
        #expect(try database.staged().isEmpty)
        #expect(try database.job().run(batch())?.rows == 1000)
        try database.psql("DROP TABLE t, _casparian_ledger")
    }
}

/// A commit on a thread of its own, so that it gets one however many tests wait.
private final class OnThread: @unchecked Sendable {
    // Sendable: the result is written before the semaphore is signalled, and read after.
    private let sink: any Sink
    private var result: Result<Int64?, any Error>?
    private let isDone = DispatchSemaphore(value: 0)

    init(_ sink: any Sink) {
        self.sink = sink
        Thread.detachNewThread {
            self.result = Result { try self.sink.commit()?.rows }
            self.isDone.signal()
        }
    }

    /// The rows of its artifact, once it is there.
    func rows() throws -> Int64? {
        #expect(isDone.wait(timeout: .now() + .seconds(60)) == .success)
        return try result?.get()
    }
}
