import CSQLite
import CasparianSinks
import Columnar

/// Binds the cells of one column to a statement's parameters, as the column's type says.
struct CellBinder {
    private enum Kind {
        case null
        case bool
        case int64
        case uint64
        case uint64Text
        case double
        case realFromInteger
        case decimalText
        case decimalScaled
        case text
        case blob
        case uuid
        case date
        case time(ColumnType.Unit)
        case timestamp(ColumnType.Unit, shiftSeconds: Int64, suffix: [UInt8])
    }

    private let column: PlainColumn
    private let kind: Kind

    /// Integers up to here are exact as doubles.
    private static let exactIntegerMax: Int64 = 1 << 53

    init(_ column: PlainColumn, declared: String, options: SQLiteOptions) {
        self.column = column
        kind = Self.kind(column.type, isReal: Affinity(declared: declared) == .real, options)
    }

    private static func kind(_ type: ColumnType, isReal: Bool, _ options: SQLiteOptions) -> Kind {
        switch type {
        case .null: .null
        case .bool: .bool
        case .integer(bits: 64, isSigned: false): options.unsignedIntegers == .text ? .uint64Text : .uint64
        case .integer: isReal ? .realFromInteger : .int64
        case .duration: .int64
        case .float: .double
        case .decimal: options.decimals == .text ? .decimalText : .decimalScaled
        case .text, .json: .text
        case .binary: .blob
        case .uuid: .uuid
        case .date: .date
        case .time(let unit): .time(unit)
        case .timestamp(let unit, let zone):
            .timestamp(unit, shiftSeconds: ZoneText(zone).shiftSeconds, suffix: Array(ZoneText(zone).suffix.utf8))
        }
    }

    /// Bytes of text that a cell needs beside the batch's own.
    var scratchBytesMax: Int {
        switch kind {
        case .uint64Text, .uuid: 40
        case .decimalText: 160
        case .date, .time: CalendarText.bytesMax
        case .timestamp(_, _, let suffix): CalendarText.bytesMax + suffix.count
        default: 0
        }
    }

    /// Binds one cell.
    ///
    /// - Parameters:
    ///   - row: In the batch, from 0.
    ///   - statement: Takes it.
    ///   - index: The parameter, from 1.
    ///   - scratch: Room for `scratchBytesMax` bytes that stays until the statement has run.
    /// - Returns: SQLite's code.
    /// - Throws: `CellRefusal`: SQLite cannot hold the value.
    @inline(__always)
    func bind(
        _ row: Int, to statement: OpaquePointer, at index: Int32, scratch: UnsafeMutablePointer<UInt8>
    ) throws(CellRefusal) -> Int32 {
        if column.isNull(row) { return sqlite3_bind_null(statement, index) }
        switch kind {
        case .null: return sqlite3_bind_null(statement, index)
        case .int64: return sqlite3_bind_int64(statement, index, column.int64(row))
        case .double: return bindDouble(column.double(row), to: statement, at: index)
        case .text: return try bindText(column.bytes(row), row, to: statement, at: index)
        case .bool: return sqlite3_bind_int64(statement, index, column.bool(row) ? 1 : 0)
        case .date:
            return bindScratch(CalendarText.date(column.int64(row), scratch), scratch, to: statement, at: index)
        case .timestamp(let unit, let shift, let suffix):
            let length = CalendarText.timestamp(column.int64(row), unit: unit, shiftSeconds: shift, scratch)
            for (offset, byte) in suffix.enumerated() { scratch[length + offset] = byte }
            return bindScratch(length + suffix.count, scratch, to: statement, at: index)
        case .blob:
            let bytes = column.bytes(row)
            guard bytes.count <= SQLiteLimits.valueBytesMax else { throw tooLarge(bytes.count, row) }
            return sqlite3_bind_blob64(statement, index, bytes.baseAddress, UInt64(bytes.count), nil)
        default: return try bindRare(row, to: statement, at: index, scratch: scratch)
        }
    }

    private func bindRare(
        _ row: Int, to statement: OpaquePointer, at index: Int32, scratch: UnsafeMutablePointer<UInt8>
    ) throws(CellRefusal) -> Int32 {
        switch kind {
        case .uint64:
            guard let number = Int64(exactly: column.uint64(row)) else {
                throw refusal(
                    row,
                    "\(column.uint64(row)) is more than SQLite's integers hold; uint64=text in the URI keeps it as text"
                )
            }
            return sqlite3_bind_int64(statement, index, number)
        case .uint64Text:
            return bindScratch(copy(String(column.uint64(row)), scratch), scratch, to: statement, at: index)
        case .realFromInteger:
            let number = column.int64(row)
            guard number.magnitude <= Self.exactIntegerMax.magnitude else {
                throw refusal(row, "\(number) would be rounded, since the table's column is REAL")
            }
            return sqlite3_bind_double(statement, index, Double(number))
        case .decimalText:
            return bindScratch(copy(column.decimalText(row), scratch), scratch, to: statement, at: index)
        case .decimalScaled:
            let text = column.decimalText(row)
            guard let number = Int64(text.filter { $0 != "." }) else {
                throw refusal(row, "\(text) is more than a scaled integer of 64 bits holds; decimal=text keeps it")
            }
            return sqlite3_bind_int64(statement, index, number)
        case .uuid:
            return bindScratch(uuid(column.bytes(row), scratch), scratch, to: statement, at: index)
        case .time(let unit):
            guard let length = CalendarText.time(column.int64(row), unit: unit, scratch) else {
                throw refusal(row, "\(column.int64(row)) \(unit.symbol) is no time of a day")
            }
            return bindScratch(length, scratch, to: statement, at: index)
        default: preconditionFailure("a common kind")
        }
    }

    /// SQLite takes NaN for NULL; as a text it stays what it is.
    private func bindDouble(_ value: Double, to statement: OpaquePointer, at index: Int32) -> Int32 {
        guard value.isNaN else { return sqlite3_bind_double(statement, index, value) }
        return sqlite3_bind_text(statement, index, Self.notANumber.utf8Start, 3, nil)
    }

    private static var notANumber: StaticString { "NaN" }

    @inline(__always)
    private func bindText(
        _ bytes: UnsafeRawBufferPointer, _ row: Int, to statement: OpaquePointer, at index: Int32
    ) throws(CellRefusal) -> Int32 {
        guard bytes.count <= SQLiteLimits.valueBytesMax else { throw tooLarge(bytes.count, row) }
        return sqlite3_bind_text(
            statement, index, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), nil)
    }

    @inline(__always)
    private func bindScratch(
        _ length: Int, _ scratch: UnsafeMutablePointer<UInt8>, to statement: OpaquePointer, at index: Int32
    ) -> Int32 {
        UnsafeRawPointer(scratch).withMemoryRebound(to: CChar.self, capacity: length) { text in
            sqlite3_bind_text(statement, index, text, Int32(length), nil)
        }
    }

    private func copy(_ text: String, _ scratch: UnsafeMutablePointer<UInt8>) -> Int {
        var length = 0
        for byte in text.utf8 {
            scratch[length] = byte
            length += 1
        }
        return length
    }

    /// RFC 9562, section 4.
    private func uuid(_ bytes: UnsafeRawBufferPointer, _ scratch: UnsafeMutablePointer<UInt8>) -> Int {
        var length = 0
        for (place, byte) in bytes.prefix(16).enumerated() {
            if [4, 6, 8, 10].contains(place) {
                scratch[length] = UInt8(ascii: "-")
                length += 1
            }
            for half in [byte >> 4, byte & 15] {
                scratch[length] = half < 10 ? UInt8(ascii: "0") + half : UInt8(ascii: "a") + half - 10
                length += 1
            }
        }
        return length
    }

    private func tooLarge(_ bytes: Int, _ row: Int) -> CellRefusal {
        refusal(row, "a value of \(bytes) bytes; SQLite holds \(SQLiteLimits.valueBytesMax)")
    }

    private func refusal(_ row: Int, _ reason: String) -> CellRefusal {
        CellRefusal(column: column.name, row: row, reason: reason)
    }
}

/// A value that SQLite cannot hold.
struct CellRefusal: Error {
    let column: String
    /// In the batch, from 0.
    let row: Int
    let reason: String
}
