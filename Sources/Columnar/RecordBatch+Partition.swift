import CArrow

extension RecordBatch {
    /// Rows that go into one folder.
    public struct Part: Sendable {
        /// `column=value`, one below the other for several columns; percent-encoded as Hive, Spark, DuckDB, polars and
        /// pyarrow decode it, null as `__HIVE_DEFAULT_PARTITION__`.
        public let folder: String
        /// Without the columns that the folder tells.
        public let batch: RecordBatch
    }

    /// The rows of each combination of values of some columns, in the order of first rows.
    ///
    /// The parts share memory: each holds all of it.
    /// - Parameter columns: Names; integers, decimals, booleans, texts, dates or timestamps.
    /// - Throws: `.invalid` for a column that is not there, of another type or with a name that no folder can have, and
    ///   for a value that a folder's name cannot hold.
    public func partitioned(by columns: [String]) throws(ColumnarError) -> [Part] {
        let parts = try checked("") { ca_batch_partition(handle, NameList.encode(columns), $0) }
        defer { ca_parts_release(parts) }
        return (0..<ca_parts_count(parts)).map { index in
            Part(
                folder: String(cString: ca_parts_folder(parts, index)),
                batch: RecordBatch(owning: ca_parts_batch(parts, index)))
        }
    }

    /// The rows of several batches of one schema as one, copied.
    ///
    /// - Parameter batches: At least one.
    public static func concatenated(_ batches: [RecordBatch]) throws(ColumnarError) -> RecordBatch {
        let handles = batches.map { Optional($0.handle) }
        return RecordBatch(owning: try checked("") { ca_batch_concatenate(handles, Int64(handles.count), $0) })
    }
}

extension Schema {
    /// The columns of the batches that `RecordBatch.partitioned` makes.
    ///
    /// - Throws: `.invalid` for a column that a table cannot be partitioned by.
    public func without(_ columns: [String]) throws(ColumnarError) -> Schema {
        Schema(owning: try checked("") { ca_schema_without(handle, NameList.encode(columns), $0) })
    }
}

/// Names as the shim passes them: `name RS`.
enum NameList {
    static func encode(_ names: [String]) -> String { names.map { $0 + "\u{1E}" }.joined() }
}
