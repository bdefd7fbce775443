import CArrow

/// A file as a stream of batches. Blocks; used by one thread, except `cancel`.
public final class BatchSource: @unchecked Sendable {
    // Sendable only for `cancel`, which the shim allows from any thread; `next` belongs to one thread by contract.
    private let handle: OpaquePointer
    /// The file, for messages.
    public let path: String

    init(owning handle: OpaquePointer, path: String) {
        self.handle = handle
        self.path = path
    }

    deinit { ca_source_release(handle) }

    public var schema: Schema { Schema(owning: ca_source_schema(handle)) }

    /// The next batch, nil at the end.
    ///
    /// - Throws: `.malformed` with the line; `.typeConflict` with types to start anew with; `.cancelled`; `.io`.
    public func next() throws(ColumnarError) -> RecordBatch? {
        var batch: OpaquePointer?
        try checkedDone(path) { ca_source_next(handle, &batch, $0) }
        return batch.map(RecordBatch.init(owning:))
    }

    /// Stops the running and every later `next`; from any thread.
    public func cancel() { ca_source_cancel(handle) }
}

/// How a CSV file is read. The defaults find everything out.
public struct CSVOptions: Hashable, Sendable {
    /// Nil: found out among comma, semicolon, tab and bar.
    public var delimiter: UInt8?
    /// Nil: quotes mean nothing.
    public var quote: UInt8? = UInt8(ascii: "\"")
    public var hasHeader = true
    /// ISO 8859-1 instead of UTF-8.
    public var isLatin1 = false
    /// Types by column name: bool, int64, double, date32, timestamp[us], timestamp[ns], string, binary (and `, UTC`).
    public var types: [String: String] = [:]
    /// Texts that mean null beside the unquoted empty field.
    public var nullValues: [String] = []
    /// Threads that convert; 0: one for each processor.
    public var threads = 0
    /// Bytes of a block; 0: the default of 2 MiB.
    public var blockBytes = 0

    public init() {}
}

/// Opens files as batches.
public enum BatchReader {
    public static func csv(path: String, options: CSVOptions = CSVOptions()) throws(ColumnarError) -> BatchSource {
        let types = NamedTypes.encode(options.types)
        let nulls = options.nullValues.map { $0 + "\u{1E}" }.joined()
        let handle = try checked(path) { error in
            types.withCString { types in
                nulls.withCString { nulls in
                    var raw = ca_csv_options(
                        delimiter: CChar(bitPattern: options.delimiter ?? 0),
                        quote: CChar(bitPattern: options.quote ?? 0), has_header: options.hasHeader,
                        latin1: options.isLatin1, threads: Int32(options.threads),
                        block_bytes: Int64(options.blockBytes), types: types, null_values: nulls)
                    return ca_csv_open(path, &raw, error)
                }
            }
        }
        return BatchSource(owning: handle, path: path)
    }

    /// JSON lines, one array of objects, or objects one after another.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - types: Columns to read as `string`, as written.
    ///   - blockBytes: Bytes read at once; 0: the default.
    public static func jsonLines(
        path: String, types: [String: String] = [:], blockBytes: Int = 0
    ) throws(ColumnarError) -> BatchSource {
        let types = NamedTypes.encode(types)
        return BatchSource(
            owning: try checked(path) { ca_json_open(path, types, Int64(blockBytes), $0) }, path: path)
    }

    public static func parquet(path: String) throws(ColumnarError) -> BatchSource {
        BatchSource(owning: try checked(path) { ca_parquet_open(path, $0) }, path: path)
    }

    /// An Arrow IPC file or stream.
    public static func ipc(path: String) throws(ColumnarError) -> BatchSource {
        BatchSource(owning: try checked(path) { ca_ipc_open(path, $0) }, path: path)
    }

    /// Plain text: `line_number` (int64, from 1) and `line` (string).
    public static func lines(path: String, isLatin1: Bool = false) throws(ColumnarError) -> BatchSource {
        BatchSource(owning: try checked(path) { ca_lines_open(path, isLatin1, $0) }, path: path)
    }
}
