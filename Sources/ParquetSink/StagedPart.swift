import Columnar
import Foundation

/// The rows of one partition: in memory, until they are many enough for a row group of its staged file.
final class StagedPart {
    let path: String
    let folder: String
    private let options: ParquetOptions
    private var schema: Schema
    private var writer: ParquetWriter?
    private var waiting: [RecordBatch] = []
    private(set) var waitingBytes = 0
    /// Whether what waits is slices of batches that others hold slices of too.
    private var isShared = false

    private static let folderKey = "casparian.partition"

    /// - Parameters:
    ///   - path: Of the staged file, made with the first row group.
    ///   - folder: `column=value/...`
    ///   - schema: Of its file.
    ///   - options: How the file is written.
    init(path: String, folder: String, schema: Schema, options: ParquetOptions) {
        self.path = path
        self.folder = folder
        self.schema = schema
        self.options = options
    }

    func add(_ batch: RecordBatch) throws(ColumnarError) {
        waiting.append(batch)
        waitingBytes += batch.sizeBytes
        isShared = true
    }

    /// Copies what waits, so that it takes no more memory than its cells.
    func compact() throws(ColumnarError) {
        guard isShared, !waiting.isEmpty else { return }
        waiting = [try RecordBatch.concatenated(waiting)]
        isShared = false
    }

    /// Writes what waits, as a row group.
    func flush() throws(ColumnarError) {
        guard !waiting.isEmpty else { return }
        let writer = try opened()
        try writer.write(RecordBatch.concatenated(waiting))
        try writer.endRowGroup()
        waiting = []
        waitingBytes = 0
    }

    /// Casts what waits and what is written to wider columns.
    func widen(to schema: Schema) throws {
        let written = writer
        self.schema = schema
        writer = nil
        waiting = try waiting.map { try $0.conforming(to: schema) }
        guard let written else { return }
        _ = try written.finish()
        let old = path + ParquetNames.oldSuffix
        guard rename(path, old) == 0 else {
            throw ColumnarError(code: .io, subject: path, message: String(cString: strerror(errno)))
        }
        defer { unlink(old) }
        let source = try BatchReader.parquet(path: old)
        let target = try opened()
        while let batch = try source.next() { try target.write(batch.conforming(to: schema)) }
        try target.endRowGroup()
    }

    /// Completes the file on the disk.
    func finish() throws(ColumnarError) -> (rows: Int64, sizeBytes: Int64) {
        try flush()
        return try opened().finish()
    }

    private func opened() throws(ColumnarError) -> ParquetWriter {
        if let writer { return writer }
        var options = options
        options.keyValues[Self.folderKey] = folder
        let made = try ParquetWriter(path: path, schema: schema, options: options)
        writer = made
        return made
    }
}
