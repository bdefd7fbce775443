import CasparianModel
import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import PostgreSQLSink
import Testing

/// A job that writes into a database.
struct Job {
    var options: PostgreSQLOptions
    var id: Int64 = 7
    var version: Int64 = 1
    var uri = "postgresql://t"
    var mode = SinkMode.append
    var file = "/in/a.csv"

    var factory: PostgreSQLSinkFactory { PostgreSQLSinkFactory(options: options) }

    func request() throws -> SinkRequest {
        SinkRequest(
            uri: try SinkURI(uri), topic: "output", mode: mode, jobID: JobID(id), fileVersionID: FileVersionID(version),
            pluginName: "p", filePath: file)
    }

    func open() throws -> any Sink { try factory.open(try request()) }

    func lineage(_ batch: RecordBatch) throws -> RecordBatch {
        try batch.appendingLineage(jobID: id, fileVersionID: version)
    }

    func prepared(_ batches: RecordBatch...) throws -> any Sink {
        let sink = try open()
        for batch in batches { try sink.write(lineage(batch)) }
        try sink.prepare()
        return sink
    }

    @discardableResult
    func run(_ batches: RecordBatch...) throws -> Artifact? {
        let sink = try open()
        for batch in batches { try sink.write(lineage(batch)) }
        try sink.prepare()
        return try sink.commit()
    }

    /// The error that a run ends with; its staging is discarded.
    func failure(_ batches: RecordBatch..., sourceLocation: SourceLocation = #_sourceLocation) throws -> SinkError? {
        let sink = try open()
        defer { sink.discard() }
        return #expect(throws: SinkError.self, sourceLocation: sourceLocation) {
            for batch in batches { try sink.write(lineage(batch)) }
            try sink.prepare()
            _ = try sink.commit()
        }
    }

    static func numbers(_ range: Range<Int64>) throws -> RecordBatch {
        try RecordBatch(columns: [("n", .int64(range.map { $0 }))])
    }
}

extension PostgreSQLDatabase {
    func job(_ id: Int64 = 7, version: Int64? = nil, uri: String = "postgresql://t", mode: SinkMode = .append) -> Job {
        Job(options: options, id: id, version: version ?? id, uri: uri, mode: mode)
    }

    /// `name type` of a table's columns in their order.
    func columns(_ table: String = "t") throws -> [String] {
        try psql(
            """
            SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute
            WHERE attrelid = \(Self.literal(Self.quoted(table)))::regclass AND attnum > 0 AND NOT attisdropped
            ORDER BY attnum
            """
        ).split(separator: "\n").map(String.init)
    }

    /// Checks that nothing but one promotion of each job is there, and no staging.
    func expect(_ rows: [Int64: Int], table: String = "t", sourceLocation: SourceLocation = #_sourceLocation) throws {
        let there = try psql("SELECT _job_id, count(*) FROM \(Self.quoted(table)) GROUP BY 1 ORDER BY 1")
        let wanted = rows.sorted { $0.key < $1.key }.map { "\($0.key)|\($0.value)" }.joined(separator: "\n")
        #expect(there == wanted, sourceLocation: sourceLocation)
        let ledger = try psql(
            "SELECT job_id, rows FROM _casparian_ledger WHERE replaced_by IS NULL ORDER BY 1")
        #expect(ledger == wanted, sourceLocation: sourceLocation)
        #expect(try staged().isEmpty, sourceLocation: sourceLocation)
    }
}
