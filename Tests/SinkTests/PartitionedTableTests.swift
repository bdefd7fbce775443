import CasparianModel
import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import Testing

@testable import ParquetSink

@Suite struct PartitionedTableTests {
    let folder: TemporaryFolder
    var root: String { folder.file("out") }
    init() throws { folder = try TemporaryFolder() }

    private func write(_ job: Job, _ batches: RecordBatch...) throws -> any Sink {
        let sink = try job.open()
        for batch in batches { try sink.write(batch.appendingLineage(jobID: job.id, fileVersionID: 1)) }
        return sink
    }

    private func run(_ job: Job, _ batch: RecordBatch) throws -> Artifact? {
        let sink = try write(job, batch)
        try sink.prepare()
        return try sink.commit()
    }

    private func rows(_ kinds: [String?], from first: Int64 = 0) throws -> RecordBatch {
        try RecordBatch(columns: [
            ("kind", .string(kinds)), ("n", .int64(kinds.indices.map { first + Int64($0) })),
        ])
    }

    @Test func `Each value has a folder, and pyarrow, DuckDB and polars read the table with its values`() throws {
        let kinds = ["a b", "x/y", nil, "", "..", "é🦉", "007", "a b", nil, "q'\"%"]
        let artifact = try run(Job(root: root, uri: "parquet://t?partition=kind"), rows(kinds))
        #expect(artifact?.uri == "parquet://\(root)/t/*/data_7.parquet" && artifact?.rows == 10)
        #expect(
            folder.files()
                == [
                    "out/t/kind=%C3%A9%F0%9F%A6%89/data_7.parquet", "out/t/kind=../data_7.parquet",
                    "out/t/kind=/data_7.parquet", "out/t/kind=007/data_7.parquet",
                    "out/t/kind=__HIVE_DEFAULT_PARTITION__/data_7.parquet", "out/t/kind=a%20b/data_7.parquet",
                    "out/t/kind=q%27%22%25/data_7.parquet", "out/t/kind=x%2Fy/data_7.parquet",
                ].sorted())
        let script = """
            import sys, duckdb, polars, pyarrow as pa, pyarrow.dataset as ds
            glob = sys.argv[1] + '/*/*.parquet'
            kind = ds.partitioning(pa.schema([('kind', pa.string())]), flavor='hive')
            a = sorted((r['n'], r['kind']) for r in ds.dataset(sys.argv[1], partitioning=kind).to_table().to_pylist())
            b = duckdb.sql(f"select n, kind from read_parquet('{glob}', hive_types_autocast = false) order by n").fetchall()
            c = polars.read_parquet(glob, hive_partitioning=True).select('n', 'kind').sort('n').rows()
            assert a == b == c, (a, b, c)
            print([k for n, k in a])
            """
        #expect(
            try Python.run(script, root + "/t")
                == #"['a b', 'x/y', None, '', '..', 'é🦉', '007', 'a b', None, 'q\'"%']"#)
    }

    @Test func `Several columns are folders one below the other, and the name of a file is kept`() throws {
        let batch = try RecordBatch(columns: [
            ("y", .int64([2023, 2024, 2024])), ("m", .int64([12, 1, 2])), ("n", .int64([1, 2, 3])),
        ])
        let artifact = try run(
            Job(root: root, uri: "parquet://d/sales.parquet?partition=y,m&compression=snappy"), batch)
        #expect(artifact?.uri == "parquet://\(root)/d/*/*/sales_7.parquet")
        #expect(
            folder.files() == [
                "out/d/y=2023/m=12/sales_7.parquet", "out/d/y=2024/m=1/sales_7.parquet",
                "out/d/y=2024/m=2/sales_7.parquet",
            ])
        let footer = try ParquetFooter(path: root + "/d/y=2024/m=1/sales_7.parquet")
        #expect(footer.keyValues["casparian.partition"] == "y=2024/m=1" && footer.rows == 1)
    }

    @Test func `Nothing is named as a reader would take it for a file before the commit`() throws {
        let sink = try write(Job(root: root, uri: "parquet://t?partition=kind"), rows(["a", "b"]))
        try sink.prepare()
        #expect(
            folder.files().map { $0.replacingOccurrences(of: "out/t/data_7.parquet.stg.7/", with: "") } == [
                "_0", "_1", "_prepared.json",
            ])
        sink.discard()
        #expect(folder.files().isEmpty)
    }

    @Test(arguments: ["none", "n,none"])
    func `A column that is not there is an error that names it`(_ columns: String) throws {
        let error = #expect(throws: SinkError.self) {
            _ = try write(Job(root: root, uri: "parquet://t?partition=\(columns)"), rows(["a"]))
        }
        #expect(error?.message.contains("'none'") == true && folder.files().isEmpty)
    }

    @Test func `More rows than memory is for become row groups, and columns that widen then are rewritten`() throws {
        let sink = try Job(root: root, uri: "parquet://t?partition=k").open()
        let count: Int64 = 400_000
        for start in stride(from: 0, to: count * 6, by: Int(count)) {
            let numbers = (start..<start + count).map { Int64?($0) }
            let batch = try RecordBatch(columns: [
                ("k", .int64(numbers.map { $0.map { $0 % 3 } })), ("n", .int64(numbers)), ("m", .int64(numbers)),
            ])
            try sink.write(batch.appendingLineage(jobID: 7, fileVersionID: 1))
        }
        let staged = folder.files()
        #expect(staged.contains { $0.contains(".stg.7/_") }, "row groups are written before the end")
        try sink.write(
            RecordBatch(columns: [("k", .int64([1])), ("n", .double([0.5]))]).appendingLineage(
                jobID: 7, fileVersionID: 1))
        try sink.prepare()
        #expect(try sink.commit()?.rows == count * 6 + 1)
        let script = """
            import sys, duckdb
            table = f"read_parquet('{sys.argv[1]}/*/*.parquet')"
            print(duckdb.sql(f"select count(*), count(distinct n), sum(m)::bigint, count(m) from {table}").fetchall(),
                duckdb.sql(f"select count(*) from {table} where k <> n % 3 and m is not null").fetchall())
            """
        let sum = count * 6 * (count * 6 - 1) / 2
        #expect(try Python.run(script, root + "/t") == "[(2400001, 2400001, \(sum), 2400000)] [(0,)]")
    }

    @Test func `More values than there may be folders are an error that says so`() throws {
        let numbers = (0...Int64(PartitionStaging.partitionsMax)).map { Int64?($0) }
        let batch = try RecordBatch(columns: [("k", .int64(numbers)), ("n", .int64(numbers))])
        let sink = try Job(root: root, uri: "parquet://t?partition=k").open()
        let error = #expect(throws: SinkError.self) { try sink.write(batch) }
        #expect(error?.code == .rejected && error?.message.contains("10000 values of k") == true)
        sink.discard()
        #expect(folder.files().isEmpty)
    }

    @Test func `mode=replace removes the older rows of every partition, and folders that are empty then`() throws {
        var job = Job(root: root, id: 1, uri: "parquet://t?partition=kind", mode: .replace)
        #expect(try run(job, rows(["a", "b", "c"]))?.rows == 3)
        let other = Job(root: root, id: 2, uri: "parquet://t?partition=kind", file: "/in/b.csv")
        #expect(try run(other, rows(["c"]))?.rows == 1)
        job.id = 3
        #expect(try run(job, rows(["b", "d"]))?.rows == 2)
        #expect(
            folder.entries().filter { $0.hasPrefix("out/t/") } == [
                "out/t/kind=b", "out/t/kind=b/data_3.parquet", "out/t/kind=c", "out/t/kind=c/data_2.parquet",
                "out/t/kind=d", "out/t/kind=d/data_3.parquet",
            ])
        // The same table, from now on without partitions.
        job = Job(root: root, id: 4, uri: "parquet://t", mode: .replace)
        #expect(try run(job, rows(["e"]))?.rows == 1)
        #expect(folder.files() == ["out/t/data_4.parquet", "out/t/kind=c/data_2.parquet"])
    }

    /// A job whose process died after the decision and the first of three renames.
    private func dieHalfway(id: Int64 = 7) async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String, id = id as Int64] in
            setenv("CASPARIAN_KILL_AT", "parquet.partition.renamed", 1)
            let job = Job(root: root, id: id, uri: "parquet://t?partition=kind")
            let sink = try job.open()
            try sink.write(
                RecordBatch(columns: [("kind", .string(["a", "b", "c"])), ("n", .int64([1, 2, 3]))])
                    .appendingLineage(jobID: id, fileVersionID: 1))
            try sink.prepare()
            _ = try sink.commit()
        }
        #expect(folder.files().count { $0.hasSuffix("data_\(id).parquet") } == 1)
    }

    @Test func `A sweep finishes a promotion that was decided, and says so`() async throws {
        try await dieHalfway()
        let done = try ParquetSinkFactory(outputRoot: root).removeLeftovers()
        #expect(done == [root + "/t/data_7.parquet.stg.7: its promotion was finished"])
        #expect(folder.files() == ["a", "b", "c"].map { "out/t/kind=\($0)/data_7.parquet" })
    }

    @Test func `Another job that replaces finishes it first, so that no older row comes back`() async throws {
        try await dieHalfway()
        let newer = Job(root: root, id: 9, uri: "parquet://t?partition=kind", mode: .replace)
        #expect(try run(newer, rows(["a"]))?.rows == 1)
        #expect(folder.files() == ["out/t/kind=a/data_9.parquet"])
        #expect(try ParquetSinkFactory(outputRoot: root).removeLeftovers().isEmpty)
        #expect(folder.files() == ["out/t/kind=a/data_9.parquet"])
    }

    @Test func `An attempt that brings other rows finishes it and reports what was decided`() async throws {
        try await dieHalfway()
        let artifact = try run(Job(root: root, uri: "parquet://t?partition=kind"), rows(["x"]))
        #expect(artifact?.rows == 3)
        #expect(folder.files() == ["a", "b", "c"].map { "out/t/kind=\($0)/data_7.parquet" })
        // So does one without rows.
        try await dieHalfway(id: 8)
        let sink = try Job(root: root, id: 8, uri: "parquet://t?partition=kind").open()
        try sink.prepare()
        #expect(try sink.commit()?.rows == 3)
    }

    @Test func `A stranger's file in the way is found before anything is promoted, and stays`() throws {
        try folder.write("mine", to: "out/t/kind=b/data_7.parquet")
        let sink = try write(Job(root: root, uri: "parquet://t?partition=kind"), rows(["a", "b"]))
        let error = #expect(throws: SinkError.self) { try sink.prepare() }
        #expect(error?.code == .rejected && error?.target == root + "/t/kind=b/data_7.parquet")
        sink.discard()
        #expect(folder.files() == ["out/t/kind=b/data_7.parquet"])
    }

    @Test func `A partition's folder that is a link out of the output folder is refused`() throws {
        try folder.write("keep", to: "away/notes.txt")
        try FileManager.default.createDirectory(atPath: root + "/t", withIntermediateDirectories: true)
        #expect(symlink(folder.file("away"), root + "/t/kind=b") == 0)
        let sink = try write(Job(root: root, uri: "parquet://t?partition=kind"), rows(["a", "b"]))
        let error = #expect(throws: SinkError.self) { try sink.prepare() }
        #expect(error?.code == .rejected && error?.target == root + "/t/kind=b")
        sink.discard()
        #expect(folder.files().filter { !$0.hasPrefix("out/t/kind=b") } == ["away/notes.txt"])
    }

    @Test func `A folder that is merely named like staging is left alone`() throws {
        try folder.write("x", to: "out/t/data_5.parquet.stg.5/notes.txt")
        try folder.write("x", to: "out/t/data_6.parquet.stg.6/_0")
        #expect(try ParquetSinkFactory(outputRoot: root).removeLeftovers() == [root + "/t/data_6.parquet.stg.6"])
        #expect(folder.files() == ["out/t/data_5.parquet.stg.5/notes.txt"])
    }
}
