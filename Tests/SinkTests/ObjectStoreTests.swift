import CasparianModel
import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import ParquetSink
import Testing

@Suite struct ObjectStoreTests {
    let folder: TemporaryFolder
    let server: ObjectServer
    let bucket: String

    init() throws {
        folder = try TemporaryFolder()
        server = try ObjectServer.shared.get()
        bucket = try server.makeBucket()
    }

    private func request(_ uri: String, job: Int64 = 7, mode: SinkMode = .append) throws -> SinkRequest {
        SinkRequest(
            uri: try SinkURI(uri), topic: "output", mode: mode, jobID: JobID(job), fileVersionID: FileVersionID(job),
            pluginName: "p", filePath: "/in/a.csv")
    }

    private var factory: ParquetS3SinkFactory { ParquetS3SinkFactory(outputRoot: folder.file("out")) }

    private func prepared(_ request: SinkRequest, rows: Int64 = 3) throws -> any Sink {
        let sink = try factory.open(request)
        try sink.write(Job(root: "", id: request.jobID.rawValue).batch(rows: rows))
        try sink.prepare()
        return sink
    }

    @Test(arguments: [
        ("t.parquet", "t_7.parquet"), ("a/b/t.parquet", "a/b/t_7.parquet"), ("a/dir", "a/dir/data_7.parquet"),
        ("", "data_7.parquet"),
        ("a b/é.parquet", "a b/é_7.parquet"),
    ])
    func `A place becomes a key with the job in its name, and pyarrow reads it there`(_ place: String, _ key: String)
        throws
    {
        let sink = try prepared(request("parquet+s3://\(bucket)/\(place)?compression=snappy"))
        #expect(try server.keys(bucket).isEmpty)
        let artifact = try sink.commit()
        #expect(try server.keys(bucket) == [key])
        #expect(artifact?.uri == "parquet+s3://\(bucket)/\(key)" && artifact?.rows == 3)
        let script = """
            import sys, pyarrow.fs as fs, pyarrow.parquet as pq
            s3 = fs.S3FileSystem(endpoint_override=sys.argv[1], scheme='http', access_key='a', secret_key='b', region='us-east-1')
            table = pq.read_table(sys.argv[2], filesystem=s3)
            print(table.num_rows, table.column_names, s3.get_file_info(sys.argv[2]).size)
            """
        let told = try Python.run(script, String(server.endpoint.dropFirst("http://".count)), bucket + "/" + key)
        #expect(told == "3 ['n', '_job_id', '_file_version_id'] \(artifact?.sizeBytes ?? 0)")
        #expect(folder.files().isEmpty)
    }

    @Test func `A file of several parts appears when it is complete, and a discarded one leaves no parts`() throws {
        // 1.6 million scattered numbers: 13 MB, more than one part.
        let discarded = try prepared(request("parquet+s3://\(bucket)/t.parquet", job: 8), rows: 1_600_000)
        #expect(try server.openUploads(bucket) == "1")
        discarded.discard()
        #expect(try server.openUploads(bucket) == "0")
        let sink = try prepared(request("parquet+s3://\(bucket)/t.parquet"), rows: 1_600_000)
        #expect(try server.keys(bucket).isEmpty)
        #expect(try sink.commit()?.rows == 1_600_000)
        try server.fetch(bucket, "t_7.parquet", to: folder.file("t.parquet"))
        #expect(try ParquetFooter(path: folder.file("t.parquet")).rows == 1_600_000)
        #expect(try server.openUploads(bucket) == "0" && server.keys(bucket) == ["t_7.parquet"])
    }

    @Test func `A stranger's object of the job's name stays, and the job fails with its place`() throws {
        try server.python("call(argument, 'PUT', b'mine')", bucket + "/t_7.parquet")
        let error = #expect(throws: SinkError.self) { _ = try prepared(request("parquet+s3://\(bucket)/t.parquet")) }
        #expect(error?.code == .rejected && error?.target == "parquet+s3://\(bucket)/t_7.parquet")
        let text = try server.python("print(call(argument))", bucket + "/t_7.parquet")
        #expect(text == "b'mine'")
    }

    @Test func `A bucket that is not there is an error before anything is read`() throws {
        let uri = "parquet+s3://none-\(bucket)/t.parquet"
        let error = #expect(throws: SinkError.self) { _ = try factory.open(request(uri)) }
        #expect(
            error?.code == .rejected && error?.message.contains("none-\(bucket)") == true, "\(error?.description ?? "")"
        )
        #expect(error?.isTransient == false)
    }

    @Test(arguments: [
        "parquet+s3:///t.parquet", "parquet+s3://key:secret@b/t.parquet", "parquet+s3://b/../t.parquet",
        "parquet+s3://t.parquet",
        "parquet+s3://b/t?partition=n", "parquet+s3://b/t?region=", "parquet+s3://b/t?region=a%26b",
        "parquet+s3://b/t?mood=x",
    ])
    func `A place or an option that means nothing is an error before the store is asked`(_ uri: String) throws {
        let error = #expect(throws: SinkError.self) { _ = try factory.open(request(uri)) }
        #expect(error?.code == .invalidURI && error?.target == uri, "\(error?.description ?? "")")
    }

    @Test(arguments: ParquetS3SinkFactory(outputRoot: "/none").steps, [true, false])
    func `A process killed at a step loses nothing and doubles nothing`(_ step: String, _ resumes: Bool) async throws {
        let uri = "parquet+s3://\(bucket)/t.parquet"
        _ = try prepared(request(uri, job: 1), rows: 10).commit()
        let root = folder.file("out")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [root = root as String, uri = uri as String, step = step as String] in
            setenv("CASPARIAN_KILL_AT", step, 1)
            try Self.run(root, uri)
        }
        let newer = try request(uri, job: 2, mode: .replace)
        if resumes, let sink = try factory.resume(newer, rows: 201) {
            #expect(try sink.commit()?.rows == 201)
            #expect(try factory.resume(newer, rows: 201)?.commit()?.rows == 201)
        } else {
            try Self.run(root, uri)
        }
        #expect(try server.keys(bucket) == ["t_2.parquet"])
        #expect(try factory.removeLeftovers().isEmpty && folder.files().isEmpty)
    }

    private static func run(_ root: String, _ uri: String) throws {
        let sink = try ParquetS3SinkFactory(outputRoot: root).open(
            SinkRequest(
                uri: try SinkURI(uri), topic: "output", mode: .replace, jobID: 2, fileVersionID: 2, pluginName: "p",
                filePath: "/in/a.csv"))
        let job = Job(root: root, id: 2)
        try sink.write(job.batch(rows: 100))
        try sink.write(RecordBatchFixture.other())
        try sink.write(job.batch(rows: 100))
        try sink.prepare()
        _ = try sink.commit()
    }
}
