import Columnar
import Foundation

/// Writes the rows of a batch into a COPY, in PostgreSQL's binary form.
struct RowEncoder {
    private let plain: PlainColumns
    private let cells: [CellEncoder]
    private let rowBytesMax: Int

    /// - Parameters:
    ///   - plain: The rows.
    ///   - rowBytesMax: Most bytes of texts and binaries in a row.
    init(_ plain: PlainColumns, rowBytesMax: Int) {
        self.plain = plain
        cells = plain.columns.map(CellEncoder.init)
        self.rowBytesMax = rowBytesMax
    }

    /// - Throws: `UnholdableCell`, `ServerError`.
    func write(to buffer: CopyBuffer) throws {
        // The cells are the plain columns' memory.
        defer { withExtendedLifetime(plain) {} }
        let count = Int16(cells.count)
        try cells.withUnsafeBufferPointer { cells in
            // By address: a copy of a column for each cell would count references up and down.
            guard let first = cells.baseAddress else { return }
            for row in 0..<plain.rowCount {
                if buffer.count >= CopyBuffer.chunkBytes { try buffer.flush() }
                var cursor = buffer.base + buffer.count
                cursor.put(count)
                var variableBytes = 0
                for cell in first..<first + cells.count {
                    try put(cell, row, &cursor, buffer, &variableBytes)
                }
                buffer.count = cursor - buffer.base
            }
        }
    }

    @inline(__always)
    private func put(
        _ cell: UnsafePointer<CellEncoder>, _ row: Int, _ cursor: inout UnsafeMutableRawPointer, _ buffer: CopyBuffer,
        _ variableBytes: inout Int
    ) throws {
        if cell.pointee.column.isNull(row) { return cursor.put(Int32(-1)) }
        switch cell.pointee.form {
        case .null: cursor.put(Int32(-1))
        case .bool:
            cursor.put(Int32(1))
            cursor.put(UInt8(cell.pointee.column.bool(row) ? 1 : 0))
        case .int32:
            cursor.put(Int32(4))
            cursor.put(Int32(truncatingIfNeeded: cell.pointee.column.int64(row)))
        case .int64:
            cursor.put(Int32(8))
            cursor.put(cell.pointee.column.int64(row))
        case .uint64: NumericForm(scale: 0).put(cell.pointee.column.uint64(row), isNegative: false, to: &cursor)
        case .float32:
            cursor.put(Int32(4))
            cursor.put(Float(cell.pointee.column.double(row)).bitPattern)
        case .float64:
            cursor.put(Int32(8))
            cursor.put(cell.pointee.column.double(row).bitPattern)
        case .text:
            let bytes = cell.pointee.column.bytes(row)
            if memchr(bytes.baseAddress.unsafelyUnwrapped, 0, bytes.count) != nil { throw nul(cell, row) }
            try put(bytes, cell, row, &cursor, buffer, &variableBytes)
        case .bytes: try put(cell.pointee.column.bytes(row), cell, row, &cursor, buffer, &variableBytes)
        case .numeric(let form): Self.put(cell.pointee.column.decimalBytes(row), form, &cursor)
        case .date: try putDate(cell, row, &cursor)
        case .time(let form), .timestamp(let form), .interval(let form): try putTime(cell, row, form, &cursor)
        }
    }

    /// Texts and binaries: into the buffer while they fit, else from where they are.
    @inline(__always)
    private func put(
        _ bytes: UnsafeRawBufferPointer, _ cell: UnsafePointer<CellEncoder>, _ row: Int,
        _ cursor: inout UnsafeMutableRawPointer, _ buffer: CopyBuffer, _ variableBytes: inout Int
    ) throws {
        variableBytes += bytes.count
        guard variableBytes <= rowBytesMax else { throw tooLarge(cell, row, bytes.count) }
        cursor.put(Int32(bytes.count))
        if cursor - buffer.base + bytes.count <= CopyBuffer.chunkBytes {
            cursor.copyMemory(from: bytes.baseAddress.unsafelyUnwrapped, byteCount: bytes.count)
            cursor += bytes.count
        } else {
            buffer.count = cursor - buffer.base
            if bytes.count > CopyBuffer.chunkBytes / 4 {
                try buffer.sendDirectly(bytes)
                cursor = buffer.base
            } else {
                try buffer.flush()
                cursor = buffer.base
                cursor.copyMemory(from: bytes.baseAddress.unsafelyUnwrapped, byteCount: bytes.count)
                cursor += bytes.count
            }
        }
    }

    @inline(__always)
    private static func put(
        _ bytes: UnsafeRawBufferPointer, _ form: NumericForm, _ cursor: inout UnsafeMutableRawPointer
    ) {
        let low = bytes.loadUnaligned(fromByteOffset: 0, as: Int64.self)
        // Most decimals are small: the rest is the sign.
        if bytes.count == 16, bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self) == low >> 63 {
            return form.put(low.magnitude, isNegative: low < 0, to: &cursor)
        }
        var limbs = stride(from: 0, to: bytes.count, by: 8).map {
            bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self)
        }
        let isNegative = limbs[limbs.count - 1] >> 63 == 1
        if isNegative {
            var carry = true
            for index in limbs.indices {
                (limbs[index], carry) = (~limbs[index]).addingReportingOverflow(carry ? 1 : 0)
            }
        }
        form.put(limbs, isNegative: isNegative, to: &cursor)
    }
}

extension RowEncoder {
    @inline(__always)
    private func putDate(
        _ cell: UnsafePointer<CellEncoder>, _ row: Int, _ cursor: inout UnsafeMutableRawPointer
    ) throws(UnholdableCell) {
        let days = cell.pointee.column.int64(row) - TimeLimits.epochDays
        guard TimeLimits.days.contains(days) else {
            throw UnholdableCell(
                column: cell.pointee.column.name, row: row,
                reason: "a date \(days) days from 2000-01-01 is beyond what PostgreSQL's date holds; yield int64 or "
                    + "text")
        }
        cursor.put(Int32(4))
        cursor.put(Int32(days))
    }

    @inline(__always)
    private func putTime(
        _ cell: UnsafePointer<CellEncoder>, _ row: Int, _ form: MicrosecondForm, _ cursor: inout UnsafeMutableRawPointer
    ) throws(UnholdableCell) {
        let count = cell.pointee.column.int64(row)
        guard var microseconds = form.microseconds(count) else { throw unholdable(cell, row, form) }
        var isHeld = true
        switch cell.pointee.form {
        case .time: isHeld = TimeLimits.times.contains(microseconds)
        case .timestamp:
            let (shifted, overflow) = microseconds.subtractingReportingOverflow(TimeLimits.epochMicroseconds)
            isHeld = !overflow && TimeLimits.timestamps.contains(shifted)
            microseconds = shifted
        default:
            cursor.put(Int32(16))
            cursor.put(microseconds)
            // Days and months.
            return cursor.put(Int64(0))
        }
        guard isHeld else { throw unholdable(cell, row, form) }
        cursor.put(Int32(8))
        cursor.put(microseconds)
    }

    private func unholdable(_ cell: UnsafePointer<CellEncoder>, _ row: Int, _ form: MicrosecondForm) -> UnholdableCell {
        let (what, unit): (String, ColumnType.Unit) =
            switch cell.pointee.column.type {
            case .time(let unit): ("time", unit)
            case .timestamp(let unit, _): ("timestamp", unit)
            case .duration(let unit): ("interval", unit)
            default: preconditionFailure("only times are counts of a unit")
            }
        return UnholdableCell(
            column: cell.pointee.column.name, row: row,
            reason: form.reason(cell.pointee.column.int64(row), what, symbol: unit.symbol))
    }

    private func nul(_ cell: UnsafePointer<CellEncoder>, _ row: Int) -> UnholdableCell {
        UnholdableCell(
            column: cell.pointee.column.name, row: row,
            reason: "the text holds NUL, which PostgreSQL's text cannot; take it out in the plugin, or yield binary")
    }

    private func tooLarge(_ cell: UnsafePointer<CellEncoder>, _ row: Int, _ size: Int) -> UnholdableCell {
        UnholdableCell(
            column: cell.pointee.column.name, row: row,
            reason: "with this value of \(size) bytes the row has more than \(rowBytesMax) bytes of texts and "
                + "binaries, which is what PostgreSQL holds; split it in the plugin, or write it to Parquet")
    }
}
