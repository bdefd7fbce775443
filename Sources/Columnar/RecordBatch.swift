import CArrow
import Foundation

/// Rows in columns: an immutable Arrow record batch.
public final class RecordBatch: @unchecked Sendable {
    // Sendable: the handle is constant and Arrow's record batches are immutable and reference-counted atomically.
    let handle: OpaquePointer

    /// Takes over the handle.
    init(owning handle: OpaquePointer) { self.handle = handle }

    deinit { ca_batch_release(handle) }

    public var rowCount: Int { Int(ca_batch_rows(handle)) }
    public var columnCount: Int { Int(ca_batch_columns(handle)) }
    /// Bytes of memory that its cells take.
    public var sizeBytes: Int { Int(ca_batch_bytes(handle)) }
    public var schema: Schema { Schema(owning: ca_batch_schema(handle)) }

    /// Rows `start ..< start + count`, without copying. Clipped to the batch.
    public func slice(from start: Int, count: Int) -> RecordBatch {
        let first = min(max(start, 0), rowCount)
        return RecordBatch(owning: ca_batch_slice(handle, Int64(first), Int64(min(max(count, 0), rowCount - first))))
    }

    /// The same rows with `_job_id` and `_file_version_id` (int64) as the last two columns.
    ///
    /// - Throws: `.invalid` when a column has one of these names already, or a NUL in its name.
    public func appendingLineage(jobID: Int64, fileVersionID: Int64) throws(ColumnarError) -> RecordBatch {
        RecordBatch(owning: try checked("") { ca_batch_append_lineage(handle, jobID, fileVersionID, $0) })
    }

    /// The same rows with the columns of `schema`: cast where types differ, null where this batch has none.
    ///
    /// - Throws: `.typeConflict` when a value would change.
    public func conforming(to schema: Schema) throws(ColumnarError) -> RecordBatch {
        RecordBatch(owning: try checked("") { ca_batch_conform(handle, schema.handle, $0) })
    }

    /// Cells as texts for a preview, row by row; nil is null.
    public func cellTexts(rows: Range<Int>) throws(ColumnarError) -> [[String?]] {
        var table: [[String?]] = []
        for row in rows.clamped(to: 0..<rowCount) {
            var line: [String?] = []
            for column in 0..<columnCount { line.append(try cellText(row: row, column: column)) }
            table.append(line)
        }
        return table
    }

    private func cellText(row: Int, column: Int) throws(ColumnarError) -> String? {
        var error = ca_error()
        var length = 0
        guard let text = ca_batch_cell(handle, Int32(column), Int64(row), &length, &error) else {
            if error.code != 0 { throw ColumnarError(&error, subject: "") }
            return nil
        }
        defer { free(text) }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }
}
