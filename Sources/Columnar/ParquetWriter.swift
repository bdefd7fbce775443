import CArrow

/// How a Parquet file is written.
public struct ParquetOptions: Hashable, Sendable {
    /// What `compression` can be.
    public static let compressions = ["snappy", "zstd", "gzip", "lz4", "brotli", "none"]

    public var compression = "zstd"
    /// Nil: the codec's own; 1 for zstd.
    public var compressionLevel: Int?
    public var rowGroupRowsMax = 512 * 1024
    /// Bytes of Arrow memory after which a row group ends; bounds what the writer holds.
    public var rowGroupBytesMax = 64 * 1024 * 1024
    /// Encode columns on several threads.
    public var usesThreads = true
    /// Choose each column's encoding by what its first rows take in each; false: dictionary, then plain, as readers from
    /// before 2021 need it.
    public var choosesEncodings = true
    /// Keys and values for the file's footer. Neither holds a NUL, U+001E or U+001F.
    public var keyValues: [String: String] = [:]
    /// Columns that get a bloom filter, by name: readers that look for one value skip row groups without it.
    public var bloomColumns: [String] = []

    public init() {}

    /// The levels that a codec knows; nil if it has none.
    public static func levels(of compression: String) -> ClosedRange<Int>? {
        switch compression {
        case "zstd": 1...22
        case "gzip": 1...9
        case "brotli": 1...11
        default: nil
        }
    }
}

/// Writes batches of one schema into one Parquet file. Blocks; used by one thread.
public final class ParquetWriter {
    private let handle: OpaquePointer
    public let path: String

    /// Creates or empties the file.
    ///
    /// A column of `options.bloomColumns` that the schema does not have, or that is boolean or nested, is an error of the
    /// first `write`.
    public init(path: String, schema: Schema, options: ParquetOptions = ParquetOptions()) throws(ColumnarError) {
        self.path = path
        self.handle = try checked(path) { error in
            options.withRaw { raw in ca_parquet_create(path, schema.handle, raw, error) }
        }
    }

    deinit { ca_parquet_release(handle) }

    /// The open file; -1 after `finish`.
    public var fileDescriptor: Int32 { ca_parquet_descriptor(handle) }

    /// - Throws: `.io` when the disk is full and the like; `.invalid` when the schema is another.
    public func write(_ batch: RecordBatch) throws(ColumnarError) {
        try checkedDone(path) { ca_parquet_write(handle, batch.handle, $0) }
    }

    /// Ends the row group, so that little but the file's index stays in memory and no descriptor is open until the next
    /// write.
    public func endRowGroup() throws(ColumnarError) {
        try checkedDone(path) { ca_parquet_end_group(handle, $0) }
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

extension ParquetOptions {
    /// The same for the shim; valid while `body` runs.
    fileprivate func withRaw(_ body: (UnsafePointer<ca_parquet_options>) -> OpaquePointer?) -> OpaquePointer? {
        let bloom = NameList.encode(bloomColumns)
        return compression.withCString { compression in
            NamedTypes.encode(keyValues).withCString { keyValues in
                bloom.withCString { bloom in
                    let raw = ca_parquet_options(
                        compression: compression, level: compressionLevel.map(Int32.init) ?? Int32.min,
                        row_group_rows_max: Int64(rowGroupRowsMax), row_group_bytes_max: Int64(rowGroupBytesMax),
                        threads: usesThreads, chooses_encodings: choosesEncodings, key_values: keyValues,
                        bloom_columns: bloom)
                    return withUnsafePointer(to: raw, body)
                }
            }
        }
    }
}
