import CArrow

/// What the columns of batches must be; sorts out the rows that are not.
public final class RowContract: @unchecked Sendable {
    // Sendable: the handle is constant and what it points to is never changed after it was made.
    private let handle: OpaquePointer

    /// One column that batches must have.
    public struct Column: Hashable, Sendable {
        public var name: String
        /// `any`, `bool`, `int8` to `int64`, `uint8` to `uint64`, `float32`, `float64`, `decimal(P, S)`, `string`,
        /// `binary`, `json`, `date`, `time[UNIT]`, `timestamp[UNIT]` or `timestamp[UNIT, ZONE]`; UNIT is `s`, `ms`, `us` or
        /// `ns`.
        public var type: String
        public var isNullable: Bool
        /// How dates and times are written (docs/sinks.md); nil: ISO 8601.
        public var format: String?
        public var rules: Rules

        public init(
            name: String, type: String, isNullable: Bool = true, format: String? = nil, rules: Rules = Rules()
        ) {
            self.rules = rules
            self.name = name
            self.type = type
            self.isNullable = isNullable
            self.format = format
        }
    }

    /// What a column's values have to be beside of its type. Texts are such as fit it.
    public struct Rules: Hashable, Sendable {
        /// All that there may be; empty: anything.
        public var values: [String]
        /// Bounds of numbers, dates and times, themselves allowed.
        public var minimum: String?
        public var maximum: String?
        /// Characters of texts, bytes of bytes.
        public var lengthMin: Int?
        public var lengthMax: Int?

        public init(
            values: [String] = [], minimum: String? = nil, maximum: String? = nil, lengthMin: Int? = nil,
            lengthMax: Int? = nil
        ) {
            self.values = values
            self.minimum = minimum
            self.maximum = maximum
            self.lengthMin = lengthMin
            self.lengthMax = lengthMax
        }
    }

    /// What happens with columns that the contract does not name.
    public enum ExtraColumns: Int32, Sendable {
        case keep, drop, error
    }

    /// A batch's rows, sorted.
    public struct SortedRows: Sendable {
        /// The rows that fit: the contract's columns in its order and types, then the others.
        public var accepted: RecordBatch
        /// The other rows, one each, nil if there are none: `row_number` (int64), `column` and `reason` (of the first
        /// column that does not fit), `raw` (its cell as text), `record` (the whole row as a JSON object), `code`
        /// (`type`, `null`, `missing`, `value`, `range` or `length`).
        public var rejected: RecordBatch?
    }

    /// - Throws: `.invalid` for a type that is unknown, a column that stands twice, or a rule that its type cannot keep.
    public init(columns: [Column], extraColumns: ExtraColumns = .keep) throws(ColumnarError) {
        let texts = TextStorage()
        let raw = columns.map { column in
            ca_contract_column(
                name: texts.keep(column.name), type: texts.keep(column.type),
                format: column.format.map { texts.keep($0) }, is_nullable: column.isNullable,
                rules: ca_contract_rules(
                    values: texts.keep(all: column.rules.values), value_count: Int64(column.rules.values.count),
                    minimum: column.rules.minimum.map { texts.keep($0) },
                    maximum: column.rules.maximum.map { texts.keep($0) },
                    length_min: Int64(column.rules.lengthMin ?? -1), length_max: Int64(column.rules.lengthMax ?? -1)))
        }
        handle = try checked("") { ca_contract_create(raw, Int64(raw.count), extraColumns.rawValue, $0) }
        withExtendedLifetime(texts) {}
    }

    deinit { ca_contract_release(handle) }

    /// Casts a batch to the contract's types, without changing a value, and sorts out the rows where that cannot be.
    ///
    /// - Parameters:
    ///   - batch: The rows.
    ///   - firstRow: The `row_number` of the batch's first row.
    /// - Throws: `.invalid` for a column that the contract does not allow or that stands twice.
    public func sort(_ batch: RecordBatch, firstRow: Int64) throws(ColumnarError) -> SortedRows {
        var accepted: OpaquePointer?
        var rejected: OpaquePointer?
        try checkedDone("") { ca_batch_apply_contract(batch.handle, handle, firstRow, &accepted, &rejected, $0) }
        guard let accepted else { preconditionFailure("the shim gives a batch when it succeeds") }
        return SortedRows(
            accepted: RecordBatch(owning: accepted), rejected: rejected.map(RecordBatch.init(owning:)))
    }
}

/// C strings that stay where they are as long as it lives.
private final class TextStorage {
    private var texts: [UnsafeMutablePointer<CChar>] = []
    private var lists: [UnsafeMutablePointer<UnsafePointer<CChar>?>] = []

    func keep(_ text: String) -> UnsafePointer<CChar> {
        let bytes = Array(text.utf8CString)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        texts.append(copy)
        return UnsafePointer(copy)
    }

    func keep(all list: [String]) -> UnsafePointer<UnsafePointer<CChar>?> {
        let copy = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: max(list.count, 1))
        for (index, text) in list.enumerated() { (copy + index).initialize(to: keep(text)) }
        lists.append(copy)
        return UnsafePointer(copy)
    }

    deinit {
        for list in lists { list.deallocate() }
        for text in texts { text.deallocate() }
    }
}
