import CasparianModel
import CasparianSinks
import Columnar
import ParquetSink

/// A job that writes numbers into Parquet files below a folder.
struct Job {
    var root: String
    var id: Int64 = 7
    var uri = "parquet://t.parquet"
    var mode = SinkMode.append
    var file = "/in/a.csv"

    private var request: SinkRequest {
        get throws {
            SinkRequest(
                uri: try SinkURI(uri), topic: "output", mode: mode, jobID: JobID(id), fileVersionID: 1, pluginName: "p",
                filePath: file)
        }
    }

    func open() throws -> any Sink { try ParquetSinkFactory(outputRoot: root).open(request) }

    /// What an earlier process prepared.
    func resume(rows: Int64) throws -> (any Sink)? {
        try ParquetSinkFactory(outputRoot: root).resume(request, rows: rows)
    }

    func batch(rows: Int64) throws -> RecordBatch {
        try RecordBatch(columns: [("n", .int64((0..<rows).map(Self.scattered)))]).appendingLineage(
            jobID: id, fileVersionID: 1)
    }

    /// Numbers that no encoding makes smaller (the finalizer of MurmurHash3).
    private static func scattered(_ number: Int64) -> Int64 {
        var bits = UInt64(bitPattern: number)
        for factor: UInt64 in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] { bits = (bits ^ bits >> 33) &* factor }
        return Int64(bitPattern: bits ^ bits >> 33)
    }

    func run(rows: Int64) throws -> Artifact? {
        let sink = try open()
        try sink.write(batch(rows: rows))
        try sink.prepare()
        return try sink.commit()
    }
}
