import CasparianModel
import CasparianSinks
import Columnar

/// One topic of one job as Parquet: staged, then promoted.
final class ParquetSink: Sink {
    private let request: SinkRequest
    private let staging: any ParquetStaging
    private var schema = StagedSchema()
    private var promoted: Artifact?
    private var isPromoted = false

    init(request: SinkRequest, staging: any ParquetStaging) {
        self.request = request
        self.staging = staging
    }

    func write(_ batch: RecordBatch) throws {
        guard batch.rowCount > 0 else { return }
        try translated {
            switch try schema.step(for: batch.schema) {
            case .same: try staging.write(batch)
            case .begin(let target):
                try staging.begin(target)
                try staging.write(batch)
                ParquetStep.staged.reached()
            case .cast(let target): try staging.write(batch.conforming(to: target))
            case .widen(let target):
                try staging.widen(to: target)
                ParquetStep.rewritten.reached()
                try staging.write(batch.conforming(to: target))
            }
        }
    }

    func reset() throws {
        staging.discard()
        schema.reset()
    }

    func prepare() throws {
        try translated { try staging.prepare() }
        ParquetStep.prepared.reached()
    }

    func commit() throws -> Artifact? {
        guard !isPromoted else { return promoted }
        promoted = try translated { try staging.promote() }
        isPromoted = true
        return promoted
    }

    func discard() {
        guard !isPromoted else { return }
        staging.discard()
    }

    private func translated<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as ColumnarError {
            throw SinkError(columnar: error, request: request)
        }
    }
}
