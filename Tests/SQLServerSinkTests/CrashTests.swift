import CasparianModel
import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import Testing

@testable import SQLServerSink

/// Processes that die at each step that the sink names.
@Suite struct SQLServerCrashTests {
    private static func batches() throws -> [RecordBatch] {
        [
            try RecordBatch(columns: [("n", .int64((0..<1000).map { $0 }))]),
            try RecordBatch(columns: [("n", .int64([1000])), ("more", .bool([true]))]),
        ]
    }

    private static func options(port: Int, password: String) -> SQLServerOptions {
        SQLServerOptions(
            server: "127.0.0.1", port: port, database: TDSServer.database, user: TDSServer.user,
            password: .file(password), encryption: .off)
    }

    private static func die(at step: String, port: Int, password: String) async {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [step = step as String, port = port as Int, password = password as String] in
            setenv("CASPARIAN_KILL_AT", step, 1)
            let factory = SQLServerSinkFactory(SQLServerCrashTests.options(port: port, password: password)) { .first }
            let request = SinkRequest(
                uri: try SinkURI("mssql://t"), topic: "output", jobID: 7, fileVersionID: 1, pluginName: "p",
                filePath: "/in/a.csv")
            let sink = try factory.open(request)
            for batch in try SQLServerCrashTests.batches() {
                try sink.write(try batch.appendingLineage(jobID: 7, fileVersionID: 1))
            }
            try sink.prepare()
            _ = try sink.commit()
        }
    }

    @Test(arguments: SQLServerStep.names)
    func `A process killed at any step shows all of its job or nothing, and the next attempt brings it once`(
        _ step: String
    ) async throws {
        let server = try TDSServer()
        await Self.die(at: step, port: server.port, password: server.passwordFile)
        let store = Store(path: server.store)
        let isVisible = [SQLServerStep.committed, .cleaned].map(\.rawValue).contains(step)
        // Until the server has seen the connection's end, the rows of a transaction are not there for sure.
        let job = Job(server: server)
        #expect(try store.columns("t").isEmpty == !isVisible)
        #expect(try job.prepared(Self.batches()).commit()?.rows == 1001)
        _ = try server.makeFactory().removeLeftovers()
        #expect(
            try store.rows("SELECT count(*), count(DISTINCT n), count(more) FROM \"dbo.t\"") == [["1001", "1001", "1"]])
        #expect(try store.staging().isEmpty)
        #expect(try store.ledger().count == 1)
    }

    @Test(arguments: SQLServerStep.names)
    func `What was prepared is resumed, what was not is run again`(_ step: String) async throws {
        let server = try TDSServer()
        await Self.die(at: step, port: server.port, password: server.passwordFile)
        let job = Job(server: server)
        let factory = server.makeFactory()
        let isWhole = ![SQLServerStep.created, .staged, .widened].map(\.rawValue).contains(step)
        #expect(
            try factory.resume(job.request, rows: 1000) == nil || step == "mssql.committed" || step == "mssql.cleaned")
        let sink = try factory.resume(job.request, rows: 1001)
        #expect((sink != nil) == isWhole)
        guard let sink else { return }
        #expect(try sink.commit()?.rows == 1001)
        let store = Store(path: server.store)
        #expect(
            try store.rows("SELECT count(*), count(DISTINCT n), count(more) FROM \"dbo.t\"") == [["1001", "1001", "1"]])
        _ = try factory.removeLeftovers()
        #expect(try store.staging().isEmpty)
        #expect(try factory.highestJobID(at: SinkURI("mssql://t")) == 7)
    }

    @Test func `A prepared job of another file is not resumed`() throws {
        let server = try TDSServer()
        do { _ = try Job(server: server).prepared(Self.batches()) }
        let factory = server.makeFactory()
        #expect(try factory.resume(Job(server: server, file: "/in/b.csv").request, rows: 1001) == nil)
        #expect(try factory.resume(Job(server: server, version: 2).request, rows: 1001) == nil)
        #expect(try factory.resume(Job(server: server, id: 8).request, rows: 1001) == nil)
        #expect(try factory.resume(Job(server: server).request, rows: 1001)?.commit()?.rows == 1001)
    }
}
