import Columnar

/// A column's type as SQL Server has it.
enum SQLServerType: Hashable, Sendable {
    case bit, tinyint, smallint, int, bigint
    case real, float
    case decimal(precision: Int, scale: Int)
    case date
    /// Digits of the second's fraction, 0 to 7.
    case time(Int), datetime2(Int), datetimeoffset(Int)
    /// A length in UTF-16 units; nil is max.
    case nvarchar(Int?)
    /// A length in bytes; nil is max.
    case varbinary(Int?)
    case uniqueidentifier
    /// One that no column of ours is mapped to.
    case other(String)

    static let digitsMax = 38
    static let fractionDigitsMax = 7

    /// As INFORMATION_SCHEMA.COLUMNS tells of it.
    ///
    /// - Parameters:
    ///   - name: DATA_TYPE.
    ///   - length: CHARACTER_MAXIMUM_LENGTH, -1 for max.
    ///   - precision: NUMERIC_PRECISION.
    ///   - scale: NUMERIC_SCALE or DATETIME_PRECISION.
    init(name: String, length: Int?, precision: Int?, scale: Int?) {
        let sized = length.flatMap { $0 < 0 ? nil : $0 }
        switch name.lowercased() {
        case "bit": self = .bit
        case "tinyint": self = .tinyint
        case "smallint": self = .smallint
        case "int": self = .int
        case "bigint": self = .bigint
        case "real": self = .real
        case "float": self = .float
        case "decimal", "numeric": self = .decimal(precision: precision ?? 18, scale: scale ?? 0)
        case "date": self = .date
        case "time": self = .time(scale ?? Self.fractionDigitsMax)
        case "datetime2": self = .datetime2(scale ?? Self.fractionDigitsMax)
        case "datetimeoffset": self = .datetimeoffset(scale ?? Self.fractionDigitsMax)
        case "nvarchar": self = .nvarchar(sized)
        case "varbinary": self = .varbinary(sized)
        case "uniqueidentifier": self = .uniqueidentifier
        default: self = .other(name + (length.map { $0 < 0 ? "(max)" : "(\($0))" } ?? ""))
        }
    }

    /// As a declaration has it.
    var text: String {
        switch self {
        case .bit: "bit"
        case .tinyint: "tinyint"
        case .smallint: "smallint"
        case .int: "int"
        case .bigint: "bigint"
        case .real: "real"
        case .float: "float"
        case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
        case .date: "date"
        case .time(let digits): "time(\(digits))"
        case .datetime2(let digits): "datetime2(\(digits))"
        case .datetimeoffset(let digits): "datetimeoffset(\(digits))"
        case .nvarchar(let units): "nvarchar(\(units.map(String.init) ?? "max"))"
        case .varbinary(let bytes): "varbinary(\(bytes.map(String.init) ?? "max"))"
        case .uniqueidentifier: "uniqueidentifier"
        case .other(let name): name
        }
    }

    var isText: Bool { if case .nvarchar = self { true } else { false } }

    /// Decimal digits that every whole number of it has room in; nil for what is no integer.
    var integerDigits: Int? {
        switch self {
        case .tinyint: 3
        case .smallint: 5
        case .int: 10
        case .bigint: 19
        default: nil
        }
    }
}

/// What a column's cells need, seen so far: the narrowest that loses nothing.
enum ColumnNeed: Hashable, Sendable {
    case bool
    case integer(bits: Int, isSigned: Bool)
    /// Bits of the fraction: 24 or 53.
    case float(bits: Int)
    case decimal(precision: Int, scale: Int)
    case date
    /// Digits of the second's fraction.
    case time(Int), moment(Int), zoned(Int)
    /// The longest, in UTF-16 units.
    case text(Int)
    /// The longest.
    case binary(Int)
    case identifier

    /// Nil for a column of nulls, which asks for nothing.
    init?(_ type: ColumnType) {
        switch type {
        case .null: return nil
        case .bool: self = .bool
        case .integer(let bits, let isSigned): self = .integer(bits: bits, isSigned: isSigned)
        case .float(let bits): self = .float(bits: bits == 64 ? 53 : 24)
        case .decimal(let precision, let scale):
            // Of wider ones what fits is taken, cell by cell.
            self = .decimal(
                precision: min(precision - min(scale, 0), SQLServerType.digitsMax), scale: max(scale, 0))
        case .text, .json: self = .text(0)
        case .binary: self = .binary(0)
        case .uuid: self = .identifier
        case .date: self = .date
        case .time(let unit): self = .time(unit.fractionDigits)
        case .timestamp(let unit, let zone):
            self = ZoneText(zone) == .none ? .moment(unit.fractionDigits) : .zoned(unit.fractionDigits)
        case .duration: self = .integer(bits: 64, isSigned: true)
        }
    }

    /// The type of a new column.
    ///
    /// - Parameter textUnits: Length of texts; nil for max.
    func declared(textUnits: Int?) -> SQLServerType {
        switch self {
        case .bool: .bit
        case .integer(64, false): .decimal(precision: 20, scale: 0)
        case .integer(let bits, let isSigned): bits == 64 || (bits == 32 && !isSigned) ? .bigint : .int
        case .float: .float
        case .decimal(let precision, let scale): .decimal(precision: precision, scale: scale)
        case .date: .date
        case .time: .time(SQLServerType.fractionDigitsMax)
        case .moment: .datetime2(SQLServerType.fractionDigitsMax)
        case .zoned: .datetimeoffset(SQLServerType.fractionDigitsMax)
        case .text: .nvarchar(textUnits)
        case .binary: .varbinary(nil)
        case .identifier: .uniqueidentifier
        }
    }

    /// Decimal digits before the point.
    var integerDigits: Int? {
        switch self {
        case .integer(let bits, let isSigned): Self.digits(bits, isSigned)
        case .decimal(let precision, let scale): precision - scale
        default: nil
        }
    }

    /// What both need, where the other is of the type that both were cast to.
    func joined(with other: ColumnNeed) -> ColumnNeed {
        switch (self, other) {
        case (.text(let own), .text(let theirs)): .text(max(own, theirs))
        case (.binary(let own), .binary(let theirs)): .binary(max(own, theirs))
        default: other
        }
    }

    func withLongest(_ length: Int) -> ColumnNeed {
        switch self {
        case .text: .text(length)
        case .binary: .binary(length)
        default: self
        }
    }

    private static func digits(_ bits: Int, _ isSigned: Bool) -> Int {
        switch bits {
        case 8: 3
        case 16: 5
        case 32: 10
        default: isSigned ? 19 : 20
        }
    }
}

extension ColumnType.Unit {
    /// Digits of the second's fraction that SQL Server needs for it; of nanoseconds it keeps seven.
    fileprivate var fractionDigits: Int { min(Int(rawValue) * 3, SQLServerType.fractionDigitsMax) }
}
