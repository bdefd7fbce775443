import CasparianModel
import CasparianSinks
import Columnar

/// A kind of sink under test, with an empty place of its own to write to.
public protocol SinkTarget: Sendable {
    /// Opens its sinks, as another process would: two of them share nothing but the place.
    func makeFactory() -> any SinkFactory
    /// The URI of a table of that name.
    func uri(_ table: String) -> String
    /// What a reader sees there, one part for each promotion, in the order of job ids.
    func visible(_ table: String) throws -> [SinkTable]
    /// Whatever else lies at the target.
    func staged() throws -> [String]
    /// Whether its texts can hold NUL; a sink whose texts cannot refuses it.
    var holdsNUL: Bool { get }
    /// Columns that a table may have, those of lineage among them; nil if there is no limit below 10,000.
    var columnsMax: Int? { get }
    /// Whether `Name` and `name` are one column to it.
    var foldsCase: Bool { get }
    /// Whether a text may have more than 1 GiB.
    var holdsHugeTexts: Bool { get }
}

extension SinkTarget {
    public var holdsNUL: Bool { true }
    public var columnsMax: Int? { nil }
    public var foldsCase: Bool { false }
    public var holdsHugeTexts: Bool { true }
}

/// Rows as a reader sees them.
public struct SinkTable: Equatable, Sendable {
    /// `name:type`
    public var columns: [String] = []
    public var rows: [[String?]] = []

    public init(columns: [String], rows: [[String?]]) {
        self.columns = columns
        self.rows = rows
    }

    public init(_ batches: [RecordBatch]) throws {
        columns = batches.first?.schema.fields.map { "\($0.name):\($0.type)" } ?? []
        for batch in batches { rows += try batch.cellTexts(rows: 0..<batch.rowCount) }
    }

    public init(parquet path: String) throws {
        let source = try BatchReader.parquet(path: path)
        columns = source.schema.fields.map { "\($0.name):\($0.type)" }
        while let batch = try source.next() { rows += try batch.cellTexts(rows: 0..<batch.rowCount) }
    }
}
