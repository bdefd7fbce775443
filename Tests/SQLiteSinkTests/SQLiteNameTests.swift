import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import Testing

@Suite struct SQLiteNameTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    static let names = [
        "select", "a b", "quote\"quote", "tick'tick", "semi;colon; DROP TABLE t", "line\nend", "[x]", "`y`", "🦉", "--",
        "rowid", "%s", "a.b", "Ä", "?1", ":x",
    ]

    @Test(arguments: names)
    func `A column of any name arrives under that name`(_ name: String) throws {
        let job = SQLiteJob(root: folder.path)
        try job.run(RecordBatch(columns: [(name, .int64([1])), ("n", .string(["x"]))]))
        var second = job
        second.id = 8
        try second.run(RecordBatch(columns: [(name, .int64([2])), (name + "2", .bool([true]))]))
        let found = try sqlite(
            folder.file("t.db"),
            "json.dumps([[c[0] for c in db.execute('select * from t').description], db.execute('select * from t order by _job_id').fetchall()])"
        )
        let parts = try #require(
            try JSONSerialization.jsonObject(with: Data(found.utf8)) as? [Any])
        #expect(parts[0] as? [String] == [name, "n", "_job_id", "_file_version_id", name + "2"])
        let rows = try #require(parts[1] as? [[Any]])
        #expect(rows.map { $0[0] as? Int } == [1, 2] && rows[1][4] as? Int == 1)
    }

    @Test(arguments: names)
    func `A table of any name is made under that name`(_ name: String) throws {
        let job = SQLiteJob(root: folder.path, uri: "sqlite://t.db/" + name.replacingOccurrences(of: "?", with: "!"))
        #expect(try job.run(RecordBatch(columns: [("n", .int64([1]))]))?.rows == 1)
        let tables = try sqlite(
            folder.file("t.db"),
            "json.dumps([r[0] for r in db.execute(\"select name from sqlite_master where type='table' and name not like '%casparian%'\")])"
        )
        #expect(
            try JSONDecoder().decode([String].self, from: Data(tables.utf8))
                == [name.replacingOccurrences(of: "?", with: "!")])
        #expect(folder.files() == ["t.db"])
    }

    @Test func `Columns that differ in case only are refused by name`() throws {
        let error = #expect(throws: SinkError.self) {
            try SQLiteJob(root: folder.path).run(
                RecordBatch(columns: [("Total", .int64([1])), ("total", .int64([2]))]))
        }
        #expect(error?.message.contains("'Total'") == true && error?.message.contains("'total'") == true)
        #expect(folder.files().isEmpty)
    }

    @Test(arguments: [
        "sqlite://t.db", "sqlite://t.db/", "sqlite:///t", "sqlite://../t.db/t", "sqlite://a/../../t.db/t",
        "sqlite://t.db/sqlite_x", "sqlite://t.db/_casparian_ledger", "sqlite://./t.db/t", "sqlite://.casparian/x/t",
        "sqlite://t.db/t?colour=red", "sqlite://t.db/t?decimal=float", "sqlite://t.db/t?chunksize=0",
    ])
    func `A place or option that means nothing is refused before anything is made`(_ uri: String) throws {
        let error = #expect(throws: SinkError.self) { _ = try SQLiteJob(root: folder.file("out"), uri: uri).open() }
        #expect(error?.code == .invalidURI && error?.target == uri)
        #expect(folder.files().isEmpty)
    }

    @Test func `A symbolic link does not lead a relative place out of the output folder`() throws {
        try FileManager.default.createDirectory(atPath: folder.file("out"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: folder.file("elsewhere"), withIntermediateDirectories: true)
        for (name, to) in [("link", "../elsewhere"), ("absolute", folder.file("elsewhere")), ("open.db", "../new.db")] {
            try FileManager.default.createSymbolicLink(atPath: folder.file("out/" + name), withDestinationPath: to)
        }
        for uri in ["sqlite://link/t.db/t", "sqlite://absolute/t.db/t", "sqlite://open.db/t"] {
            let error = #expect(throws: SinkError.self) { _ = try SQLiteJob(root: folder.file("out"), uri: uri).open() }
            #expect(error?.code == .invalidURI && error?.message.contains("symbolic link") == true)
        }
        try FileManager.default.createSymbolicLink(atPath: folder.file("root"), withDestinationPath: "out")
        #expect(try SQLiteJob(root: folder.file("root")).run(RecordBatch(columns: [("n", .int64([1]))]))?.rows == 1)
        #expect(!folder.files().contains { $0.hasPrefix("elsewhere/") || $0 == "new.db" })
    }

    @Test func `More columns than SQLite holds are refused`() throws {
        let batch = try RecordBatch(columns: (0..<10_000).map { ("c\($0)", .int64([1])) })
        let error = #expect(throws: SinkError.self) { try SQLiteJob(root: folder.path).run(batch) }
        #expect(error?.message.contains("10002 columns") == true && error?.message.contains("2000") == true)
        #expect(folder.files().isEmpty)
        let most = try RecordBatch(columns: (0..<1998).map { ("c\($0)", .int64([1])) })
        #expect(try SQLiteJob(root: folder.path).run(most)?.rows == 1)
    }
}
