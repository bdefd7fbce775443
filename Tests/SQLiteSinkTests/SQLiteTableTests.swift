import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import Testing

/// Tables that are there already.
@Suite struct SQLiteTableTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private var job: SQLiteJob { SQLiteJob(root: folder.path) }

    private func make(_ sql: String) throws {
        _ = try sqlite(folder.file("t.db"), "0", before: "db.executescript('''\(sql)''')")
    }

    private func cells(_ sql: String) throws -> String {
        try sqlite(folder.file("t.db"), "db.execute('''\(sql)''').fetchall()")
    }

    @Test func `Rows join those of a table that others made, by name and without regard to case`() throws {
        try make("CREATE TABLE t (B VARCHAR(20), extra, a BIGINT); INSERT INTO t VALUES ('old', x'00', 1)")
        try job.run(RecordBatch(columns: [("a", .int64([2])), ("b", .string(["new"]))]))
        #expect(
            try cells("SELECT B, extra, a, _job_id FROM t ORDER BY a")
                == "[('old', b'\\x00', 1, None), ('new', None, 2, 7)]")
    }

    @Test(arguments: [
        ("CREATE TABLE t (n TEXT)", ColumnValues.int64([1])), ("CREATE TABLE t (n INTEGER)", .string(["1"])),
        ("CREATE TABLE t (n BLOB)", .string(["1"])), ("CREATE TABLE t (n NUMERIC)", .string(["1e3"])),
        ("CREATE TABLE t (n NUMERIC)", .double([1])), ("CREATE TABLE t (n BIGINT)", .double([1])),
        ("CREATE TABLE t (n DATE_TEXT)", .string(["x"])), ("CREATE TABLE t (n INTEGER)", .bool([true])),
        ("CREATE TABLE t (n INTEGER_SCALE_2)", .int64([1])),
    ])
    func `A column that would bend the values is an error with both types`(_ sql: String, _ values: ColumnValues) throws
    {
        try make(sql)
        let error = #expect(throws: SinkError.self) { try job.run(RecordBatch(columns: [("n", values)])) }
        #expect(error?.code == .incompatibleColumn && error?.message.contains("'n'") == true)
        #expect(error?.message.contains("/in/a.csv") == true)
        #expect(try cells("SELECT count(*) FROM t") == "[(0,)]")
        #expect(folder.files() == ["t.db"])
    }

    @Test func `Integers are followed by fractions: the column becomes REAL and keeps its values`() throws {
        try job.run(RecordBatch(columns: [("n", .int64([1, nil, -3])), ("x", .string(["a", "b", "c"]))]))
        var second = job
        second.id = 8
        try second.run(RecordBatch(columns: [("n", .double([0.5])), ("x", .string(["d"]))]))
        #expect(try cells("SELECT n, x FROM t ORDER BY x") == "[(1.0, 'a'), (None, 'b'), (-3.0, 'c'), (0.5, 'd')]")
        var third = job
        third.id = 9
        try third.run(RecordBatch(columns: [("n", .int64([4])), ("x", .string(["e"]))]))
        #expect(try cells("SELECT n FROM t WHERE x = \"e\"") == "[(4.0,)]")
    }

    @Test func `Integers that REAL would round are an error, and the table stays as it is`() throws {
        let large: Int64 = 1 << 53 + 1
        try job.run(RecordBatch(columns: [("n", .int64([large]))]))
        var second = job
        second.id = 8
        let error = #expect(throws: SinkError.self) { try second.run(RecordBatch(columns: [("n", .double([0.5]))])) }
        #expect(error?.code == .incompatibleColumn)
        #expect(try cells("SELECT n, typeof(n) FROM t") == "[(\(large), 'integer')]")
        try make("CREATE TABLE r (n REAL)")
        second.uri = "sqlite://t.db/r"
        let rounded = #expect(throws: SinkError.self) { try second.run(RecordBatch(columns: [("n", .int64([large]))])) }
        #expect(rounded?.message.contains("row 1") == true && rounded?.message.contains("\(large)") == true)
    }

    @Test(arguments: ["CREATE VIEW t AS SELECT 1 AS n", "CREATE VIRTUAL TABLE t USING fts5(n)"])
    func `What is no table is refused`(_ sql: String) throws {
        try make(sql)
        let error = #expect(throws: SinkError.self) { try job.run(RecordBatch(columns: [("n", .int64([1]))])) }
        #expect(error?.code == .rejected)
    }

    @Test func `A trigger that drops rows fails the job instead of losing them`() throws {
        try make("CREATE TABLE t (n INTEGER); CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(IGNORE); END")
        let error = #expect(throws: SinkError.self) { try job.run(RecordBatch(columns: [("n", .int64([1, 2]))])) }
        #expect(error?.message.contains("0 of 2 rows") == true)
        #expect(folder.files() == ["t.db"])
    }

    @Test func `A table with a key and generated columns takes rows by name`() throws {
        try make("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, twice INTEGER AS (n * 2)) STRICT")
        try job.run(RecordBatch(columns: [("n", .int64([4, 5]))]))
        #expect(try cells("SELECT id, n, twice FROM t") == "[(1, 4, 8), (2, 5, 10)]")
    }

    @Test func `The journal mode stays as found, and create=no makes nothing`() throws {
        try make("PRAGMA journal_mode = WAL; CREATE TABLE other (n)")
        try job.run(RecordBatch(columns: [("n", .int64([1]))]))
        #expect(try sqlite(folder.file("t.db"), "db.execute('PRAGMA journal_mode').fetchone()[0]") == "wal")
        for uri in ["sqlite://t.db/u?create=no", "sqlite://u.db/t?create=no"] {
            var closed = job
            closed.uri = uri
            let error = #expect(throws: SinkError.self) { try closed.run(RecordBatch(columns: [("n", .int64([1]))])) }
            #expect(error?.message.contains("create=no") == true)
        }
        #expect(!folder.files().contains("u.db"))
    }

    @Test func `After VACUUM a replacement still finds the older rows`() throws {
        try make("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (100), (101)")
        try job.run(RecordBatch(columns: [("n", .int64([1, 2, 3]))]))
        try make("DELETE FROM t WHERE n >= 100; VACUUM")
        var newer = SQLiteJob(root: folder.path, id: 8, version: 2, mode: .replace)
        try newer.run(RecordBatch(columns: [("n", .int64([4]))]))
        #expect(try cells("SELECT n, _job_id FROM t") == "[(4, 8)]")
        newer.id = 9
        newer.version = 3
        try newer.run(RecordBatch(columns: [("n", .int64([5]))]))
        #expect(try cells("SELECT n FROM t") == "[(5,)]")
        #expect(
            try cells("SELECT job_id, rows, replaced_by FROM _casparian_ledger")
                == "[(7, 3, 8), (8, 1, 9), (9, 1, None)]")
    }

    @Test func `A version without rows keeps an older one from coming back`() throws {
        let old = SQLiteJob(root: folder.path, id: 7, version: 1, mode: .replace)
        try old.run(RecordBatch(columns: [("n", .int64([1, 2]))]))
        let empty = SQLiteJob(root: folder.path, id: 8, version: 2, mode: .replace)
        #expect(try empty.run() == nil)
        #expect(try empty.run() == nil)
        var older = SQLiteJob(root: folder.path, id: 6, version: 1, mode: .replace)
        #expect(throws: SinkError.self) { try older.run(RecordBatch(columns: [("n", .int64([1, 2]))])) }
        older.id = 7
        _ = try older.run(RecordBatch(columns: [("n", .int64([1, 2]))]))
        #expect(try cells("SELECT count(*) FROM t") == "[(0,)]")
    }
}
