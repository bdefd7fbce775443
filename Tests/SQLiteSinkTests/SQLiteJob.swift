import CasparianModel
import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import SQLiteSink

/// A job that writes to `sqlite://<database>/<table>` below a folder.
struct SQLiteJob {
    var root: String
    var uri = "sqlite://t.db/t"
    var id: Int64 = 7
    var version: Int64 = 1
    var mode = SinkMode.append

    var factory: SQLiteSinkFactory { SQLiteSinkFactory(outputRoot: root, now: SQLiteTarget.now) }

    func open() throws -> any Sink {
        try factory.open(
            SinkRequest(
                uri: try SinkURI(uri), topic: "output", mode: mode, jobID: JobID(id),
                fileVersionID: FileVersionID(version), pluginName: "p", filePath: "/in/a.csv"))
    }

    @discardableResult
    func run(_ batches: RecordBatch...) throws -> Artifact? {
        let sink = try open()
        do {
            for batch in batches { try sink.write(try batch.appendingLineage(jobID: id, fileVersionID: version)) }
            try sink.prepare()
            return try sink.commit()
        } catch {
            sink.discard()
            throw error
        }
    }
}

/// What Python's sqlite3 prints for an expression over `db`.
func sqlite(_ path: String, _ expression: String, before: String = "") throws -> String {
    try Python.run(
        "import json, sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n\(before)\nprint(\(expression))", path)
}
