import CArrow

/// The cells of one column as plain values; nil is null.
public enum ColumnValues: Sendable {
    case int64([Int64?])
    case double([Double?])
    case bool([Bool?])
    case string([String?])
}

extension RecordBatch {
    /// A batch from plain values, for small tables.
    ///
    /// - Parameter columns: Names and cells, equally many in each column.
    /// - Throws: `.invalid` when columns differ in length.
    public convenience init(columns: [(name: String, values: ColumnValues)]) throws(ColumnarError) {
        let builder = ca_columns_create()
        defer { ca_columns_release(builder) }
        for (name, values) in columns { try Self.add(values, named: name, to: builder) }
        self.init(owning: try checked("") { ca_columns_finish(builder, $0) })
    }

    private static func add(
        _ values: ColumnValues, named name: String, to builder: OpaquePointer?
    ) throws(ColumnarError) {
        try checkedDone("") { error in
            switch values {
            case .int64(let cells):
                ca_columns_add_int64(
                    builder, name, cells.map { $0 ?? 0 }, validity(cells), Int64(cells.count), error)
            case .double(let cells):
                ca_columns_add_double(
                    builder, name, cells.map { $0 ?? 0 }, validity(cells), Int64(cells.count), error)
            case .bool(let cells):
                ca_columns_add_bool(
                    builder, name, cells.map { $0 == true ? 1 : 0 }, validity(cells), Int64(cells.count), error)
            case .string(let cells):
                addTexts(cells, named: name, to: builder, error)
            }
        }
    }

    private static func addTexts(
        _ cells: [String?], named name: String, to builder: OpaquePointer?, _ error: UnsafeMutablePointer<ca_error>
    ) -> Bool {
        var bytes: [UInt8] = []
        var offsets: [Int64] = [0]
        for cell in cells {
            bytes += (cell ?? "").utf8
            offsets.append(Int64(bytes.count))
        }
        return bytes.withUnsafeBytes { bytes in
            ca_columns_add_string(
                builder, name, bytes.bindMemory(to: CChar.self).baseAddress, offsets, validity(cells),
                Int64(cells.count), error)
        }
    }

    private static func validity<Cell>(_ cells: [Cell?]) -> [UInt8] { cells.map { $0 == nil ? 0 : 1 } }
}
