import CasparianSinks
import CasparianTestKit
import Columnar
import Testing

@testable import SQLServerSink

/// Tables that are there already: made wider, never read as something else.
@Suite struct TargetTests {
    /// What a column is declared as, what comes, what it is declared as then; nil if that is an error.
    static let meetings: [(declared: String, array: String, after: String?)] = [
        ("tinyint", "pa.array([7], pa.uint8())", "tinyint"),
        ("tinyint", "pa.array([7], pa.int8())", "int"),
        ("smallint", "pa.array([7], pa.int8())", "smallint"),
        ("int", "pa.array([7], pa.int32())", "int"),
        ("int", "pa.array([7])", "bigint"),
        ("int", "pa.array([7], pa.uint32())", "bigint"),
        ("bigint", "pa.array([7], pa.int32())", "bigint"),
        ("bigint", "pa.array([7], pa.uint64())", "bigint"),
        ("bigint", "pa.array([2**63], pa.uint64())", "decimal(20,0)"),
        ("int", "pa.array([D('7.25')], pa.decimal128(5, 2))", "decimal(12,2)"),
        ("bigint", "pa.array([D('7')], pa.decimal128(38, 0))", "decimal(38,0)"),
        ("decimal(5,2)", "pa.array([D('7.25')], pa.decimal128(5, 2))", "decimal(5,2)"),
        ("decimal(5,2)", "pa.array([D('7.2')], pa.decimal128(3, 1))", "decimal(5,2)"),
        ("decimal(5,2)", "pa.array([D('7.256')], pa.decimal128(4, 3))", "decimal(6,3)"),
        ("decimal(5,2)", "pa.array([7], pa.int8())", "decimal(5,2)"),
        ("decimal(5,2)", "pa.array([7])", "decimal(21,2)"),
        ("decimal(38,37)", "pa.array([7])", nil),
        ("float", "pa.array([7.5])", "float"),
        ("float", "pa.array([2**53])", "float"),
        ("float", "pa.array([2**53 + 1])", nil),
        ("real", "pa.array([7.5], pa.float32())", "real"),
        ("real", "pa.array([7.5])", "float"),
        ("int", "pa.array([7.5])", nil),
        ("bigint", "pa.array([7.0])", nil),
        ("bit", "pa.array([True])", "bit"),
        ("bit", "pa.array([1])", nil),
        ("int", "pa.array([True])", nil),
        ("nvarchar(3)", "pa.array(['abc'])", "nvarchar(3)"),
        ("nvarchar(3)", "pa.array(['a🦉x'])", "nvarchar(max)"),
        ("nvarchar(max)", "pa.array(['a'])", "nvarchar(max)"),
        ("varchar(10)", "pa.array(['a'])", nil),
        ("nchar(10)", "pa.array(['a'])", nil),
        ("varbinary(2)", "pa.array([b'ab'])", "varbinary(2)"),
        ("varbinary(2)", "pa.array([b'abc'])", "varbinary(max)"),
        ("date", "pa.array([7], pa.date32())", "date"),
        ("date", "pa.array([7], pa.timestamp('s'))", nil),
        ("datetime", "pa.array([7], pa.timestamp('s'))", nil),
        ("datetime2(3)", "pa.array([7], pa.timestamp('ms'))", "datetime2(3)"),
        ("datetime2(3)", "pa.array([7], pa.timestamp('us'))", "datetime2(7)"),
        ("datetime2(7)", "pa.array([7], pa.timestamp('us', 'UTC'))", nil),
        ("datetimeoffset(0)", "pa.array([7], pa.timestamp('s', 'UTC'))", "datetimeoffset(0)"),
        ("time(3)", "pa.array([7], pa.time64('us'))", "time(7)"),
        ("uniqueidentifier", "pa.array(['a'])", nil),
        ("nvarchar(max)", "pa.array([7])", nil),
    ]

    @Test func `A column becomes wider where that changes no value, and nothing else happens to it`() throws {
        let server = try TDSServer()
        let connection = try server.connect()
        let store = Store(path: server.store)
        let batches = try Arrow.batches(Self.meetings.map { "{'a': \($0.array)}" })
        for (number, meeting) in Self.meetings.enumerated() {
            let name = "t\(number)"
            try connection.run("CREATE TABLE \(name) (keep nvarchar(5) NULL, A \(meeting.declared) NULL)")
            let job = Job(server: server, id: Int64(number + 1), uri: "mssql://\(name)")
            let error = job.failure(batches[number])
            let described: Comment = "\(meeting.array) into \(meeting.declared): \(String(describing: error))"
            let columns = try store.columns(name)
            if let after = meeting.after {
                #expect(error == nil, described)
                #expect(
                    columns == ["keep:nvarchar(5)", "A:\(after)", "_job_id:bigint", "_file_version_id:bigint"],
                    described)
                #expect(
                    try store.rows("SELECT count(*) FROM \"dbo.\(name)\" WHERE A IS NOT NULL") == [["1"]], described)
            } else {
                #expect(error?.code == .incompatibleColumn && error?.isTransient == false, described)
                for part in ["'a'", meeting.declared.lowercased(), "/in/a.csv"] {
                    #expect(error?.message.contains(part) == true, described)
                }
                #expect(columns.count == 2, described)
            }
        }
        #expect(try store.staging().isEmpty)
    }

    @Test func `What is in a column that becomes wider stays as it is`() throws {
        let server = try TDSServer()
        try Job(server: server, id: 1).run(
            Arrow.batch("{'i': pa.array([1, None], pa.int32()), 'd': pa.array([D('1.5'), None], pa.decimal128(2, 1))}"))
        try Job(server: server, id: 2).run(
            Arrow.batch(
                "{'d': pa.array([D('1.2345')], pa.decimal128(9, 4)), 'i': pa.array([2**40]), 'new': pa.array(['x'])}"))
        let store = Store(path: server.store)
        #expect(
            try store.columns("t") == [
                "i:bigint", "d:decimal(9,4)", "_job_id:bigint", "_file_version_id:bigint", "new:nvarchar(max)",
            ])
        #expect(
            try store.rows("SELECT i, d, new FROM \"dbo.t\" ORDER BY _job_id, rowid") == [
                ["1", "1.5000", nil], [nil, nil, nil], ["1099511627776", "1.2345", "x"],
            ])
    }

    @Test func `A column that may not be null and gets no values is an error, and nothing is promoted`() throws {
        let server = try TDSServer()
        try server.connect().run("CREATE TABLE t (must int NOT NULL, a bigint)")
        let error = Job(server: server).failure(try Arrow.batch("{'a': pa.array([1])}"))
        #expect(error?.message.contains("'must'") == true && error?.isTransient == false)
        #expect(try Store(path: server.store).rows("SELECT * FROM \"dbo.t\"").isEmpty)
        #expect(try Store(path: server.store).staging().isEmpty)
    }

    @Test func `Schemas and tables are made, unless create=no forbids it`() throws {
        let server = try TDSServer()
        let batch = try RecordBatch(columns: [("a", .int64([1]))])
        let artifact = try Job(server: server, uri: "mssql://[my schema].t").run(batch)
        #expect(artifact?.uri == "mssql://my schema.t")
        for uri in ["mssql://t?create=no", "mssql://other.t?create=no"] {
            let error = Job(server: server, uri: uri).failure(batch)
            #expect(error?.code == .rejected && error?.message.contains("create=no") == true, "\(uri)")
        }
        let store = Store(path: server.store)
        #expect(try store.rows("SELECT name FROM tds_schemas WHERE name = 'other'").isEmpty)
        try server.connect().run("CREATE TABLE t (a bigint)")
        #expect(try Job(server: server, uri: "mssql://T?create=no").run(batch)?.uri == "mssql://dbo.t")
        #expect(try store.staging().isEmpty)
    }

    @Test func `A text that is longer than nvarchar= says is an error, never cut`() throws {
        let server = try TDSServer()
        let job = Job(server: server, uri: "mssql://t?nvarchar=4")
        #expect(try job.run(RecordBatch(columns: [("a", .string(["abcd", "🦉🦉", "", nil]))]))?.rows == 4)
        #expect(try Store(path: server.store).columns("t").first == "a:nvarchar(4)")
        for text in ["abcde", "🦉🦉x"] {
            let error = Job(server: server, id: 8, uri: "mssql://t?nvarchar=4").failure(
                try RecordBatch(columns: [("a", .string(["ok", text]))]))
            #expect(error?.message.contains("column 'a', row 2") == true, "\(String(describing: error))")
        }
    }

    @Test func `Staging goes in chunks, and every row of every chunk is there`() throws {
        let server = try TDSServer()
        let batches = try (0..<5).map { part in
            try RecordBatch(columns: [("n", .int64((0..<33).map { Int64(part * 33 + $0) }))])
        }
        let job = Job(server: server, uri: "mssql://t?chunksize=10")
        #expect(try job.prepared(batches).commit()?.rows == 165)
        #expect(
            try Store(path: server.store).rows("SELECT count(*), count(DISTINCT n) FROM \"dbo.t\"") == [["165", "165"]])
    }

    @Test func `A table that only has a staging table's name is never dropped or written to`() throws {
        let server = try TDSServer()
        let connection = try server.connect()
        try connection.run("CREATE TABLE stg_t_7 (precious int); INSERT INTO stg_t_7 VALUES (1)")
        #expect(try server.makeFactory().removeLeftovers().isEmpty)
        let error = Job(server: server).failure(try RecordBatch(columns: [("a", .int64([1]))]))
        #expect(error?.code == .rejected && error?.message.contains("stg_t_7") == true)
        #expect(try Store(path: server.store).rows("SELECT * FROM \"dbo.stg_t_7\"") == [["1"]])
    }

    @Test func `Replacing takes rows of the same file alone, also where the server takes two names for one`() throws {
        let server = try TDSServer()
        let batch = try RecordBatch(columns: [("a", .int64([1]))])
        let files = ["/in/a.csv", "/in/A.csv", "/in/a.csv ", "/in/it's\\\n.csv", "/in/🦉.csv"]
        for round in 0..<2 {
            for (number, file) in files.enumerated() {
                let id = Int64(1 + round * files.count + number)
                try Job(server: server, id: id, version: id, mode: .replace, file: file).run(batch)
            }
        }
        let store = Store(path: server.store)
        #expect(
            try store.rows("SELECT _job_id FROM \"dbo.t\" ORDER BY 1").compactMap { $0[0] } == [
                "6", "7", "8", "9", "10",
            ])
        #expect(
            try store.rows("SELECT file FROM \"dbo._casparian_ledger\" WHERE replaced_by IS NULL ORDER BY job_id")
                .compactMap { $0[0] } == files)
    }
}
