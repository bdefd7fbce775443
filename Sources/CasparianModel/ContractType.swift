/// What a contract says a column's cells are.
public enum ContractType: Hashable, Sendable {
    /// Parts of a second that a time counts.
    public enum Unit: String, Hashable, Sendable, CaseIterable {
        case seconds = "s"
        case milliseconds = "ms"
        case microseconds = "us"
        case nanoseconds = "ns"
    }

    /// Whatever it is, it stays.
    case any
    case bool
    case integer(bits: Int, isSigned: Bool)
    case float(bits: Int)
    /// Digits in all and after the point.
    case decimal(precision: Int, scale: Int)
    case string
    case binary
    /// Text that is JSON.
    case json
    case date
    case time(Unit)
    /// Without a zone it is what a clock on the wall shows; the zone is how an instant is shown.
    case timestamp(Unit, zone: String?)

    /// Most digits of a decimal.
    public static let precisionMax = 76

    /// The type's own name, which reads back as the same type.
    public var name: String {
        switch self {
        case .any: "any"
        case .bool: "bool"
        case .integer(let bits, let isSigned): "\(isSigned ? "" : "u")int\(bits)"
        case .float(let bits): "float\(bits)"
        case .decimal(let precision, let scale): "decimal(\(precision), \(scale))"
        case .string: "string"
        case .binary: "binary"
        case .json: "json"
        case .date: "date"
        case .time(let unit): "time[\(unit.rawValue)]"
        case .timestamp(let unit, nil): "timestamp[\(unit.rawValue)]"
        case .timestamp(let unit, let zone?): "timestamp[\(unit.rawValue), \(zone)]"
        }
    }
}
