import CArrow

/// What a column holds, as a database sees it.
public enum ColumnType: Hashable, Sendable {
    public enum Unit: Int32, Hashable, Sendable {
        case second, millisecond, microsecond, nanosecond

        /// How many there are in a second.
        public var perSecond: Int64 { [1, 1000, 1_000_000, 1_000_000_000][Int(rawValue)] }
    }

    /// Nothing but nulls, of no type.
    case null
    case bool
    /// 8, 16, 32 or 64 bits.
    case integer(bits: Int, isSigned: Bool)
    /// 16, 32 or 64 bits.
    case float(bits: Int)
    /// Up to 76 digits; a negative scale means zeros before the point.
    case decimal(precision: Int, scale: Int)
    case text
    case binary
    /// 16 bytes, big-endian.
    case uuid
    /// Days since 1970-01-01.
    case date
    /// Since midnight.
    case time(Unit)
    /// Since 1970-01-01T00:00:00, in UTC if there is a zone, else by some clock on a wall.
    case timestamp(Unit, zone: String?)
    case duration(Unit)
    /// Lists, structs, maps and other nested cells, as JSON text.
    case json

    init(_ column: ca_plain_column) {
        let unit = Unit(rawValue: column.unit) ?? .second
        switch ca_kind(UInt32(bitPattern: column.kind)) {
        case CA_BOOL: self = .bool
        case CA_INTEGER: self = .integer(bits: Int(column.bits), isSigned: column.is_signed)
        case CA_FLOAT: self = .float(bits: Int(column.bits))
        case CA_DECIMAL: self = .decimal(precision: Int(column.precision), scale: Int(column.scale))
        case CA_TEXT: self = .text
        case CA_BINARY: self = .binary
        case CA_UUID: self = .uuid
        case CA_DATE: self = .date
        case CA_TIME: self = .time(unit)
        case CA_TIMESTAMP: self = .timestamp(unit, zone: column.zone.map { String(cString: $0) })
        case CA_DURATION: self = .duration(unit)
        case CA_JSON: self = .json
        default: self = .null
        }
    }
}

extension ColumnType: CustomStringConvertible {
    /// Arrow's name of the type, `json` for nested ones.
    public var description: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer(let bits, let isSigned): (isSigned ? "int" : "uint") + "\(bits)"
        case .float(let bits): bits == 64 ? "double" : bits == 32 ? "float" : "halffloat"
        case .decimal(let precision, let scale): "decimal(\(precision), \(scale))"
        case .text: "string"
        case .binary: "binary"
        case .uuid: "uuid"
        case .date: "date"
        case .time(let unit): "time[\(unit.symbol)]"
        case .timestamp(let unit, let zone): "timestamp[\(unit.symbol)" + (zone.map { ", tz=\($0)" } ?? "") + "]"
        case .duration(let unit): "duration[\(unit.symbol)]"
        case .json: "json"
        }
    }
}

extension ColumnType.Unit {
    /// `s`, `ms`, `us` or `ns`.
    public var symbol: String { ["s", "ms", "us", "ns"][Int(rawValue)] }
}
