import CasparianModel
import Columnar
import Synchronization

/// Tables in memory: what sinks do, without a disk. For previews and tests.
public final class MemoryTables: Sendable {
    private struct Table {
        var jobs: [JobID: [RecordBatch]] = [:]
    }

    private let tables = Mutex<[String: Table]>([:])

    public init() {}

    /// Batches that jobs promoted to a place, in the order of job ids.
    public func batches(at place: String) -> [RecordBatch] {
        tables.withLock { tables in
            (tables[place]?.jobs ?? [:]).sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }

    /// Adds a job's batches unless the job was promoted before.
    func promote(_ batches: [RecordBatch], job: JobID, place: String) {
        tables.withLock { tables in
            if tables[place]?.jobs[job] == nil { tables[place, default: Table()].jobs[job] = batches }
        }
    }

    func holds(job: JobID, place: String) -> Bool {
        tables.withLock { $0[place]?.jobs[job] != nil }
    }

    func isEmpty(at place: String) -> Bool {
        tables.withLock { $0[place]?.jobs.isEmpty ?? true }
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

    func prepare() throws {
        if request.mode == .error, !tables.isEmpty(at: request.uri.place),
            !tables.holds(job: request.jobID, place: request.uri.place)
        {
            throw SinkError(
                code: .rejected, target: request.uri.description, message: "mode=error, and rows are there already")
        }
    }

    func commit() throws -> Artifact? {
        let rows = staged.reduce(0) { $0 + $1.rowCount }
        guard rows > 0 else { return nil }
        tables.promote(staged, job: request.jobID, place: request.uri.place)
        return Artifact(
            topic: request.topic, uri: "memory://\(request.uri.place)", rows: Int64(rows),
            sizeBytes: Int64(staged.reduce(0) { $0 + $1.sizeBytes }))
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
