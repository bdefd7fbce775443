import CasparianModel
import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import Testing

@testable import SQLServerSink

/// Connections that break, servers that refuse: the rows arrive once, or not at all and the next attempt brings them.
@Suite struct FaultTests {
    /// Two batches, of which the second has a column more.
    private static func batches() throws -> [RecordBatch] {
        [
            try RecordBatch(columns: [("n", .int64([1, 2, 3])), ("text", .string(["a", nil, ""]))]),
            try RecordBatch(columns: [("n", .int64([4])), ("text", .string(["d"])), ("more", .bool([true]))]),
        ]
    }

    private static let wanted: [[String?]] = [["1", "a", nil], ["2", nil, nil], ["3", "", nil], ["4", "d", "1"]]

    private static func rows(_ server: TDSServer, _ table: String) throws -> [[String?]] {
        try Store(path: server.store).rows("SELECT n, text, more FROM \"dbo.\(table)\" ORDER BY n")
    }

    @Test(arguments: ["drop_packet", "drop_reply"])
    func `A connection that breaks at any packet loses and doubles nothing`(_ fault: String) throws {
        let server = try TDSServer()
        let control = try server.connect()
        func exchanged() throws -> Int {
            Int(try control.query("EXEC tds_status").first?[fault == "drop_packet" ? 0 : 1] ?? "") ?? 0
        }
        _ = try exchanged()
        let before = try exchanged()
        let calm = Job(server: server, id: 1, uri: "mssql://calm")
        _ = try calm.prepared(Self.batches()).commit()
        let count = try exchanged() - before
        #expect(count > 20)
        var broken = 0
        for number in 1...count {
            let job = Job(server: server, id: Int64(number + 1), uri: "mssql://t\(number)")
            try control.run("EXEC tds_fault '\(fault)', \(number)")
            let sink: (any Sink)?
            do { sink = try job.open() } catch { sink = nil }
            do {
                for batch in try Self.batches() { if let sink { try job.write(batch, to: sink) } }
                try sink?.prepare()
                _ = try sink?.commit()
                if sink == nil { broken += 1 }
            } catch let error as SinkError {
                #expect(error.isTransient, "\(number): \(error)")
                sink?.discard()
                broken += 1
            }
            try control.run("EXEC tds_fault 'clear'")
            #expect(try job.prepared(Self.batches()).commit()?.rows == 4, "\(number)")
            #expect(try Self.rows(server, "t\(number)") == Self.wanted, "\(number)")
        }
        #expect(broken > count / 2)
        _ = try server.makeFactory().removeLeftovers()
        let store = Store(path: server.store)
        #expect(try store.staging().isEmpty)
        #expect(try store.ledger().count == count + 1)
    }

    @Test(arguments: ["drop_before_commit", "drop_after_commit"])
    func `A connection that breaks at COMMIT is no failure: the ledger says what came of it`(_ fault: String) throws {
        let server = try TDSServer()
        let sink = try Job(server: server).prepared(Self.batches())
        try server.connect().run("EXEC tds_fault '\(fault)', 1")
        #expect(try sink.commit()?.rows == 4)
        #expect(try Self.rows(server, "t") == Self.wanted)
        #expect(try Store(path: server.store).ledger().count == 1)
        #expect(try Store(path: server.store).staging().isEmpty)
    }

    @Test func `A deadlock is tried again, and not for ever`() throws {
        let server = try TDSServer()
        let control = try server.connect()
        let sink = try Job(server: server).prepared(Self.batches())
        try control.run("EXEC tds_fault 'deadlock', 3")
        #expect(try sink.commit()?.rows == 4)
        let other = Job(server: server, id: 8, uri: "mssql://other")
        try control.run("EXEC tds_fault 'deadlock', 100")
        let error = try #require(try other.failure(Self.batches()[0]))
        #expect(error.isTransient && error.message.contains("1205"))
        try control.run("EXEC tds_fault 'clear'")
        #expect(try Store(path: server.store).columns("other").isEmpty)
        #expect(try other.run(Self.batches()[0])?.rows == 3)
        #expect(try Self.rows(server, "t") == Self.wanted)
    }

    @Test func `A full log says so, shows nothing and leaves nothing`() throws {
        let server = try TDSServer()
        let control = try server.connect()
        let job = Job(server: server)
        try control.run("EXEC tds_fault 'log_full', 1")
        let staging = try #require(try job.failure(Self.batches()[0]))
        let sink = try job.prepared(Self.batches())
        try control.run("EXEC tds_fault 'log_full', 1")
        let promoting = #expect(throws: SinkError.self) { _ = try sink.commit() }
        for error in [staging, promoting] {
            #expect(error?.code == .io && error?.isTransient == true)
            #expect(error?.message.contains("9002") == true && error?.message.contains("make room") == true)
        }
        sink.discard()
        let store = Store(path: server.store)
        #expect(try store.columns("t").isEmpty && store.staging().isEmpty && store.ledger().isEmpty)
        _ = try job.prepared(Self.batches()).commit()
        #expect(try Self.rows(server, "t") == Self.wanted)
    }

    @Test func `A login that is refused names server and user, and never the password`() throws {
        let server = try TDSServer()
        try server.connect().run("EXEC tds_fault 'refuse_login', 1")
        let error = #expect(throws: SinkError.self) { _ = try Job(server: server).open() }
        #expect(error?.code == .rejected && error?.isTransient == false)
        for part in ["18456", "'sa'", "127.0.0.1:\(server.port)", "casparian"] {
            #expect(error?.message.contains(part) == true, "\(part)")
        }
        #expect(error?.description.contains(TDSServer.password) == false)
        var options = server.options()
        options.password = .environment("CASPARIAN_TEST_NO_SUCH_VARIABLE")
        let factory = SQLServerSinkFactory(options) { .first }
        let unset = #expect(throws: SinkError.self) { _ = try factory.open(Job(server: server).request) }
        #expect(unset?.message.contains("CASPARIAN_TEST_NO_SUCH_VARIABLE") == true)
        options.password = .file("/nowhere/password")
        let missing = #expect(throws: SinkError.self) {
            _ = try SQLServerSinkFactory(options) { .first }.open(Job(server: server).request)
        }
        #expect(missing?.message.contains("/nowhere/password") == true)
    }

    @Test func `A server that is not there is unreachable for now`() throws {
        let server = try TDSServer()
        var options = server.options()
        server.end()
        options.connectTimeout = .seconds(5)
        let error = #expect(throws: SinkError.self) {
            _ = try SQLServerSinkFactory(options) { .first }.open(Job(server: server).request)
        }
        #expect(error?.code == .unreachable && error?.isTransient == true)
        #expect(error?.message.contains("127.0.0.1:\(server.port)") == true)
        #expect(throws: SinkError.self) { try SQLServerSinkFactory(options) { .first }.removeLeftovers() }
    }

    @Test func `A server that falls silent ends the attempt, which may be made again`() throws {
        let server = try TDSServer()
        var options = server.options()
        // As long as the server may need for what comes before, too.
        options.statementTimeout = .seconds(20)
        let factory = SQLServerSinkFactory(options) { .first }
        let job = Job(server: server)
        let sink = try factory.open(job.request)
        try job.write(Self.batches()[0], to: sink)
        let control = try server.connect()
        try control.run("EXEC tds_fault 'slow', 600000")
        let error = #expect(throws: SinkError.self) { try sink.prepare() }
        #expect(error?.isTransient == true, "\(String(describing: error))")
        // From another connection's first word on, as this one's reply is slow, too.
        server.end()
    }

    @Test func `Jobs of many threads into one table all arrive`() async throws {
        let server = try TDSServer()
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for id in 1...12 {
                group.addTask {
                    let numbers = try RecordBatch(columns: [("n", .int64((0..<100).map { Int64($0 + id * 100) }))])
                    return try Job(server: server, id: Int64(id), file: "/in/\(id).csv").run(numbers)?.rows ?? 0
                }
            }
            for try await rows in group { #expect(rows == 100) }
        }
        let counts = try Store(path: server.store).rows("SELECT count(*), count(DISTINCT n) FROM \"dbo.t\"")
        #expect(counts == [["1200", "1200"]])
        #expect(try Store(path: server.store).ledger().count == 12)
    }

    @Test func `A reader sees the old version of a file or the new one, never both or neither`() async throws {
        let server = try TDSServer()
        let folder = try TemporaryFolder()
        func version(_ number: Int64) throws {
            let numbers = try RecordBatch(columns: [("n", .int64(Array(repeating: number, count: 50)))])
            try Job(server: server, id: number, version: number, mode: .replace).run(numbers)
        }
        try version(1)
        async let polls = Python.run(
            """
            import os, sqlite3, sys, time
            connection = sqlite3.connect(sys.argv[1])
            polls = 0
            deadline = time.monotonic() + 600
            while not os.path.exists(sys.argv[2]) or polls == 0:
                assert time.monotonic() < deadline, "nobody said that the last version is written"
                seen = connection.execute('SELECT n, count(*) FROM "dbo.t" GROUP BY n').fetchall()
                assert len(seen) == 1 and seen[0][1] == 50, seen
                polls += 1
            print(polls)
            """, server.store, folder.file("stop"))
        for number in 2...8 { try version(Int64(number)) }
        try folder.write("", to: "stop")
        #expect(Int(try await polls) ?? 0 > 0)
        #expect(try Store(path: server.store).ledger().map { $0[3] } == ["2", "3", "4", "5", "6", "7", "8", nil])
    }
}

/// What a sink does that has lost its connection, or its owner.
@Suite struct LossTests {
    private static let batch = Result { try RecordBatch(columns: [("n", .int64([1, 2, 3]))]) }

    @Test func `A connection that is gone before all is staged never ends in less rows`() throws {
        let server = try TDSServer()
        let job = Job(server: server)
        let sink = try job.open()
        try job.write(Self.batch.get(), to: sink)
        let control = try server.connect()
        try control.run("EXEC tds_fault 'drop_packet', 1")
        for _ in 0..<2 {
            let error = #expect(throws: SinkError.self) { try sink.prepare() }
            #expect(error?.code == .unreachable && error?.isTransient == true)
        }
        sink.discard()
        #expect(try Store(path: server.store).staging().isEmpty)
        #expect(try job.run(Self.batch.get())?.rows == 3)
    }

    @Test func `A commit whose staging somebody dropped fails, again and again`() throws {
        let server = try TDSServer()
        let job = Job(server: server)
        let sink = try job.prepared([Self.batch.get()])
        let control = try server.connect()
        try control.run("DROP TABLE stg_t_7")
        for _ in 0..<2 { #expect(throws: SinkError.self) { try sink.commit() } }
        #expect(try Store(path: server.store).columns("t").isEmpty)
        sink.discard()
        #expect(try job.run(Self.batch.get())?.rows == 3)
    }

    @Test func `A sink that goes away in the middle of a copy gives its lock back`() throws {
        let server = try TDSServer()
        let job = Job(server: server)
        do {
            let sink = try job.open()
            try job.write(Self.batch.get(), to: sink)
        }
        #expect(try server.makeFactory().removeLeftovers() == ["mssql://dbo.stg_t_7"])
    }

    @Test func `A living attempt of the same job is not disturbed, and its place is taken when it has ended`() throws {
        let server = try TDSServer()
        let job = Job(server: server)
        let first = try job.prepared([Self.batch.get()])
        let control = try server.connect()
        try control.run("EXEC tds_fault 'lock_wait', 500")
        let second = try job.open()
        let error = #expect(throws: SinkError.self) { try job.write(Self.batch.get(), to: second) }
        #expect(error?.isTransient == true && error?.message.contains("stg_t_7") == true)
        #expect(try server.makeFactory().removeLeftovers().isEmpty)
        try control.run("EXEC tds_fault 'clear'")
        #expect(try first.commit()?.rows == 3)
        #expect(try job.run(Self.batch.get())?.rows == 3)
        #expect(try Store(path: server.store).rows("SELECT count(*) FROM \"dbo.t\"") == [["3"]])
    }

    @Test func `A lock is waited for less long than the server may be silent`() {
        let options = SQLServerOptions(
            server: "s", database: "d", user: "u", password: .file("p"), statementTimeout: .seconds(8))
        #expect(1000..<8000 ~= options.silenceMilliseconds)
    }

    @Test func `A wide prepared table is resumed, too`() throws {
        let server = try TDSServer()
        let wide = try RecordBatch(columns: (0..<900).map { ("c\($0)", .string(["\($0)"])) })
        do { _ = try Job(server: server).prepared([wide]) }
        #expect(try server.makeFactory().resume(Job(server: server).request, rows: 1)?.commit()?.rows == 1)
    }
}
