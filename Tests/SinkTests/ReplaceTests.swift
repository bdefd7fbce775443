import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import ParquetSink
import Testing

/// One file that takes the place of another while somebody looks.
@Suite struct ReplaceTests {
    let folder: TemporaryFolder
    var root: String { folder.file("out") }

    init() throws { folder = try TemporaryFolder() }

    private func newer(_ id: Int64) -> Job {
        var job = Job(root: root, id: id)
        job.mode = .replace
        return job
    }

    @Test func `Whoever lists the folder finds one version's file at every moment, never two or none`() async throws {
        #expect(try newer(1).run(rows: 1)?.rows == 1)
        let isDone = Flag()
        let found = try await withThrowingTaskGroup(of: [Int: Int].self) { [root] group in
            group.addTask {
                var found: [Int: Int] = [:]
                while true {
                    let isLast = isDone.isRaised
                    let names = try FileManager.default.contentsOfDirectory(atPath: root)
                    found[names.count { $0.hasSuffix(".parquet") }, default: 0] += 1
                    if isLast { return found }
                }
            }
            for id: Int64 in 2...200 { #expect(try newer(id).run(rows: id)?.rows == id) }
            isDone.raise()
            return try await group.next() ?? [:]
        }
        #expect(Array(found.keys) == [1], "\(found)")
        #expect(folder.files() == ["out/t_200.parquet"])
    }

    @Test func `Of several older files all go`() throws {
        for id: Int64 in 1...3 { _ = try Job(root: root, id: id).run(rows: 10) }
        #expect(try newer(4).run(rows: 4)?.rows == 4)
        #expect(folder.files() == ["out/t_4.parquet"])
        #expect(try ParquetFooter(path: root + "/t_4.parquet").rows == 4)
    }

    @Test(arguments: [true, false])
    func `What a process killed between the two names left is completed by the next start, or the next job`(
        _ isSwept: Bool
    ) async throws {
        _ = try Job(root: root, id: 1).run(rows: 10)
        await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String] in
            setenv("CASPARIAN_KILL_AT", "parquet.exchanged", 1)
            var job = Job(root: root, id: 2)
            job.mode = .replace
            _ = try job.run(rows: 20)
        }
        #expect(folder.files() == ["out/t_1.parquet", "out/t_2.parquet.stg.2"])
        #expect(try ParquetFooter(path: root + "/t_1.parquet").rows == 20)
        if isSwept {
            let done = try ParquetSinkFactory(outputRoot: root).removeLeftovers()
            #expect(done == ["\(root)/t_2.parquet.stg.2: its promotion was finished"])
            #expect(folder.files() == ["out/t_2.parquet"])
        }
        #expect(try newer(2).run(rows: 20)?.rows == 20)
        #expect(folder.files() == ["out/t_2.parquet"])
        #expect(try newer(3).run(rows: 30)?.rows == 30)
        #expect(folder.files() == ["out/t_3.parquet"])
    }
}
