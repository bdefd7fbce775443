/// What happens when staged values come to a column of the target.
enum ColumnFit: Hashable, Sendable {
    case fits
    /// The column has to become wider first; what is in it stays as it is.
    case widens(to: SQLServerType)
    case conflict

    init(_ column: StagedColumn, into present: SQLServerType) {
        if Self.holds(present, column) {
            self = .fits
        } else if let wider = Self.wider(present, column), Self.holds(wider, column) {
            self = .widens(to: wider)
        } else {
            self = .conflict
        }
    }

    /// Whether a type takes every staged value without changing it.
    private static func holds(_ present: SQLServerType, _ column: StagedColumn) -> Bool {
        switch (column.need, present) {
        case (.bool, .bit), (.date, .date), (.identifier, .uniqueidentifier): true
        case (.integer(let bits, let isSigned), _): holds(present, bits: bits, isSigned: isSigned, column)
        case (.float(let bits), .real): bits <= 24
        case (.float, .float): true
        case (.decimal(let precision, let scale), .decimal(let room, let places)):
            places >= scale && room - places >= precision - scale
        case (.time(let digits), .time(let room)), (.moment(let digits), .datetime2(let room)),
            (.zoned(let digits), .datetimeoffset(let room)):
            room >= digits
        case (.text(let units), .nvarchar(let room)): room.map { $0 >= units } ?? true
        case (.binary(let bytes), .varbinary(let room)): room.map { $0 >= bytes } ?? true
        default: false
        }
    }

    private static func holds(_ present: SQLServerType, bits: Int, isSigned: Bool, _ column: StagedColumn) -> Bool {
        switch present {
        case .tinyint: bits == 8 && !isSigned
        case .smallint: bits == 8 || (bits == 16 && isSigned)
        case .int: bits <= 16 || (bits == 32 && isSigned)
        case .bigint: bits <= 32 || isSigned || column.isExactBigint
        case .decimal(let precision, let scale): precision - scale >= column.need.integerDigits ?? .max
        case .real: bits <= 16
        case .float: bits <= 32 || column.isExactFloat
        default: false
        }
    }

    /// The type that holds what is there and what comes, nil if none does for sure.
    private static func wider(_ present: SQLServerType, _ column: StagedColumn) -> SQLServerType? {
        switch (column.need, present) {
        case (.integer(let bits, let isSigned), .tinyint), (.integer(let bits, let isSigned), .smallint),
            (.integer(let bits, let isSigned), .int), (.integer(let bits, let isSigned), .bigint):
            if bits == 64, !isSigned { return .decimal(precision: 20, scale: 0) }
            return bits == 64 || bits == 32 && !isSigned ? .bigint : .int
        case (.decimal(let precision, let scale), _):
            if let digits = present.integerDigits { return decimal(max(digits, precision - scale), scale) }
            guard case .decimal(let room, let places) = present else { return nil }
            return decimal(max(room - places, precision - scale), max(places, scale))
        case (.integer, .decimal(let room, let places)):
            return decimal(max(room - places, column.need.integerDigits ?? .max), places)
        case (.integer, .real), (.float, .real): return .float
        case (.time, .time): return .time(SQLServerType.fractionDigitsMax)
        case (.moment, .datetime2): return .datetime2(SQLServerType.fractionDigitsMax)
        case (.zoned, .datetimeoffset): return .datetimeoffset(SQLServerType.fractionDigitsMax)
        case (.text, .nvarchar): return .nvarchar(nil)
        case (.binary, .varbinary): return .varbinary(nil)
        default: return nil
        }
    }

    private static func decimal(_ whole: Int, _ scale: Int) -> SQLServerType? {
        let (precision, overflow) = whole.addingReportingOverflow(scale)
        guard !overflow, precision <= SQLServerType.digitsMax else { return nil }
        return .decimal(precision: precision, scale: scale)
    }
}
