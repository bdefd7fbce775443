import CasparianModel
import CasparianSinks
import Columnar
import Testing

/// One sentence that is true of every sink, and the check of it at an empty target.
public struct SinkBehaviour: Sendable, CustomTestStringConvertible {
    public let sentence: String
    public let check: @Sendable (any SinkTarget) throws -> Void

    init(_ sentence: String, _ check: @escaping @Sendable (any SinkTarget) throws -> Void) {
        self.sentence = sentence
        self.check = check
    }

    public var testDescription: String { sentence }

    /// Of tables that have the columns of `numbers`.
    public static let ofNumbers = promotion + attempts + crashes + resumption + modes + sharing

    /// The conformance suite: run each on every implementation.
    public static let all = ofNumbers + columns + shapes
}

/// Short forms for the checks.
extension SinkBehaviour {
    /// `n` and `text` for the numbers of a range, as a plugin would yield them.
    static func numbers(_ range: Range<Int64>) throws -> RecordBatch {
        try RecordBatch(columns: [("n", .int64(range.map { $0 })), ("text", .string(range.map { "row \($0)" }))])
    }

    /// What a reader sees of `numbers`.
    static func table(_ range: Range<Int64>, job: Int64, version: Int64 = 1) -> SinkTable {
        SinkTable(
            columns: ["n:int64", "text:string", "_job_id:int64", "_file_version_id:int64"],
            rows: range.map { ["\($0)", "row \($0)", "\(job)", "\(version)"] })
    }
}

/// One attempt of one job at a target.
struct Attempt {
    var job: Int64 = 7
    var version: Int64 = 1
    var table = "t"
    var topic = "output"
    var plugin = "p"
    var mode = SinkMode.append
    var file = "/in/a.csv"
    var hash: ContentHash?

    func request(at target: any SinkTarget) throws -> SinkRequest {
        SinkRequest(
            uri: try SinkURI(target.uri(table)), topic: topic, mode: mode, jobID: JobID(job),
            fileVersionID: FileVersionID(version), pluginName: plugin, filePath: file, contentHash: hash)
    }

    func open(_ factory: any SinkFactory, at target: any SinkTarget) throws -> any Sink {
        try factory.open(request(at: target))
    }

    /// With the lineage columns, as the worker adds them.
    func write(_ batch: RecordBatch, to sink: any Sink) throws {
        try sink.write(try batch.appendingLineage(jobID: job, fileVersionID: version))
    }

    /// Opens, writes and prepares.
    func prepared(_ batches: RecordBatch..., at target: any SinkTarget) throws -> any Sink {
        let sink = try open(target.makeFactory(), at: target)
        for batch in batches { try write(batch, to: sink) }
        try sink.prepare()
        return sink
    }

    /// From open to commit.
    @discardableResult
    func run(_ batches: RecordBatch..., at target: any SinkTarget) throws -> Artifact? {
        let sink = try open(target.makeFactory(), at: target)
        for batch in batches { try write(batch, to: sink) }
        try sink.prepare()
        return try sink.commit()
    }
}

/// The sink error that `body` throws; an issue and nil if it throws none.
func sinkError(
    _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) -> SinkError? {
    #expect(throws: SinkError.self, sourceLocation: sourceLocation) { try body() }
}

/// Checks that nothing is at a target, visible or not.
func expectNothing(
    at target: any SinkTarget, table: String = "t", sourceLocation: SourceLocation = #_sourceLocation
) throws {
    #expect(try target.visible(table).isEmpty, sourceLocation: sourceLocation)
    #expect(try target.staged().isEmpty, sourceLocation: sourceLocation)
}
