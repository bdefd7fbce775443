import CArrow

/// A batch's cells in few layouts, for who reads them one by one: dictionaries, views and run-end encodings are plain,
/// integers are 64 bits wide, nested cells are JSON. Nothing changes its value.
public final class PlainColumns: @unchecked Sendable {
    // Sendable: the handle is constant and what it points to is never changed after it was made.
    private let handle: OpaquePointer
    /// The batch's columns in their order; valid while this object lives.
    public let columns: [PlainColumn]
    public let rowCount: Int

    init(owning handle: OpaquePointer, rowCount: Int) {
        self.handle = handle
        self.rowCount = rowCount
        columns = (0..<ca_plain_count(handle)).map { PlainColumn(ca_plain_column_at(handle, $0)) }
    }

    deinit { ca_plain_release(handle) }
}

extension RecordBatch {
    /// The same cells in few layouts.
    ///
    /// - Throws: `.unsupported` or `.invalid` for a type that has none of them.
    public func plainColumns() throws(ColumnarError) -> PlainColumns {
        PlainColumns(owning: try checked("") { ca_batch_plain(handle, $0) }, rowCount: rowCount)
    }
}

/// One column of `PlainColumns`, which has to live as long. Rows count from 0 and are not checked.
public struct PlainColumn: @unchecked Sendable {
    // Sendable: memory that nobody changes.
    public let name: String
    public let type: ColumnType
    public let isNullable: Bool
    private let raw: UnsafePointer<ca_plain_column>
    /// For ranges without bytes.
    @usableFromInline let someAddress: UnsafeRawPointer
    @usableFromInline let isAllNull: Bool
    @usableFromInline let validity: UnsafePointer<UInt8>?
    @usableFromInline let offset: Int
    @usableFromInline let values: UnsafeRawPointer?
    @usableFromInline let offsets: UnsafePointer<Int32>?
    @usableFromInline let largeOffsets: UnsafePointer<Int64>?
    @usableFromInline let data: UnsafePointer<UInt8>?

    init(_ raw: UnsafePointer<ca_plain_column>) {
        let column = raw.pointee
        self.raw = raw
        name = String(cString: column.name)
        type = ColumnType(column)
        isNullable = column.is_nullable
        someAddress = UnsafeRawPointer(raw)
        isAllNull = type == .null
        validity = column.validity
        offset = Int(column.offset)
        values = column.values
        offsets = column.offsets
        largeOffsets = column.large_offsets
        data = column.data
    }

    /// Whether any cell may be null.
    @inlinable public var hasNulls: Bool { isAllNull || validity != nil }

    @inlinable
    public func isNull(_ row: Int) -> Bool {
        guard let validity else { return isAllNull }
        return !Self.bit(validity, offset + row)
    }

    /// Of an integer (unsigned with 64 bits: `uint64`), date in days, time, timestamp or duration in its unit.
    @inlinable
    public func int64(_ row: Int) -> Int64 { values.unsafelyUnwrapped.load(fromByteOffset: row &* 8, as: Int64.self) }
    /// Of an unsigned integer with 64 bits.
    @inlinable
    public func uint64(_ row: Int) -> UInt64 {
        values.unsafelyUnwrapped.load(fromByteOffset: row &* 8, as: UInt64.self)
    }
    /// Of a float.
    @inlinable
    public func double(_ row: Int) -> Double {
        values.unsafelyUnwrapped.load(fromByteOffset: row &* 8, as: Double.self)
    }
    @inlinable
    public func bool(_ row: Int) -> Bool {
        Self.bit(values.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self), offset + row)
    }

    /// Of text and JSON (UTF-8), binary and UUID. The address is not null, also when there are no bytes.
    @inlinable
    public func bytes(_ row: Int) -> UnsafeRawBufferPointer {
        let range: (start: Int, end: Int)
        if let offsets {
            range = (Int(offsets[row]), Int(offsets[row &+ 1]))
        } else {
            let offsets = largeOffsets.unsafelyUnwrapped
            range = (Int(offsets[row]), Int(offsets[row &+ 1]))
        }
        guard let data, range.end > range.start else { return UnsafeRawBufferPointer(start: someAddress, count: 0) }
        return UnsafeRawBufferPointer(start: data + range.start, count: range.end &- range.start)
    }

    /// Of a decimal: digits, with a point where the scale is positive; never an exponent.
    public func decimalText(_ row: Int) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CA_DECIMAL_TEXT_BYTES)) { text in
            let length = ca_plain_decimal_text(raw, Int64(row), text.baseAddress)
            return String(
                decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[..<Int(length)]), as: UTF8.self)
        }
    }

    /// Of a decimal: its digits as one integer, little-endian two's complement, 16 or 32 bytes.
    public func decimalBytes(_ row: Int) -> UnsafeRawBufferPointer {
        let width = Int(raw.pointee.bits / 8)
        return UnsafeRawBufferPointer(start: values.unsafelyUnwrapped + row * width, count: width)
    }

    @inlinable
    static func bit(_ bitmap: UnsafePointer<UInt8>, _ index: Int) -> Bool {
        bitmap[index >> 3] & (1 << UInt8(truncatingIfNeeded: index & 7)) != 0
    }
}
