import CasparianSinks
import CasparianTestKit
import Columnar
import Testing

@testable import PostgreSQLSink

@Suite(.enabled(if: PostgreSQLServer.programs != nil))
struct NameTests {
    static let nasty = [
        "select", "Table", "a\"b", "a'b", "x; DROP TABLE t; --", "line\nend", "🦉", " ", "a.b", "%s $1 \\", "é",
        "e\u{301}",
        String(repeating: "n", count: 63), "../up", "/abs", "a@b:c/d",
    ]

    @Test func `Tables, schemas and columns of any name are made, filled and found again`() throws {
        let database = try PostgreSQLDatabase()
        let q = PostgreSQLDatabase.quoted
        for (index, name) in Self.nasty.enumerated() {
            let batch = try RecordBatch(columns: Self.nasty.map { ($0, .int64([1, nil])) })
            let uri = "postgresql://\(q("s" + name.prefix(60))).\(q(name))"
            #expect(try database.job(Int64(index), uri: uri).run(batch)?.uri.hasPrefix("postgresql://") == true)
            #expect(try database.job(Int64(index + 100), version: 2, uri: uri).run(batch)?.rows == 2)
            #expect(try database.job(1).factory.highestJobID(at: SinkURI(uri)) == Int64(index + 100))
            let there = try database.psql(
                "SELECT \(Self.nasty.map { "sum(\(q($0)))" }.joined(separator: "+")) FROM \(q("s" + name.prefix(60))).\(q(name))"
            )
            #expect(there == "\(2 * Self.nasty.count)", "\(name)")
        }
        #expect(try database.staged().isEmpty)
    }

    @Test func `Names that differ only in case or in how an accent is written are two names`() throws {
        let database = try PostgreSQLDatabase()
        try database.job(1, uri: "postgresql://Sales").run(
            RecordBatch(columns: [("A", .int64([1])), ("a", .int64([2]))]))
        try database.job(2, uri: "postgresql://sales").run(
            RecordBatch(columns: [("é", .int64([3])), ("e\u{301}", .int64([4]))]))
        try database.job(3, uri: "postgresql://sales").run(
            RecordBatch(columns: [("e\u{301}", .int64([5])), ("é", .int64([6]))]))
        #expect(try database.psql(#"SELECT "A", a FROM "Sales""#) == "1|2")
        #expect(try database.psql("SELECT \"é\", \"e\u{301}\" FROM sales ORDER BY 1") == "3|4\n6|5")
    }

    @Test
    func `A place is one or two names; what else people write there is refused without a password in the message`()
        throws
    {
        func name(_ place: String) throws -> TableName {
            try TableName(uri: SinkURI("postgresql://" + place), defaultSchema: "public")
        }
        #expect(try name("t").quoted == #""public"."t""#)
        #expect(try name("s.t").description == "s.t")
        #expect(try name(#""a.b"."c""d""#).quoted == #""a.b"."c""d""#)
        #expect(try name(#""a.b"."c""d""#).description == #""a.b"."c""d""#)
        for place in ["a.b.c", ".t", "s.", "\"\"", "\"open", "\"a\"b", "_casparian_ledger", "s._casparian_ledger"] {
            let error = #expect(throws: SinkError.self) { _ = try name(place) }
            #expect(error?.code == .invalidURI, "\(place)")
        }
        for place in ["me:secret@host/db", "host/db/table", "a:b"] {
            let error = #expect(throws: SinkError.self) { _ = try name(place) }
            #expect(error?.code == .invalidURI && error?.description.contains("secret") == false)
        }
    }

    @Test func `A name that PostgreSQL would cut is refused`() throws {
        let database = try PostgreSQLDatabase()
        let long = String(repeating: "ü", count: 32)
        let error = #expect(throws: SinkError.self) { _ = try database.job(uri: "postgresql://\(long)").open() }
        #expect(error?.code == .invalidURI && error?.message.contains("64 bytes") == true)
        let column = try database.job().failure(RecordBatch(columns: [(long, .int64([1]))]))
        #expect(column?.message.contains(long) == true && column?.message.contains("64 bytes") == true)
        let empty = try database.job().failure(RecordBatch(columns: [("", .int64([1]))]))
        #expect(empty?.message.contains("empty") == true)
        let kept = try database.job().failure(RecordBatch(columns: [("xmin", .int64([1]))]))
        #expect(kept?.message.contains("'xmin'") == true && kept?.message.contains("keeps for itself") == true)
        #expect(try database.staged().isEmpty)
    }

    @Test func `Staging tables of long names differ, and keep the job's id`() throws {
        let long = String(repeating: "ü", count: 30)
        let names = try ["a", "b"].map { suffix in
            try TableName(uri: SinkURI("postgresql://\(long)\(suffix)"), defaultSchema: "public").staging(of: 12_345)
        }
        #expect(names[0] != names[1])
        for name in names {
            #expect(name.table.problem == nil && name.table.name.hasSuffix("_stg_12345") && name.isStaging)
        }
    }

    @Test func `A table that only looks like staging is left alone, and nobody stages in it`() throws {
        let database = try PostgreSQLDatabase()
        try database.psql("CREATE TABLE t_stg_7 (precious int); COMMENT ON TABLE t_stg_7 IS 'mine'")
        #expect(try database.makeFactory().removeLeftovers().isEmpty)
        let error = try database.job().failure(try Job.numbers(0..<1))
        #expect(error?.message.contains("t_stg_7") == true)
        #expect(try database.psql("SELECT count(*) FROM t_stg_7") == "0")
    }

    @Test func `More columns than PostgreSQL has are refused, in one job or together`() throws {
        let database = try PostgreSQLDatabase()
        func columns(_ prefix: String, _ count: Int) throws -> RecordBatch {
            try RecordBatch(columns: (0..<count).map { ("\(prefix)\($0)", .bool([true])) })
        }
        for count in [1599, 10_000] {
            let error = try database.job().failure(columns("a", count))
            #expect(error?.message.contains("\(count + 2) columns") == true && error?.message.contains("1600") == true)
        }
        #expect(try database.job(1).run(columns("a", 1598))?.rows == 1)
        let error = try database.job(2).failure(columns("b", 1))
        #expect(error?.message.contains("1600") == true)
        #expect(try database.staged().isEmpty)
    }

    @Test func `A row with more bytes than PostgreSQL holds is refused before it is sent`() throws {
        let database = try PostgreSQLDatabase()
        var job = database.job()
        job.options.rowBytesMax = 1000
        let half = String(repeating: "x", count: 500)
        let fits = try RecordBatch(columns: [("a", .string([half])), ("b", .string([half]))])
        #expect(try job.run(fits)?.rows == 1)
        job.id = 8
        let error = try job.failure(fits, RecordBatch(columns: [("a", .string([half])), ("b", .string([half + "y"]))]))
        #expect(error?.message.contains("column 'b', row 2") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("501 bytes") == true)
    }

    @Test func `Texts larger than the buffer arrive whole`() throws {
        let database = try PostgreSQLDatabase()
        let sizes = [1, 20_000, 70_000, 1_000_000, 3, 65_536, 16_384, 16_385, 0, 200_000]
        let texts = sizes.map { String(repeating: "ab", count: $0 / 2) + (($0 % 2 == 1) ? "c" : "") }
        let batch = try RecordBatch(columns: [("n", .int64(sizes.map { Int64($0) })), ("text", .string(texts))])
        #expect(try database.job().run(batch)?.rows == Int64(sizes.count))
        let wrong = try database.psql(
            "SELECT count(*) FROM t WHERE text <> repeat('ab', (n / 2)::int) || repeat('c', (n % 2)::int)")
        #expect(wrong == "0")
        #expect(try database.psql("SELECT sum(length(text)) FROM t") == "\(sizes.reduce(0, +))")
    }
}
