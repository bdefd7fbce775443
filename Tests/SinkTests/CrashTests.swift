import CasparianTestKit
import CasparianSinks
import Foundation
import ParquetSink
import Testing

/// Sinks of processes that end for real.
@Suite struct CrashTests {
    enum Moment: String, CaseIterable, Codable { case written, widened, prepared, committed }

    /// Brings a job's sink to a moment.
    static func bring(_ job: Job, to moment: Moment) throws -> any Sink {
        let sink = try job.open()
        try sink.write(job.batch(rows: 50_000))
        if moment == .written { return sink }
        try sink.write(RecordBatchFixture.other())
        if moment == .widened { return sink }
        try sink.prepare()
        if moment == .committed { _ = try sink.commit() }
        return sink
    }

    @Test(arguments: Moment.allCases)
    func `A process killed by SIGKILL shows all of its job or nothing, and its staging is removed at the next start`(
        _ moment: Moment
    ) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, moment] in
            let sink = try CrashTests.bring(Job(root: path), to: moment)
            kill(getpid(), SIGKILL)
            sink.discard()
        }
        let isCommitted = moment == .committed
        #expect(folder.files() == [isCommitted ? "t_7.parquet" : "t_7.parquet.stg.7"])
        let removed = try ParquetSinkFactory(outputRoot: path).removeLeftovers()
        #expect(removed == (isCommitted ? [] : [folder.file("t_7.parquet.stg.7")]))
        #expect(folder.files() == (isCommitted ? ["t_7.parquet"] : []))
        #expect(try Job(root: path).run(rows: 50_000) != nil)
        #expect(folder.files() == ["t_7.parquet"])
    }

    @Test func `The staging of another process that lives is left alone until it ends`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        async let child: Void = Self.liveUntilTold(path)
        #expect(await FileSignal(path: folder.file("ready")).wait())
        #expect(folder.files().filter { $0.contains(".stg.") } == ["t_7.parquet.stg.7"])
        #expect(try ParquetSinkFactory(outputRoot: path).removeLeftovers().isEmpty)
        #expect(throws: SinkError.self) { _ = try Job(root: path).run(rows: 1) }
        FileSignal(path: folder.file("go")).signal()
        await child
        #expect(folder.files().contains("t_7.parquet"))
    }

    /// A process that stages, says so, waits to be told and commits.
    private static func liveUntilTold(_ path: String) async {
        await #expect(processExitsWith: .success) { [path = path as String] in
            let sink = try CrashTests.bring(Job(root: path), to: .prepared)
            FileSignal(path: path + "/ready").signal()
            #expect(FileSignal(path: path + "/go").wait())
            _ = try sink.commit()
        }
    }
}
