import CasparianSinks
import CasparianTestKit
import Columnar
import Testing

/// Tables that are there, and rows with other columns.
@Suite(.enabled(if: PostgreSQLServer.programs != nil))
struct EvolutionTests {
    let database: PostgreSQLDatabase
    init() throws { database = try PostgreSQLDatabase() }

    /// A batch of one column of an Arrow type, made by pyarrow.
    private func batch(_ type: String, _ values: String) throws -> RecordBatch {
        let folder = try TemporaryFolder()
        let script = """
            import sys, datetime, decimal, pyarrow as pa
            D = decimal.Decimal
            batch = pa.record_batch([pa.array(\(values), \(type))], ["v"])
            with pa.ipc.new_stream(sys.argv[1], batch.schema) as stream: stream.write(batch)
            """
        try Python.run(script, folder.file("one.arrow"))
        return try #require(try BatchReader.ipc(path: folder.file("one.arrow")).next())
    }

    @Test(arguments: [
        ("smallint", "pa.int32()", "[70000]", "integer"), ("integer", "pa.int64()", "[2**40]", "bigint"),
        ("bigint", "pa.int32()", "[5]", "bigint"), ("real", "pa.float64()", "[0.1]", "double precision"),
        ("double precision", "pa.float32()", "[0.5]", "double precision"),
        ("double precision", "pa.int64()", "[2**53]", "double precision"),
        ("bigint", "pa.float64()", "[0.5]", "double precision"),
        ("integer", "pa.float64()", "[0.5]", "double precision"),
        ("numeric(5,2)", "pa.decimal128(9, 4)", "[D('1.2345')]", "numeric(9,4)"),
        ("numeric(9,1)", "pa.decimal128(5, 4)", "[D('1.2345')]", "numeric(12,4)"),
        ("numeric(5,2)", "pa.int64()", "[2**62]", "numeric(21,2)"), ("numeric", "pa.int64()", "[2**62]", "numeric"),
        ("numeric", "pa.decimal128(38, 37)", "[D('1.5')]", "numeric"),
        ("numeric(20,0)", "pa.int64()", "[-7]", "numeric(20,0)"),
        ("text", "pa.list_(pa.int64())", "[[1]]", "text"), ("varchar", "pa.null()", "[None]", "character varying"),
        ("integer", "pa.null()", "[None]", "integer"),
    ])
    func `A column that is there takes what fits, and is widened for what it then holds`(
        there: String, type: String, values: String, becomes: String
    ) throws {
        try database.psql("CREATE TABLE t (v \(there)); INSERT INTO t VALUES (NULL)")
        let batch = try batch(type, values)
        #expect(try database.job().run(batch)?.rows == 1)
        #expect(
            try database.columns() == ["v \(becomes)", "_job_id bigint", "_file_version_id bigint"])
        #expect(try database.psql("SELECT count(*), count(_job_id) FROM t") == "2|1")
    }

    @Test(arguments: [
        ("text", "pa.int64()", "[1]", "bigint"), ("integer", "pa.string()", "['x']", "text"),
        ("varchar(3)", "pa.string()", "['x']", "character varying(3)"),
        ("jsonb", "pa.list_(pa.int8())", "[[1]]", "jsonb"),
        ("timestamp(3)", "pa.timestamp('us')", "[1]", "timestamp(3) without time zone"),
        ("timestamp", "pa.timestamp('us', 'UTC')", "[1]", "timestamp with time zone"),
        ("date", "pa.timestamp('us')", "[1]", "date"), ("numeric(5,2)", "pa.float64()", "[0.5]", "double precision"),
        ("double precision", "pa.int64()", "[2**53 + 1]", "2^53"), ("bigint", "pa.uint64()", "[1]", "numeric(20,0)"),
        ("money", "pa.int64()", "[1]", "money"),
    ])
    func `A type that does not fit is an error that names column, both types and file, and changes nothing`(
        there: String, type: String, values: String, word: String
    ) throws {
        try database.psql("CREATE TABLE t (v \(there))")
        let before = try database.columns()
        let error = try database.job().failure(batch(type, values))
        #expect(error?.code == .incompatibleColumn && error?.isTransient == false)
        for part in ["'v'", word, "/in/a.csv", "public.t"] {
            #expect(error?.message.contains(part) == true, "\(part) in \(error?.message ?? "")")
        }
        #expect(try database.columns() == before)
        #expect(try database.staged().isEmpty)
    }

    @Test func `Whole numbers that a double does not hold keep their column from becoming one`() throws {
        try database.job(1).run(RecordBatch(columns: [("v", .int64([9_007_199_254_740_993]))]))
        let error = try database.job(2).failure(RecordBatch(columns: [("v", .double([0.5]))]))
        #expect(error?.code == .incompatibleColumn && error?.message.contains("'v'") == true)
        #expect(try database.psql("SELECT v FROM t") == "9007199254740993")
    }

    @Test func `New columns are added, missing ones are null, the order does not matter`() throws {
        try database.job(1).run(RecordBatch(columns: [("a", .int64([1])), ("b", .string(["x"]))]))
        try database.job(2).run(RecordBatch(columns: [("c", .bool([true])), ("a", .int64([2]))]))
        #expect(
            try database.columns()
                == ["a bigint", "b text", "_job_id bigint", "_file_version_id bigint", "c boolean"])
        #expect(try database.psql("SELECT a, b, c, _job_id FROM t ORDER BY a") == "1|x||1\n2||t|2")
        try database.expect([1: 1, 2: 1])
    }

    @Test func `A column that only nulls came to takes the type of the first value`() throws {
        let nothing = try batch("pa.null()", "[None, None]")
        try database.job(1).run(nothing)
        try database.job(2).run(nothing)
        #expect(try database.columns().first == "v text")
        try database.job(3).run(RecordBatch(columns: [("v", .int64([5]))]))
        try database.job(4).run(nothing)
        #expect(try database.columns().first == "v bigint")
        #expect(try database.psql("SELECT v, _job_id FROM t WHERE v IS NOT NULL") == "5|3")
        try database.expect([1: 2, 2: 2, 3: 1, 4: 2])
    }

    @Test func `A column of nulls that somebody put texts into stays text`() throws {
        try database.job(1).run(batch("pa.null()", "[None]"))
        try database.psql("UPDATE t SET v = 'by hand'")
        let error = try database.job(2).failure(RecordBatch(columns: [("v", .int64([5]))]))
        #expect(error?.code == .incompatibleColumn)
        #expect(try database.job(3).run(RecordBatch(columns: [("v", .string(["x"]))]))?.rows == 1)
    }

    @Test func `A column of nulls gets its type within a job`() throws {
        let nothing = try batch("pa.null()", "[None, None]")
        let job = database.job()
        #expect(try job.run(nothing, RecordBatch(columns: [("v", .double([0.5]))]), nothing)?.rows == 5)
        #expect(try database.columns().first == "v double precision")
    }

    @Test func `What a table demands is checked before anything is promoted`() throws {
        let cases = [
            ("v bigint, x int NOT NULL", "'x'"), ("v bigint GENERATED ALWAYS AS IDENTITY", "'v'"),
            ("x int, v bigint GENERATED ALWAYS AS (x) STORED", "'v'"),
        ]
        for (columns, name) in cases {
            try database.psql("DROP TABLE IF EXISTS t; CREATE TABLE t (\(columns))")
            let sink = try database.job().open()
            try sink.write(database.job().lineage(RecordBatch(columns: [("v", .int64([1]))])))
            let error = #expect(throws: SinkError.self) { try sink.prepare() }
            #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
            sink.discard()
        }
        try database.psql("DROP TABLE t; CREATE TABLE t (v bigint CHECK (v > 0), x int NOT NULL DEFAULT 3)")
        let error = try database.job().failure(RecordBatch(columns: [("v", .int64([-1]))]))
        #expect(error?.code == .rejected && error?.message.contains("t_v_check") == true)
        #expect(try database.job().run(RecordBatch(columns: [("v", .int64([1]))]))?.rows == 1)
        try database.expect([7: 1])
    }

    @Test func `Rows go into partitioned tables, and not into views`() throws {
        try database.psql(
            "CREATE TABLE t (v bigint) PARTITION BY RANGE (v); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9)"
        )
        #expect(try database.job().run(RecordBatch(columns: [("v", .int64([1]))]))?.rows == 1)
        #expect(try database.psql("SELECT v FROM t1") == "1")
        try database.psql("CREATE VIEW w AS SELECT * FROM t")
        let error = try database.job(8, uri: "postgresql://w").failure(RecordBatch(columns: [("v", .int64([1]))]))
        #expect(error?.message.contains("no table") == true)
    }

    @Test func `With create=no a schema or table that is missing is an error, and stays so`() throws {
        let batch = try RecordBatch(columns: [("v", .int64([1]))])
        for place in ["t", "nowhere.t"] {
            let error = try database.job(uri: "postgresql://\(place)?create=no").failure(batch)
            #expect(error?.code == .rejected && error?.message.contains("create=no") == true)
        }
        #expect(try database.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'nowhere'") == "0")
        try database.psql("CREATE TABLE t (v bigint)")
        #expect(try database.job(uri: "postgresql://t?create=no").run(batch)?.rows == 1)
    }

    @Test func `A COPY that ends every few rows, and columns that widen between, lose nothing`() throws {
        let job = database.job(uri: "postgresql://t?chunksize=10")
        let sink = try job.open()
        for start in stride(from: Int64(0), to: 100, by: 7) {
            try sink.write(job.lineage(Job.numbers(start..<start + 7)))
            if start == 49 { try sink.write(job.lineage(RecordBatch(columns: [("n", .double([0.5]))]))) }
        }
        try sink.prepare()
        #expect(try sink.commit()?.rows == 106)
        #expect(try database.psql("SELECT count(DISTINCT n), sum(n) FROM t") == "106|5460.5")
    }

    @Test func `Options that mean nothing are refused`() throws {
        for option in ["chunksize=0", "chunksize=x", "create=maybe", "compression=zstd"] {
            let error = #expect(throws: SinkError.self) {
                _ = try database.job(uri: "postgresql://t?\(option)").open()
            }
            #expect(error?.code == .invalidURI)
        }
    }
}
