import Columnar

/// Batches for sinks.
enum RecordBatchFixture {
    /// One row with a column that no other batch here has.
    static func other() throws -> RecordBatch {
        try RecordBatch(columns: [("other", .bool([true]))]).appendingLineage(jobID: 7, fileVersionID: 1)
    }
}
