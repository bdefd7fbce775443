import CArrow

/// A file as a stream of batches. Blocks; used by one thread, except `cancel`.
public final class BatchSource: @unchecked Sendable {
    // Sendable only for `cancel`, which the shim allows from any thread; `next` belongs to one thread by contract.
    private let handle: OpaquePointer
    /// The file, for messages.
    public let path: String
    /// Lives as long as the handle, which refers to it.
    private let observation: Observation?

    init(owning handle: OpaquePointer, path: String, observation: Observation? = nil) {
        self.handle = handle
        self.path = path
        self.observation = observation
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

    /// Records that are no rows, of what was read since this was asked last; between two `next` and after the last one.
    ///
    /// - Returns: `line` (int64, of the record's first line, from 1), `reason` and `raw` (texts); nil if there are none.
    /// - Throws: `ColumnarError`.
    public func takeRejected() throws(ColumnarError) -> RecordBatch? {
        var batch: OpaquePointer?
        try checkedDone(path) { ca_source_take_rejected(handle, &batch, $0) }
        return batch.map(RecordBatch.init(owning:))
    }

    /// After the last batch: reads on to the end of the file, so that the observer has seen all of it.
    ///
    /// - Throws: `.io`.
    public func readRest() throws(ColumnarError) { try checkedDone(path) { ca_source_read_rest(handle, $0) } }

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
    /// Lines that begin with it are passed over.
    public var comment: UInt8?
    public var badRecords = BadRecords.fail
    /// Numbers are written 1,5; what holds a point is then a text, since that may stand between thousands.
    public var hasDecimalComma = false
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

    /// What becomes of records with another number of fields than the first one, or with broken quotes.
    public enum BadRecords: Int8, Hashable, Sendable {
        /// The first one is an error.
        case fail
        /// They are put aside (`BatchSource.takeRejected`).
        case reject
        /// The same, but short ones get empty fields at their end.
        case fill
    }
}

/// Opens files as batches.
///
/// The readers that read a file from its beginning to its end show its bytes to an observer on the way.
public enum BatchReader {
    /// Delimited text.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - options: How to read it.
    ///   - observer: Sees the bytes that the rows are made of; a pass that only looks for wider types is not shown.
    public static func csv(
        path: String, options: CSVOptions = CSVOptions(), observer: (any ByteObserver)? = nil
    ) throws(ColumnarError) -> BatchSource {
        let observation = observer.map(Observation.init)
        let types = NamedTypes.encode(options.types)
        let nulls = options.nullValues.map { $0 + "\u{1E}" }.joined()
        let handle = try checked(path) { error in
            types.withCString { types in
                nulls.withCString { nulls in
                    var raw = ca_csv_options(
                        delimiter: CChar(bitPattern: options.delimiter ?? 0),
                        quote: CChar(bitPattern: options.quote ?? 0),
                        comment: CChar(bitPattern: options.comment ?? 0), bad_records: options.badRecords.rawValue,
                        decimal_comma: options.hasDecimalComma, has_header: options.hasHeader,
                        latin1: options.isLatin1, threads: Int32(options.threads),
                        block_bytes: Int64(options.blockBytes), types: types, null_values: nulls)
                    return Observation.pass(observation) { ca_csv_open(path, &raw, $0, error) }
                }
            }
        }
        return BatchSource(owning: handle, path: path, observation: observation)
    }

    /// JSON lines, one array of objects, or objects one after another.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - types: Columns to read as `string`, as written.
    ///   - blockBytes: Bytes read at once; 0: the default.
    ///   - observer: Sees the bytes that the rows are made of, not the pass before that finds the columns.
    public static func jsonLines(
        path: String, types: [String: String] = [:], blockBytes: Int = 0, observer: (any ByteObserver)? = nil
    ) throws(ColumnarError) -> BatchSource {
        let types = NamedTypes.encode(types)
        let observation = observer.map(Observation.init)
        let handle = try checked(path) { error in
            Observation.pass(observation) { ca_json_open(path, types, Int64(blockBytes), $0, error) }
        }
        return BatchSource(owning: handle, path: path, observation: observation)
    }

    public static func parquet(path: String) throws(ColumnarError) -> BatchSource {
        BatchSource(owning: try checked(path) { ca_parquet_open(path, $0) }, path: path)
    }

    /// An Arrow IPC file or stream.
    public static func ipc(path: String) throws(ColumnarError) -> BatchSource {
        BatchSource(owning: try checked(path) { ca_ipc_open(path, $0) }, path: path)
    }

    /// Plain text: `line_number` (int64, from 1) and `line` (string).
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - isLatin1: ISO 8859-1 instead of UTF-8.
    ///   - observer: Sees the file's bytes.
    public static func lines(
        path: String, isLatin1: Bool = false, observer: (any ByteObserver)? = nil
    ) throws(ColumnarError) -> BatchSource {
        let observation = observer.map(Observation.init)
        let handle = try checked(path) { error in
            Observation.pass(observation) { ca_lines_open(path, isLatin1, $0, error) }
        }
        return BatchSource(owning: handle, path: path, observation: observation)
    }
}
