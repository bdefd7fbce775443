import CasparianTestKit
import CasparianSinks
import Foundation
import ParquetSink
import Testing

@Suite struct StrangerTests {
    @Test(arguments: ["no Parquet at all", "Parquet without an origin"])
    func `A file of this job's name that does not say whose it is stays, and the job fails with its path`(
        _ kind: String
    ) throws {
        let folder = try TemporaryFolder()
        let job = Job(root: folder.path)
        let path = folder.file("t_7.parquet")
        if kind == "no Parquet at all" {
            try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
        } else {
            let script =
                "import sys, pyarrow as a, pyarrow.parquet as p; p.write_table(a.table({'n': [1]}), sys.argv[1])"
            try Python.run(script, path)
        }
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let error = #expect(throws: SinkError.self) { try job.run(rows: 3) }
        #expect(error?.code == .rejected && error?.target == path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test func `mode=replace leaves files alone that do not say whose they are`() throws {
        let folder = try TemporaryFolder()
        for name in ["t_1.parquet", "t_x.parquet", "t_2.parquet.bak"] {
            try Data("mine".utf8).write(to: URL(fileURLWithPath: folder.file(name)))
        }
        var job = Job(root: folder.path)
        job.mode = .replace
        #expect(try job.run(rows: 3)?.rows == 3)
        #expect(folder.files() == ["t_1.parquet", "t_2.parquet.bak", "t_7.parquet", "t_x.parquet"])
    }
}
