import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// Rows in one file.
final class FileStaging: ParquetStaging {
    private let names: ParquetNames
    private let promotion: any FilePromotion
    private let request: SinkRequest
    private let settings: ParquetSettings
    private var file: StagingFile?
    private var writer: ParquetWriter?
    private var prepared: (rows: Int64, sizeBytes: Int64)?

    init(request: SinkRequest, names: ParquetNames, settings: ParquetSettings, promotion: any FilePromotion) {
        self.request = request
        self.names = names
        self.settings = settings
        self.promotion = promotion
    }

    func takeUp(rows: Int64) throws -> Bool {
        let isDone = try promotion.isDone()
        // Where the rows are there already, staging is only what is left to remove.
        let found = isDone ? try? StagingFile(existing: names.staging) : try StagingFile(existing: names.staging)
        guard let file = found, let footer = ParquetFooter(ofJob: request, at: names.staging), footer.rows == rows,
            let sizeBytes = FileSize.of(names.staging)
        else { return isDone }
        self.file = file
        prepared = (rows, sizeBytes)
        return true
    }

    func begin(_ schema: Schema) throws {
        try Folder.requireInside(names.folder, root: names.root)
        try Folder.make(names.folder)
        try promotion.begin()
        try open(schema)
        unlink(names.old)
    }

    func write(_ batch: RecordBatch) throws { try writer?.write(batch) }

    /// Batch by batch, through a second staging file.
    func widen(to schema: Schema) throws {
        guard let old = file else { preconditionFailure("only what is staged is widened") }
        _ = try writer?.finish()
        let reason = old.move(to: names.old)
        guard reason == 0 else {
            throw SinkError(
                code: .io, target: names.final, message: "cannot be staged anew: \(String(cString: strerror(reason)))")
        }
        defer { old.remove() }
        file = nil
        try open(schema)
        let source = try BatchReader.parquet(path: old.path)
        while let batch = try source.next() { try writer?.write(batch.conforming(to: schema)) }
    }

    func prepare() throws {
        prepared = try writer?.finish()
        if prepared != nil { ParquetStep.footer.reached() }
        try promotion.prepare(staged)
    }

    private var staged: StagedFile? {
        guard let file, let prepared else { return nil }
        return StagedFile(file: file, rows: prepared.rows, sizeBytes: prepared.sizeBytes)
    }

    func promote() throws -> Artifact? {
        let artifact = try promotion.run(staged)
        file = nil
        return artifact
    }

    func discard() {
        promotion.discard()
        writer = nil
        prepared = nil
        file?.remove()
        file = nil
    }

    private func open(_ schema: Schema) throws {
        let file = try StagingFile(path: names.staging)
        self.file = file
        writer = try ParquetWriter(path: file.path, schema: schema, options: settings.labelled())
    }
}
