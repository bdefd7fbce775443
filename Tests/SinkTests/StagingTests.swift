import CasparianTestKit
import CasparianSinks
import Columnar
import Foundation
import Testing

@testable import ParquetSink

@Suite struct StagingTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test func `The staging file lies beside the final one and names the job`() throws {
        let job = Job(root: folder.path, id: 12, uri: "parquet://deep/er/t.parquet")
        let sink = try job.open()
        try sink.write(job.batch(rows: 1))
        #expect(folder.files() == ["deep/er/t_12.parquet.stg.12"])
        try sink.prepare()
        #expect(folder.files() == ["deep/er/t_12.parquet.stg.12"])
        #expect(try sink.commit()?.uri == "parquet://\(folder.path)/deep/er/t_12.parquet")
        #expect(folder.files() == ["deep/er/t_12.parquet"])
    }

    @Test(arguments: [false, true])
    func `A second sink of a job that is being written is refused and harms nothing`(_ isPrepared: Bool) throws {
        let job = Job(root: folder.path)
        let first = try job.open()
        try first.write(job.batch(rows: 100_000))
        if isPrepared { try first.prepare() }
        let second = try job.open()
        let error = #expect(throws: SinkError.self) { try second.write(job.batch(rows: 1)) }
        #expect(error?.target == folder.file("t_7.parquet.stg.7") && error?.isTransient == true)
        second.discard()
        if !isPrepared { try first.prepare() }
        #expect(try first.commit()?.rows == 100_000)
        let source = try BatchReader.parquet(path: folder.file("t_7.parquet"))
        var rows = 0
        while let batch = try source.next() { rows += batch.rowCount }
        #expect(rows == 100_000)
    }

    @Test func `A sweep removes staging of dead jobs in every folder and nothing else`() throws {
        let dead = [
            "t_1.parquet.stg.1", "a/b/t_2.parquet.stg.2", "t_3.parquet.stg.3.old", "t_-4.parquet.stg.-4",
            ".parquet.stg.5",
        ]
        let others = [
            "t_1.parquet", "t.stg.1", "t.parquet.stg.", "t.parquet.stg.x", "t.parquet.stg.1.txt",
            "a.parquet.stg.3.old/t_1.parquet", "a.parquet.stg.3/notes", "t.parquet.stg.٣",
        ]
        for name in dead + others {
            let url = URL(fileURLWithPath: folder.file(name))
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("x".utf8).write(to: url)
        }
        #expect(mkfifo(folder.file("t_6.parquet.stg.6"), 0o600) == 0)
        let removed = try ParquetSinkFactory(outputRoot: folder.path).removeLeftovers()
        #expect(removed.sorted() == (dead + ["t_6.parquet.stg.6"]).map(folder.file).sorted())
        #expect(Set(folder.files()) == Set(others))
    }

    @Test func `A sweep of an output folder that is not there finds nothing`() throws {
        #expect(try ParquetSinkFactory(outputRoot: folder.file("none")).removeLeftovers().isEmpty)
    }

    @Test func `Staging that was rewritten for wider columns when its process died is overcome and removed`() throws {
        try Data("x".utf8).write(to: URL(fileURLWithPath: folder.file("t_7.parquet.stg.7")))
        try Data("x".utf8).write(to: URL(fileURLWithPath: folder.file("t_7.parquet.stg.7.old")))
        #expect(try Job(root: folder.path).run(rows: 3)?.rows == 3)
        #expect(folder.files() == ["t_7.parquet"])
    }

    @Test func `Many jobs at once into one folder all arrive`() async throws {
        let root = folder.file("new/folder")
        try await withThrowingTaskGroup(of: Int64?.self) { group in
            for id: Int64 in 1...16 {
                group.addTask { try Job(root: root, id: id).run(rows: id)?.rows }
            }
            let rows = try await group.reduce(into: [Int64?]()) { $0.append($1) }
            #expect(Set(rows) == Set((1...16).map { Int64?($0) }))
        }
        #expect(Set(folder.files()) == Set((1...16).map { "new/folder/t_\($0).parquet" }))
    }
}
