import Columnar

/// How the cells of one column become PostgreSQL's binary form: chosen once for a batch.
struct CellEncoder {
    enum Form {
        case null, bool, int32, int64, uint64, float32, float64, text, bytes, date
        case numeric(NumericForm)
        /// Time of day, timestamp, interval, from units of which there are so many in a microsecond or the reverse.
        case time(MicrosecondForm)
        case timestamp(MicrosecondForm)
        case interval(MicrosecondForm)
    }

    let column: PlainColumn
    let form: Form

    /// Most bytes of a cell that is no text or binary: of a numeric with 76 digits.
    static let fixedBytesMax = NumericForm.bytesMax

    init(_ column: PlainColumn) {
        self.column = column
        form =
            switch column.type {
            case .null: .null
            case .bool: .bool
            case .integer(bits: 64, isSigned: false): .uint64
            case .integer: SQLType(column.type) == .bigint ? .int64 : .int32
            case .float(let bits): bits == 64 ? .float64 : .float32
            case .decimal(_, let scale): .numeric(NumericForm(scale: scale))
            case .text, .json: .text
            case .binary, .uuid: .bytes
            case .date: .date
            case .time(let unit): .time(MicrosecondForm(unit))
            case .timestamp(let unit, _): .timestamp(MicrosecondForm(unit))
            case .duration(let unit): .interval(MicrosecondForm(unit))
            }
    }
}

/// A cell that PostgreSQL cannot hold as it is.
struct UnholdableCell: Error {
    var column: String
    /// From 0, in its batch.
    var row: Int
    var reason: String
}

/// Counts of a unit as microseconds, which is what PostgreSQL holds.
struct MicrosecondForm {
    let factor: Int64
    let divisor: Int64

    init(_ unit: ColumnType.Unit) {
        factor = max(1, 1_000_000 / unit.perSecond)
        divisor = max(1, unit.perSecond / 1_000_000)
    }

    /// Nil if it is no whole number of microseconds, or none that 64 bits hold.
    @inline(__always)
    func microseconds(_ count: Int64) -> Int64? {
        if divisor == 1 {
            let (product, overflow) = count.multipliedReportingOverflow(by: factor)
            return overflow ? nil : product
        }
        let (quotient, remainder) = count.quotientAndRemainder(dividingBy: divisor)
        return remainder == 0 ? quotient : nil
    }

    func reason(_ count: Int64, _ what: String, symbol: String) -> String {
        if divisor > 1, count % divisor != 0 {
            return "\(count) \(symbol) is no whole number of microseconds, and PostgreSQL's \(what) holds no less; "
                + "round it in the plugin, or yield int64 or text"
        }
        return "\(count) \(symbol) is beyond what PostgreSQL's \(what) holds; yield int64 or text"
    }
}

/// Limits and beginnings of PostgreSQL's times (src/include/datatype/timestamp.h).
enum TimeLimits {
    /// From 1970-01-01 to 2000-01-01.
    static let epochDays: Int64 = 10_957
    static let epochMicroseconds = epochDays * 86_400_000_000
    /// 4714-11-24 BC up to the year 5874898, in days since 2000.
    static let days: Range<Int64> = -2_451_545..<2_145_031_949
    /// 4714-11-24 BC up to the year 294277, in microseconds since 2000.
    static let timestamps: Range<Int64> = -211_813_488_000_000_000..<9_223_371_331_200_000_000
    static let times: ClosedRange<Int64> = 0...86_400_000_000
}
