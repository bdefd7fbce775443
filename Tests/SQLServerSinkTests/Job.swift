import CasparianModel
import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import SQLServerSink

/// One job that writes batches to one table of a TDS test server.
struct Job {
    var server: TDSServer
    var id: Int64 = 7
    var version: Int64 = 1
    var uri = "mssql://t"
    var mode = SinkMode.append
    var file = "/in/a.csv"
    var topic = "output"

    var request: SinkRequest {
        get throws {
            SinkRequest(
                uri: try SinkURI(uri), topic: topic, mode: mode, jobID: JobID(id),
                fileVersionID: FileVersionID(version),
                pluginName: "p", filePath: file)
        }
    }

    func open() throws -> any Sink { try server.makeFactory().open(request) }

    func write(_ batch: RecordBatch, to sink: any Sink) throws {
        try sink.write(try batch.appendingLineage(jobID: id, fileVersionID: version))
    }

    func prepared(_ batches: [RecordBatch]) throws -> any Sink {
        let sink = try open()
        for batch in batches { try write(batch, to: sink) }
        try sink.prepare()
        return sink
    }

    @discardableResult
    func run(_ batches: RecordBatch...) throws -> Artifact? { try prepared(batches).commit() }

    /// Runs to the end, or discards as a worker does; the sink's error.
    func failure(_ batches: RecordBatch...) -> SinkError? {
        var sink: (any Sink)?
        do {
            let opened = try open()
            sink = opened
            for batch in batches { try write(batch, to: opened) }
            try opened.prepare()
            _ = try opened.commit()
            return nil
        } catch {
            sink?.discard()
            return error as? SinkError
        }
    }
}

/// Batches with types that Swift has no literals for, made by pyarrow.
enum Arrow {
    private static let prelude = """
        import sys, datetime, decimal
        import pyarrow as pa
        D = decimal.Decimal
        def write(number, columns):
            batch = pa.record_batch(list(columns.values()), list(columns))
            with pa.ipc.new_stream(f"{sys.argv[1]}/{number}", batch.schema) as stream: stream.write(batch)

        """

    /// - Parameter columns: A Python expression for each batch: a dictionary of names and arrays.
    static func batches(_ columns: [String]) throws -> [RecordBatch] {
        let folder = try TemporaryFolder()
        let script = columns.enumerated().map { "write(\($0), \($1))\n" }.joined()
        try Python.run(prelude + script, folder.path)
        return try columns.indices.map { number in
            guard let batch = try BatchReader.ipc(path: folder.file("\(number)")).next() else {
                throw TDSServer.DidNotStart()
            }
            return batch
        }
    }

    static func batch(_ columns: String) throws -> RecordBatch { try batches([columns])[0] }
}
