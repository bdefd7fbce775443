import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import Synchronization
import Testing

@Suite struct SQLiteDiskTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func batch(_ rows: Int64) throws -> RecordBatch {
        try RecordBatch(columns: [
            ("n", .int64((0..<rows).map { $0 })), ("text", .string((0..<rows).map { "some text, row \($0)" })),
        ])
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "mounting a small tmpfs needs root and the right to mount"))
    func `A disk that staging fills is an error, and leaves nothing`() throws {
        let disk = try SmallDisk(at: folder.file("disk"), kibibytes: 512)
        let error = #expect(throws: SinkError.self) { try SQLiteJob(root: disk.path).run(batch(50_000)) }
        #expect(error?.code == .io && error?.message.contains("disk is full") == true)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: disk.path).filter { $0.hasSuffix(".stg") } == [])
        #expect(try SQLiteJob(root: disk.path).run(batch(100))?.rows == 100)
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "mounting a small tmpfs needs root and the right to mount"))
    func `A disk that promotion fills is an error, and the table stays as it is`() throws {
        let disk = try SmallDisk(at: folder.file("disk"), kibibytes: 1024)
        var job = SQLiteJob(root: folder.file("out"), uri: "sqlite://\(disk.path)/t.db/t")
        #expect(try job.run(batch(100))?.rows == 100)
        job.id = 8
        let error = #expect(throws: SinkError.self) { try job.run(batch(50_000)) }
        #expect(error?.code == .io && error?.isTransient == true && error?.message.contains("disk is full") == true)
        #expect(try sqlite(disk.path + "/t.db", "db.execute('SELECT count(*) FROM t').fetchone()[0]") == "100")
        #expect(try sqlite(disk.path + "/t.db", "db.execute('PRAGMA integrity_check').fetchone()[0]") == "ok")
        #expect(folder.files().filter { $0.hasSuffix(".stg") } == [])
    }

    @Test func `A file that is no database or may not be written is refused before anything is visible`() async throws {
        try folder.write(String(repeating: "no database ", count: 200), to: "out/t.db")
        let error = #expect(throws: SinkError.self) { try SQLiteJob(root: folder.file("out")).run(batch(1)) }
        #expect(error?.code == .io && error?.message.contains("no SQLite database") == true)
        #expect(folder.files() == ["out/t.db"])
        try SQLiteJob(root: folder.path).run(batch(1))
        #expect(chmod(folder.file("t.db"), 0o444) == 0 && chmod(folder.path, 0o777) == 0)
        // Root may write everywhere, so the process gives that right up.
        await #expect(processExitsWith: .success) { [path = folder.path as String] in
            if getuid() == 0 { #expect(setgid(65_534) == 0 && setuid(65_534) == 0) }
            let batch = try RecordBatch(columns: [("n", .int64([1]))])
            let job = SQLiteJob(root: path + "/mine", uri: "sqlite://\(path)/t.db/t", id: 8)
            let error = #expect(throws: SinkError.self) { try job.run(batch) }
            #expect(error?.code == .io)
        }
        #expect(try sqlite(folder.file("t.db"), "db.execute('SELECT count(*) FROM t').fetchone()[0]") == "1")
    }

    @Test func `Many jobs at once into one table all arrive, each once`() async throws {
        let root = folder.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in Int64(0)..<4 {
                group.addTask {
                    for index in Int64(0)..<15 {
                        let rows = try RecordBatch(columns: [("n", .int64((0..<50).map { $0 }))])
                        try SQLiteJob(root: root, id: 1 + worker * 100 + index).run(rows)
                    }
                }
            }
            try await group.waitForAll()
        }
        let counts = "SELECT count(*), count(DISTINCT _job_id), count(DISTINCT _job_id * 1000 + n) FROM t"
        #expect(try sqlite(folder.file("t.db"), "db.execute('\(counts)').fetchall()") == "[(3000, 60, 3000)]")
        #expect(
            try sqlite(
                folder.file("t.db"), "db.execute('SELECT count(*), sum(rows) FROM _casparian_ledger').fetchall()")
                == "[(60, 3000)]")
    }

    @Test func `A reader sees the old rows or the new ones, never both and never none`() async throws {
        let path = folder.file("t.db")
        try SQLiteJob(root: folder.path, id: 1, version: 1, mode: .replace).run(batch(500))
        let root = folder.path
        async let seen: String = sqlite(
            path, "json.dumps(sorted(seen))",
            before: """
                import os, time
                seen, until = set(), time.time() + 60
                while not os.path.exists(sys.argv[1] + ".done") and time.time() < until:
                    seen.add(tuple(db.execute("SELECT count(*), count(DISTINCT _job_id) FROM t").fetchone()))
                    open(sys.argv[1] + ".reading", "w").close()
                """)
        while !FileManager.default.fileExists(atPath: path + ".reading") {
            try await Task.sleep(for: .milliseconds(10))
        }
        for id in Int64(2)...40 {
            let rows = try batch(500)
            try SQLiteJob(root: root, id: id, version: id, mode: .replace).run(rows)
        }
        try folder.write("", to: "t.db.done")
        #expect(try await seen == "[[500, 1]]")
    }
}
