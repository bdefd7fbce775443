import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// One topic of one job as rows of one SQLite table.
final class SQLiteSink: Sink {
    private let request: SinkRequest
    private let place: SQLitePlace
    private let options: SQLiteOptions
    private let promotion: SQLitePromotion
    private var staging: StagingDatabase?
    private var schema = StagedSchema()
    private var promoted: Artifact?
    private var isPromoted = false

    init(request: SinkRequest, place: SQLitePlace, options: SQLiteOptions, now: @escaping @Sendable () -> Timestamp) {
        self.request = request
        self.place = place
        self.options = options
        promotion = SQLitePromotion(request: request, place: place, options: options, now: now)
    }

    /// On what an earlier process prepared.
    convenience init(
        resuming staging: StagingDatabase?, request: SinkRequest, place: SQLitePlace, options: SQLiteOptions,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.init(request: request, place: place, options: options, now: now)
        self.staging = staging
    }

    func write(_ batch: RecordBatch) throws {
        guard batch.rowCount > 0 else { return }
        do {
            switch try schema.step(for: batch.schema) {
            case .same: try staging?.insert(batch)
            case .begin:
                try begin(batch)
                try staging?.insert(batch)
                SQLiteStep.staged.reached()
            case .cast(let target): try staging?.insert(batch.conforming(to: target))
            case .widen(let target):
                let batch = try batch.conforming(to: target)
                try staging?.change(change(staging?.layout, batch))
                SQLiteStep.widened.reached()
                try staging?.insert(batch)
            }
        } catch let error as ColumnarError {
            throw SinkError(columnar: error, request: request)
        }
    }

    func reset() throws {
        discard()
        schema.reset()
    }

    func prepare() throws {
        try staging?.finish(RowOrigin(request))
        try promotion.check(staging)
        SQLiteStep.prepared.reached()
    }

    func commit() throws -> Artifact? {
        if isPromoted { return promoted }
        promoted = try promotion.run(staging)
        isPromoted = true
        staging?.remove()
        staging = nil
        SQLiteStep.cleaned.reached()
        return promoted
    }

    func discard() {
        staging?.remove()
        staging = nil
    }

    private func begin(_ batch: RecordBatch) throws {
        let present = try promotion.target()
        staging = try StagingDatabase(
            place, job: request.jobID, layout: try change(present, batch).layout, options: options)
    }

    private func change(_ table: SQLiteTable?, _ batch: RecordBatch) throws -> TableChange {
        try TableChange(
            present: table, name: place.table, fields: SQLiteField.fields(of: batch, options),
            context: "topic '\(request.topic)' of \(request.filePath)", target: place.artifactURI)
    }
}
