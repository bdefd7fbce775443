import CArrow

/// How a Parquet file is written.
public struct ParquetOptions: Hashable, Sendable {
    /// snappy, zstd, gzip, lz4, brotli or none.
    public var compression = "snappy"
    /// Nil: the codec's own.
    public var compressionLevel: Int?
    public var rowGroupRowsMax = 512 * 1024
    /// Bytes of Arrow memory after which a row group ends; bounds what the writer holds.
    public var rowGroupBytesMax = 64 * 1024 * 1024
    /// Encode columns on several threads.
    public var usesThreads = true
    /// Choose each column's encoding from its first rows, integers as differences among them; false: dictionary, then
    /// plain, as readers from before 2021 need it.
    public var choosesEncodings = true

    public init() {}
}

/// Writes batches of one schema into one Parquet file. Blocks; used by one thread.
public final class ParquetWriter {
    private let handle: OpaquePointer
    public let path: String

    /// Creates or empties the file.
    public init(path: String, schema: Schema, options: ParquetOptions = ParquetOptions()) throws(ColumnarError) {
        self.path = path
        self.handle = try checked(path) { error in
            options.compression.withCString { compression in
                var raw = ca_parquet_options(
                    compression: compression, level: options.compressionLevel.map(Int32.init) ?? Int32.min,
                    row_group_rows_max: Int64(options.rowGroupRowsMax),
                    row_group_bytes_max: Int64(options.rowGroupBytesMax), threads: options.usesThreads,
                    chooses_encodings: options.choosesEncodings)
                return ca_parquet_create(path, schema.handle, &raw, error)
            }
        }
    }

    deinit { ca_parquet_release(handle) }

    /// The open file, so that its owner can lock it; -1 after `finish`.
    public var fileDescriptor: Int32 { ca_parquet_descriptor(handle) }

    /// - Throws: `.io` when the disk is full and the like; `.invalid` when the schema is another.
    public func write(_ batch: RecordBatch) throws(ColumnarError) {
        try checkedDone(path) { ca_parquet_write(handle, batch.handle, $0) }
    }

    /// Writes the footer, syncs the file to disk and closes it.
    ///
    /// - Returns: Rows, and the file's size in bytes.
    public func finish() throws(ColumnarError) -> (rows: Int64, sizeBytes: Int64) {
        var rows: Int64 = 0
        var sizeBytes: Int64 = 0
        try checkedDone(path) { ca_parquet_finish(handle, &rows, &sizeBytes, $0) }
        return (rows, sizeBytes)
    }
}
