import CasparianModel
import Columnar
import Synchronization

/// Tables in memory: what sinks do, without a disk. For previews and tests.
public final class MemoryTables: Sendable {
    private struct Promotion {
        var origin: RowOrigin
        var batches: [RecordBatch]
    }

    private let tables = Mutex<[String: [JobID: Promotion]]>([:])

    public init() {}

    /// Batches that jobs promoted to a place, in the order of job ids.
    public func batches(at place: String) -> [RecordBatch] { promotions(at: place).flatMap(\.self) }

    /// The same, one array for each job.
    public func promotions(at place: String) -> [[RecordBatch]] {
        tables.withLock { tables in
            (tables[place] ?? [:]).sorted { $0.key < $1.key }.map(\.value.batches)
        }
    }

    /// Throws what `promote` would throw now.
    func check(_ request: SinkRequest) throws(SinkError) {
        _ = try tables.withLock { tables throws(SinkError) in try Self.replaced(by: request, in: tables) }
    }

    /// Adds a job's batches unless the job was promoted before; returns what is there then.
    func promote(_ batches: [RecordBatch], for request: SinkRequest) throws(SinkError) -> [RecordBatch] {
        try tables.withLock { tables throws(SinkError) in
            for origin in try Self.replaced(by: request, in: tables) {
                tables[request.uri.place]?[origin.jobID] = nil
            }
            if let there = tables[request.uri.place]?[request.jobID] { return there.batches }
            if !batches.isEmpty {
                tables[request.uri.place, default: [:]][request.jobID] = Promotion(
                    origin: RowOrigin(request), batches: batches)
            }
            return batches
        }
    }

    private static func replaced(
        by request: SinkRequest, in tables: [String: [JobID: Promotion]]
    ) throws(SinkError) -> [RowOrigin] {
        let table = tables[request.uri.place] ?? [:]
        if let there = table[request.jobID] { try request.checkOwn(there.origin, at: request.uri.description) }
        return try request.replaced(among: table.values.map(\.origin))
    }
}

/// Opens sinks for `memory://<place>`.
public struct MemorySinkFactory: SinkFactory {
    public let scheme = "memory"
    private let tables: MemoryTables

    public init(tables: MemoryTables) { self.tables = tables }

    public func open(_ request: SinkRequest) throws -> any Sink { MemorySink(request: request, tables: tables) }
    public func removeLeftovers() throws -> [String] { [] }
}

final class MemorySink: Sink {
    private let request: SinkRequest
    private let tables: MemoryTables
    private var staged: [RecordBatch] = []
    private var schema = StagedSchema()

    init(request: SinkRequest, tables: MemoryTables) {
        self.request = request
        self.tables = tables
    }

    func write(_ batch: RecordBatch) throws {
        guard batch.rowCount > 0 else { return }
        do {
            switch try schema.step(for: batch.schema) {
            case .same, .begin: staged.append(batch)
            case .cast(let target): staged.append(try batch.conforming(to: target))
            case .widen(let target): staged = try (staged + [batch]).map { try $0.conforming(to: target) }
            }
        } catch let error as ColumnarError {
            throw SinkError(columnar: error, request: request)
        }
    }

    func reset() throws {
        staged = []
        schema.reset()
    }

    func prepare() throws { try tables.check(request) }

    func commit() throws -> Artifact? {
        let batches = try tables.promote(staged, for: request)
        guard !batches.isEmpty else { return nil }
        return Artifact(
            topic: request.topic, uri: "memory://\(request.uri.place)",
            rows: Int64(batches.reduce(0) { $0 + $1.rowCount }),
            sizeBytes: Int64(batches.reduce(0) { $0 + $1.sizeBytes }))
    }

    func discard() { staged = [] }
}

extension SinkError {
    /// A columnar failure at a target.
    public init(columnar error: ColumnarError, request: SinkRequest) {
        let code: Code =
            switch error.code {
            case .typeConflict: .incompatibleColumn
            case .io: .io
            default: .rejected
            }
        self.init(
            code: code, target: request.uri.description,
            message: "topic '\(request.topic)' of \(request.filePath): \(error)")
    }
}
