import CasparianTestKit
import CasparianSinks
import Columnar
import Foundation
import ParquetSink
import Testing

@Suite struct DiskTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    enum Step: CaseIterable { case write, widen, prepare }

    @Test(
        .enabled(if: SmallDisk.isAvailable, "mounting a small tmpfs needs root and the right to mount"),
        arguments: Step.allCases)
    func `A full disk is an error that names the path, and leaves nothing`(_ step: Step) throws {
        let disk = try SmallDisk(at: folder.file("disk"), kibibytes: 512)
        // Small row groups reach the disk while they are written, a large one not before the end.
        let rows = step == .prepare ? 100_000 : 1000
        let job = Job(root: disk.path, uri: "parquet://t.parquet?compression=none&chunksize=\(rows)")
        let sink = try job.open()
        let error = #expect(throws: SinkError.self) {
            switch step {
            case .write: for _ in 0..<100 { try sink.write(job.batch(rows: 70_000)) }
            case .widen:
                try sink.write(job.batch(rows: 40_000))
                try sink.write(RecordBatchFixture.other())
                try sink.prepare()
            case .prepare:
                try sink.write(job.batch(rows: 70_000))
                try sink.prepare()
            }
        }
        #expect(error?.code == .io)
        #expect(error?.description.contains("/disk/t_7.parquet.stg.7") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("No space left on device") == true)
        sink.discard()
        #expect(disk.isEmpty)
        #expect(try job.run(rows: 1000)?.rows == 1000)
    }

    @Test func `An output folder that cannot be made is an error that names it`() throws {
        try Data().write(to: URL(fileURLWithPath: folder.file("out")))
        let job = Job(root: folder.file("out"), uri: "parquet://sub/t.parquet")
        let sink = try job.open()
        let error = #expect(throws: SinkError.self) { try sink.write(job.batch(rows: 1)) }
        #expect(error?.code == .io && error?.target == folder.file("out/sub"))
        sink.discard()
        #expect(folder.files() == ["out"])
    }

    @Test func `An output folder that may not be written to is an error that names the path`() async throws {
        let path = folder.file("out")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(chmod(path, 0o555) == 0)
        // Root may write everywhere, so the process gives that right up.
        await #expect(processExitsWith: .success) { [path = path as String] in
            if getuid() == 0 { #expect(setgid(65_534) == 0 && setuid(65_534) == 0) }
            let job = Job(root: path)
            let sink = try job.open()
            let error = #expect(throws: SinkError.self) { try sink.write(job.batch(rows: 1)) }
            #expect(error?.code == .io && error?.target == path + "/t_7.parquet.stg.7")
            #expect(error?.message.contains("Permission denied") == true)
            sink.discard()
        }
        #expect(folder.files().isEmpty)
    }
}
