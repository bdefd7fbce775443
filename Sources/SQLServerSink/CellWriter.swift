import CFreeTDS
import CasparianSinks
import Columnar

/// A value that SQL Server cannot hold as it is.
struct CellRefusal: Error {
    var reason: String
}

/// What a column's cells turned out to be.
struct CellFindings: Hashable, Sendable {
    /// The longest text in UTF-16 units, or binary in bytes.
    var longest = 0
    var isExactFloat = true
    var isExactBigint = true
}

/// Gives the cells of one column to bulk copy, as the staging table's column wants them.
struct CellWriter {
    private enum Kind {
        case bool, integer, unsigned, wideUnsigned, float, decimal, text, binary, identifier, date
        /// One that may have more digits than SQL Server's, with zeros to add.
        case wideDecimal(zeros: Int)
        case time(ColumnType.Unit)
        case timestamp(ColumnType.Unit, offsetMinutes: Int16)
        case duration(ColumnType.Unit)
    }

    let column: PlainColumn
    let index: Int32
    private let kind: Kind
    private let unitsMax: Int
    private(set) var findings = CellFindings()

    /// Of a text or binary. SQL Server holds four times that; the bytes are in memory more than once on their way.
    static let cellBytesMax = 512 * 1024 * 1024
    /// Years 1 to 9999, from 1970.
    static let days: ClosedRange<Int64> = -719_162...2_932_896
    private static let ticksPerSecond: Int64 = 10_000_000
    private static let secondsPerDay: Int64 = 86_400
    /// Of datetimeoffset.
    private static let offsetMinutesMax: Int64 = 14 * 60
    private static let exactIntegerMax: UInt64 = 1 << 53
    /// 38 nines.
    private static let decimalMax: UInt128 = 99_999_999_999_999_999_999_999_999_999_999_999_999

    /// - Parameters:
    ///   - column: Of a batch that has the staged columns.
    ///   - index: In the staging table, from 0.
    ///   - staged: What that column is there.
    init(_ column: PlainColumn, index: Int32, staged: StagedColumn) throws(CellRefusal) {
        self.column = column
        self.index = index
        kind = try Self.kind(column.type)
        switch staged.type {
        case .nvarchar(let units?): unitsMax = units
        default: unitsMax = Self.cellBytesMax / 2
        }
    }

    /// How the column's cells are bound.
    static func binding(_ type: SQLServerType) -> (kind: Int32, scale: Int32) {
        let kind: cf_kind
        var scale = 0
        switch type {
        case .bit: kind = CF_BIT
        case .tinyint, .smallint, .int: kind = CF_INT
        case .bigint: kind = CF_BIGINT
        case .real, .float: kind = CF_FLOAT
        case .decimal(_, let places): (kind, scale) = (CF_DECIMAL, places)
        case .date: kind = CF_DATE
        case .time: kind = CF_TIME
        case .datetime2: kind = CF_DATETIME2
        case .datetimeoffset: kind = CF_DATETIMEOFFSET
        case .nvarchar, .other: kind = CF_NVARCHAR
        case .varbinary: kind = CF_VARBINARY
        case .uniqueidentifier: kind = CF_UNIQUEIDENTIFIER
        }
        return (Int32(kind.rawValue), Int32(scale))
    }

    private static func kind(_ type: ColumnType) throws(CellRefusal) -> Kind {
        switch type {
        case .bool: return .bool
        case .integer(64, false): return .unsigned
        case .integer(32, false): return .wideUnsigned
        case .integer: return .integer
        case .float: return .float
        case .decimal(let precision, let scale):
            return scale < 0 || precision > SQLServerType.digitsMax ? .wideDecimal(zeros: -min(scale, 0)) : .decimal
        case .text, .json, .null: return .text
        case .binary: return .binary
        case .uuid: return .identifier
        case .date: return .date
        case .time(let unit): return .time(unit)
        case .duration(let unit): return .duration(unit)
        case .timestamp(let unit, let zone):
            let minutes = ZoneText(zone).shiftSeconds / 60
            guard minutes.magnitude <= Self.offsetMinutesMax.magnitude else {
                throw CellRefusal(reason: "its zone \(zone ?? "") is more than 14 hours from UTC")
            }
            return .timestamp(unit, offsetMinutes: Int16(minutes))
        }
    }

    /// Puts one cell into the next row.
    ///
    /// - Parameters:
    ///   - row: In the batch, from 0.
    ///   - connection: In the middle of a bulk copy.
    /// - Throws: `CellRefusal`: SQL Server cannot hold the value.
    @inline(__always)
    mutating func put(_ row: Int, to connection: OpaquePointer) throws(CellRefusal) {
        if column.isNull(row) { return cf_put_null(connection, index) }
        switch kind {
        case .integer:
            let value = column.int64(row)
            if value.magnitude > Self.exactIntegerMax { noteInteger(value) }
            cf_put_integer(connection, index, value)
        case .text: try putText(column.bytes(row), to: connection)
        case .float:
            let value = column.double(row)
            guard value.isFinite else { throw CellRefusal(reason: "\(value) is no value of SQL Server's float") }
            cf_put_float(connection, index, value)
        case .bool: cf_put_integer(connection, index, column.bool(row) ? 1 : 0)
        case .date:
            let days = column.int64(row)
            guard Self.days.contains(days) else { throw Self.outside }
            cf_put_moment(connection, index, Int32(days), 0, 0)
        case .timestamp(let unit, let offset): try putTimestamp(column.int64(row), unit, offset, to: connection)
        default: try putRare(row, to: connection)
        }
    }

    private mutating func putRare(_ row: Int, to connection: OpaquePointer) throws(CellRefusal) {
        switch kind {
        case .wideUnsigned: cf_put_integer(connection, index, column.int64(row))
        case .unsigned: putUnsigned(column.uint64(row), to: connection)
        case .decimal: cf_put_decimal(connection, index, column.decimalBytes(row).baseAddress)
        case .wideDecimal(let zeros): try putWide(row, zeros: zeros, to: connection)
        case .binary: try putBinary(column.bytes(row), to: connection)
        case .identifier: cf_put_identifier(connection, index, column.bytes(row).baseAddress)
        case .time(let unit):
            let value = column.int64(row)
            guard value >= 0, value / unit.perSecond < Self.secondsPerDay else {
                throw CellRefusal(reason: "\(value) \(unit.symbol) is no time of a day")
            }
            cf_put_moment(connection, index, 0, UInt64(try Self.ticks(value, unit)), 0)
        case .duration(let unit):
            let (nanoseconds, overflow) = column.int64(row).multipliedReportingOverflow(
                by: 1_000_000_000 / unit.perSecond)
            guard !overflow else {
                throw CellRefusal(reason: "\(column.int64(row)) \(unit.symbol) is more than bigint has nanoseconds for")
            }
            noteInteger(nanoseconds)
            cf_put_integer(connection, index, nanoseconds)
        default: preconditionFailure("a common kind")
        }
    }

    private mutating func putText(_ bytes: UnsafeRawBufferPointer, to connection: OpaquePointer) throws(CellRefusal) {
        let units = cf_put_text(connection, index, bytes.baseAddress, bytes.count, unitsMax)
        guard units >= 0 else {
            switch units {
            case -1: throw CellRefusal(reason: "its bytes are no UTF-8")
            case -2:
                throw CellRefusal(
                    reason: "a text of \(bytes.count) bytes is longer than the \(unitsMax) characters that "
                        + (unitsMax <= SQLServerURIOptions.textUnitsMax ? "the column holds" : "this sink sends"))
            default: throw CellRefusal(reason: "there is no memory for a text of \(bytes.count) bytes")
            }
        }
        findings.longest = max(findings.longest, Int(units))
    }

    private mutating func putBinary(_ bytes: UnsafeRawBufferPointer, to connection: OpaquePointer) throws(CellRefusal) {
        guard bytes.count <= Self.cellBytesMax else {
            throw CellRefusal(
                reason: "\(bytes.count) bytes are more than the \(Self.cellBytesMax) that this sink sends")
        }
        findings.longest = max(findings.longest, bytes.count)
        cf_put_bytes(connection, index, bytes.baseAddress, bytes.count)
    }

    private mutating func putUnsigned(_ value: UInt64, to connection: OpaquePointer) {
        if value > UInt64(Int64.max) { findings.isExactBigint = false }
        if UInt64(exactly: Double(value)) != value { findings.isExactFloat = false }
        withUnsafeBytes(of: Int128(value).littleEndian) { cf_put_decimal(connection, index, $0.baseAddress) }
    }

    private mutating func noteInteger(_ value: Int64) {
        if Int64(exactly: Double(value)) != value { findings.isExactFloat = false }
    }

    private func putWide(_ row: Int, zeros: Int, to connection: OpaquePointer) throws(CellRefusal) {
        let bytes = column.decimalBytes(row)
        let lowest = Int128(littleEndian: bytes.loadUnaligned(as: Int128.self))
        let rest = bytes.count > 16 ? bytes.loadUnaligned(fromByteOffset: 16, as: Int128.self) : lowest >> 127
        var value: Int128? = rest == lowest >> 127 ? lowest : nil
        for _ in 0..<zeros {
            let product = value?.multipliedReportingOverflow(by: 10)
            value = product.flatMap { $0.overflow ? nil : $0.partialValue }
        }
        guard let value, value.magnitude <= Self.decimalMax else {
            throw CellRefusal(
                reason:
                    "\(column.decimalText(row)) has more than the \(SQLServerType.digitsMax) digits of SQL Server's "
                    + "decimals")
        }
        withUnsafeBytes(of: value.littleEndian) { cf_put_decimal(connection, index, $0.baseAddress) }
    }

    @inline(__always)
    private func putTimestamp(
        _ value: Int64, _ unit: ColumnType.Unit, _ offsetMinutes: Int16, to connection: OpaquePointer
    ) throws(CellRefusal) {
        let perDay = unit.perSecond * Self.secondsPerDay
        var (days, rest) = value.quotientAndRemainder(dividingBy: perDay)
        if rest < 0 {
            days -= 1
            rest += perDay
        }
        guard Self.days.contains(days) else { throw Self.outside }
        if offsetMinutes != 0 {
            // The time on that zone's clock has to be one, too.
            let local = days * Self.secondsPerDay + rest / unit.perSecond + Int64(offsetMinutes) * 60
            guard local >= Self.days.lowerBound * Self.secondsPerDay,
                local < (Self.days.upperBound + 1) * Self.secondsPerDay
            else { throw Self.outside }
        }
        cf_put_moment(connection, index, Int32(days), UInt64(try Self.ticks(rest, unit)), offsetMinutes)
    }

    /// Tenths of microseconds, never rounded.
    @inline(__always)
    private static func ticks(_ value: Int64, _ unit: ColumnType.Unit) throws(CellRefusal) -> Int64 {
        guard unit == .nanosecond else { return value * (ticksPerSecond / unit.perSecond) }
        guard value % 100 == 0 else {
            throw CellRefusal(
                reason: "SQL Server keeps tenths of microseconds, and \(value % 1_000_000_000) ns would be rounded; "
                    + "cut it to microseconds in the plugin if that is what you want")
        }
        return value / 100
    }

    private static let outside = CellRefusal(reason: "it is outside the years 1 to 9999 that SQL Server knows")
}
