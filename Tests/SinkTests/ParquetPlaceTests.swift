import CasparianTestKit
import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import ParquetSink
import Testing

@Suite struct ParquetPlaceTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [
        ("parquet://t.parquet", "t_7.parquet"), ("parquet://a/b/t.parquet", "a/b/t_7.parquet"),
        ("parquet://a/dir", "a/dir/data_7.parquet"), ("parquet://a/dir/", "a/dir/data_7.parquet"),
        ("parquet://dir.v1", "dir.v1/data_7.parquet"), ("parquet://a//t.parquet", "a/t_7.parquet"),
        ("parquet://t x é.parquet", "t x é_7.parquet"), ("parquet://..t..parquet", "..t._7.parquet"),
        ("parquet://t_7.parquet", "t_7_7.parquet"),
    ])
    func `A place becomes a file below the output folder with the job in its name`(_ uri: String, _ file: String) throws
    {
        let artifact = try Job(root: folder.path, uri: uri).run(rows: 2)
        #expect(folder.files() == [file])
        #expect(artifact?.uri == "parquet://" + folder.file(file))
    }

    @Test(arguments: [
        "parquet://../t.parquet", "parquet://a/../../t.parquet", "parquet://a/..", "parquet:///etc/t.parquet",
        "parquet://./t.parquet", "parquet:////", "parquet://.casparian/t.parquet",
    ])
    func `A place outside the output folder is an error that says what a place is`(_ uri: String) throws {
        let error = #expect(throws: SinkError.self) { try Job(root: folder.file("out"), uri: uri).open() }
        #expect(error?.code == .invalidURI && error?.target == uri && error?.isTransient == false)
        #expect(error?.message.contains("without '..' and not absolute") == true)
        #expect(folder.files().isEmpty)
    }

    @Test func `A name that no file system holds is an error`() throws {
        let uri = "parquet://\(String(repeating: "é", count: 120)).parquet"
        #expect(throws: SinkError.self) { try Job(root: folder.path, uri: uri).open() }
    }

    @Test(arguments: ["snappy", "zstd", "gzip", "lz4", "brotli", "none"])
    func `The compression option is what the file has`(_ name: String) throws {
        _ = try Job(root: folder.path, uri: "parquet://t.parquet?compression=\(name)").run(rows: 1000)
        let found = try Python.run(
            "import sys, pyarrow.parquet as p; print(p.ParquetFile(sys.argv[1]).metadata.row_group(0).column(0).compression)",
            folder.file("t_7.parquet"))
        #expect(found.lowercased() == (name == "none" ? "uncompressed" : name))
    }

    @Test(arguments: [
        "compression=rar", "compression=", "chunksize=0", "chunksize=-1", "chunksize=1e3", "chunksize=99999999999",
        "mood=append", "level=0", "level=23", "level=x", "level=1&compression=snappy", "level=10&compression=gzip",
        "bloom=",
        "bloom=a,,b", "bloom=a,a", "partition=", "partition=a,", "partition=n&bloom=n",
    ])
    func `An option that means nothing is an error before anything is read`(_ option: String) throws {
        let uri = "parquet://t.parquet?\(option)"
        let error = #expect(throws: SinkError.self) { try Job(root: folder.path, uri: uri).open() }
        #expect(error?.code == .invalidURI && error?.target == uri)
        let name = option.prefix { $0 != "=" }
        #expect(error?.message.contains(name) == true)
    }

    @Test(arguments: [("", "ZSTD"), ("?level=3", "ZSTD"), ("?level=9&compression=gzip", "GZIP")])
    func `zstd is what compresses where nothing is said, and a level goes with the codec`(
        _ options: String, _ codec: String
    ) throws {
        _ = try Job(root: folder.path, uri: "parquet://t.parquet\(options)").run(rows: 1000)
        let script = """
            import sys, pyarrow.parquet as p
            print(p.ParquetFile(sys.argv[1]).metadata.row_group(0).column(0).compression)
            """
        #expect(try Python.run(script, folder.file("t_7.parquet")) == codec)
    }

    @Test func `bloom names columns that get a filter, and one that the table has not is an error`() throws {
        _ = try Job(root: folder.path, uri: "parquet://t.parquet?bloom=n,_job_id").run(rows: 5000)
        let script = """
            import sys, duckdb
            probe = "select bloom_filter_excludes from parquet_bloom_probe(?, ?, ?)"
            absent = [duckdb.execute(probe, [sys.argv[1], column, -3]).fetchall()[0][0] for column in ('n', '_job_id')]
            print(absent, duckdb.execute(probe, [sys.argv[1], '_job_id', 7]).fetchall())
            """
        #expect(try Python.run(script, folder.file("t_7.parquet")) == "[True, True] [(False,)]")
        let error = #expect(throws: SinkError.self) {
            _ = try Job(root: folder.file("x"), uri: "parquet://t.parquet?bloom=m").run(rows: 1)
        }
        #expect(error?.code == .rejected && error?.message.contains("'m'") == true, "\(error?.message ?? "")")
    }

    @Test func `The footer says which job, version, content, plugin and program made the file`() throws {
        let uri = try SinkURI("parquet://t.parquet")
        let sink = try ParquetSinkFactory(outputRoot: folder.path, writer: "casparian-flow 1.2.3").open(
            SinkRequest(
                uri: uri, topic: "output", jobID: 7, fileVersionID: 3, pluginName: "p", pluginVersion: "2.0",
                filePath: "/in/a.csv", contentHash: ContentHash(digest: Array(repeating: 10, count: 32))))
        try sink.write(Job(root: folder.path).batch(rows: 3))
        try sink.prepare()
        _ = try sink.commit()
        let values = try ParquetFooter(path: folder.file("t_7.parquet")).keyValues
        #expect(values["casparian.writer"] == "casparian-flow 1.2.3")
        let hash = String(repeating: "0a", count: 32)
        #expect(
            values["casparian.origin"]
                == #"{"content_hash":"\#(hash)","file":"/in/a.csv","file_version_id":3,"job_id":7,"plugin":"p","#
                + #""plugin_version":"2.0","topic":"output"}"#)
    }

    @Test func `chunksize is the rows of a row group`() throws {
        _ = try Job(root: folder.path, uri: "parquet://t.parquet?chunksize=400&mode=append").run(rows: 1000)
        let script = """
            import sys, pyarrow.parquet as p
            m = p.ParquetFile(sys.argv[1]).metadata
            print([m.row_group(i).num_rows for i in range(m.num_row_groups)])
            """
        #expect(try Python.run(script, folder.file("t_7.parquet")) == "[400, 400, 200]")
    }

    @Test(arguments: [0, 1, 70_000])
    func `The file agrees with the artifact about rows and size`(_ rows: Int64) throws {
        let artifact = try Job(root: folder.path).run(rows: rows)
        #expect((artifact == nil) == (rows == 0))
        guard let artifact else { return }
        let size = try FileManager.default.attributesOfItem(atPath: folder.file("t_7.parquet"))[.size] as? Int64
        #expect(artifact.sizeBytes == size && artifact.rows == rows)
        #expect(try ParquetFooter(path: folder.file("t_7.parquet")).rows == rows)
    }

    @Test func `Nested columns survive the rewriting for wider ones`() throws {
        try Data(#"{"a": [1, null], "b": {"c": "x"}}"#.utf8).write(to: URL(fileURLWithPath: folder.file("in.jsonl")))
        let source = try BatchReader.jsonLines(path: folder.file("in.jsonl"))
        let nested = try #require(try source.next()).appendingLineage(jobID: 7, fileVersionID: 1)
        let sink = try Job(root: folder.file("out")).open()
        try sink.write(nested)
        try sink.write(RecordBatchFixture.other())
        try sink.write(nested)
        try sink.prepare()
        #expect(try sink.commit()?.rows == 3)
        let script = """
            import sys, pyarrow.parquet as p
            print(p.read_table(sys.argv[1]).select(["a", "b", "other"]).to_pylist())
            """
        let row = "{'a': [1, None], 'b': {'c': 'x'}, 'other': None}"
        #expect(
            try Python.run(script, folder.file("out/t_7.parquet"))
                == "[\(row), {'a': None, 'b': None, 'other': True}, \(row)]")
    }
}
