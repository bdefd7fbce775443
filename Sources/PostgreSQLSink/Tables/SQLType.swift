import Columnar

/// A column's type at PostgreSQL.
enum SQLType: Hashable, Sendable {
    case boolean, smallint, integer, bigint, real, double, text, bytea, uuid, date, time, timestamp, timestampWithZone
    case interval, json
    /// Digits in all and after the point.
    case numeric(precision: Int, scale: Int)
    /// `numeric` without a limit.
    case anyNumeric
    /// One that rows are never put into, by its name.
    case other(String)

    /// What cells of a type are stored as (docs/sinks.md).
    init(_ type: ColumnType) {
        switch type {
        case .bool: self = .boolean
        case .integer(bits: 64, isSigned: false): self = .numeric(precision: 20, scale: 0)
        case .integer(let bits, let isSigned): self = bits == 64 || (bits == 32 && !isSigned) ? .bigint : .integer
        case .float(let bits): self = bits == 64 ? .double : .real
        case .decimal(let precision, let scale):
            // Before version 15 a scale is neither negative nor larger than the precision.
            self = .numeric(
                precision: scale < 0 ? precision - scale : max(precision, scale), scale: max(scale, 0))
        case .null, .text: self = .text
        case .binary: self = .bytea
        case .uuid: self = .uuid
        case .date: self = .date
        case .time: self = .time
        case .timestamp(_, let zone): self = zone == nil ? .timestamp : .timestampWithZone
        case .duration: self = .interval
        case .json: self = .json
        }
    }

    /// From `pg_catalog.format_type`.
    init(formatted text: String) {
        if let plain = Self.plain.first(where: { $0.sql == text }) {
            self = plain
        } else if let match = text.wholeMatch(of: /numeric\((\d+),(-?\d+)\)/),
            let precision = Int(match.1), let scale = Int(match.2)
        {
            self = .numeric(precision: precision, scale: scale)
        } else {
            self = .other(text)
        }
    }

    private static let plain: [SQLType] = [
        .boolean, .smallint, .integer, .bigint, .real, .double, .text, .bytea, .uuid, .date, .time, .timestamp,
        .timestampWithZone, .interval, .json, .anyNumeric,
    ]

    var sql: String {
        switch self {
        case .boolean: "boolean"
        case .smallint: "smallint"
        case .integer: "integer"
        case .bigint: "bigint"
        case .real: "real"
        case .double: "double precision"
        case .text: "text"
        case .bytea: "bytea"
        case .uuid: "uuid"
        case .date: "date"
        case .time: "time without time zone"
        case .timestamp: "timestamp without time zone"
        case .timestampWithZone: "timestamp with time zone"
        case .interval: "interval"
        case .json: "json"
        case .numeric(let precision, let scale): "numeric(\(precision),\(scale))"
        case .anyNumeric: "numeric"
        case .other(let name): name
        }
    }
}

/// Whether values of one type come unchanged into a column of another.
enum ColumnFit: Hashable, Sendable {
    case fits
    /// If each of them is a whole number that a double is: not beyond 2^53.
    case fitsIfExact
    /// Once the column has that type, which holds what is in it too.
    case widens(SQLType)
    /// The same, if what is in it are whole numbers not beyond 2^53.
    case widensIfExact(SQLType)
    case conflict
}

extension SQLType {
    /// - Parameter target: Type of the column that is there.
    func fit(into target: SQLType) -> ColumnFit {
        if self == target { return .fits }
        switch (self, target) {
        case (.json, .text), (.numeric, .anyNumeric): return .fits
        case (.real, .double): return .fits
        case (.double, .real): return .widens(.double)
        case (_, .double) where wholeDigits != nil: return self == .bigint ? .fitsIfExact : .fits
        case (.double, _) where target.wholeDigits != nil:
            return target == .bigint ? .widensIfExact(.double) : .widens(.double)
        case (_, .anyNumeric) where wholeDigits != nil: return .fits
        case (.numeric(let precision, let scale), .numeric(let presentPrecision, let presentScale)):
            return Self.numericFit(precision - scale, scale, presentPrecision - presentScale, presentScale)
        case (_, .numeric(let precision, let scale)):
            guard let wholeDigits else { return .conflict }
            return Self.numericFit(wholeDigits, 0, precision - scale, scale)
        default:
            guard let wholeDigits, let present = target.wholeDigits else { return .conflict }
            return wholeDigits <= present ? .fits : .widens(self)
        }
    }

    /// Digits that any value of an integer type has at most; nil for other types.
    private var wholeDigits: Int? {
        switch self {
        case .smallint: 5
        case .integer: 10
        case .bigint: 19
        default: nil
        }
    }

    private static func numericFit(_ whole: Int, _ scale: Int, _ presentWhole: Int, _ presentScale: Int) -> ColumnFit {
        if whole <= presentWhole && scale <= presentScale { return .fits }
        let widest = max(whole, presentWhole) + max(scale, presentScale)
        return .widens(.numeric(precision: widest, scale: max(scale, presentScale)))
    }
}
