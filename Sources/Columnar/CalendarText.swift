/// Dates and times as ISO 8601 texts, in the proleptic Gregorian calendar, written into a buffer of `bytesMax`.
///
/// Years from 0001 to 9999 have four digits; others have a sign and at least four (ISO 8601, expanded form). A function
/// returns how many bytes it wrote.
public enum CalendarText {
    /// No text is longer, but for the zone's name, which is the caller's.
    public static let bytesMax = 48
    static let secondsPerDay: Int64 = 86_400

    /// `2024-02-29`.
    ///
    /// - Parameters:
    ///   - days: Since 1970-01-01.
    ///   - out: Has room for `bytesMax` bytes.
    public static func date(_ days: Int64, _ out: UnsafeMutablePointer<UInt8>) -> Int {
        let civil = civil(days)
        var length = year(civil.year, out)
        out[length] = UInt8(ascii: "-")
        twoDigits(civil.month, out + length + 1)
        out[length + 3] = UInt8(ascii: "-")
        twoDigits(civil.day, out + length + 4)
        length += 6
        return length
    }

    /// `23:59:59.999`, with as many digits as the unit has; nil if it is no time of a day.
    ///
    /// - Parameters:
    ///   - value: Since midnight.
    ///   - unit: What `value` counts.
    ///   - out: Has room for `bytesMax` bytes.
    public static func time(_ value: Int64, unit: ColumnType.Unit, _ out: UnsafeMutablePointer<UInt8>) -> Int? {
        guard value >= 0, value / unit.perSecond < secondsPerDay else { return nil }
        return clock(seconds: value / unit.perSecond, fraction: value % unit.perSecond, unit: unit, out)
    }

    /// `2024-02-29T23:59:59.999`, without a zone.
    ///
    /// - Parameters:
    ///   - value: Since 1970-01-01T00:00:00.
    ///   - unit: What `value` counts.
    ///   - shiftSeconds: Added: a zone's offset from UTC.
    ///   - out: Has room for `bytesMax` bytes.
    public static func timestamp(
        _ value: Int64, unit: ColumnType.Unit, shiftSeconds: Int64 = 0, _ out: UnsafeMutablePointer<UInt8>
    ) -> Int {
        let (seconds, fraction) = floorDivision(value, unit.perSecond)
        let (days, second) = floorDivision(seconds &+ shiftSeconds, secondsPerDay)
        let length = date(days, out)
        out[length] = UInt8(ascii: "T")
        return length + 1 + clock(seconds: second, fraction: fraction, unit: unit, out + length + 1)
    }

    /// Year, month and day of a day; Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivision(days &+ 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func clock(
        seconds: Int64, fraction: Int64, unit: ColumnType.Unit, _ out: UnsafeMutablePointer<UInt8>
    ) -> Int {
        twoDigits(seconds / 3600, out)
        out[2] = UInt8(ascii: ":")
        twoDigits(seconds / 60 % 60, out + 3)
        out[5] = UInt8(ascii: ":")
        twoDigits(seconds % 60, out + 6)
        let digits = Int(unit.rawValue) * 3
        guard digits > 0 else { return 8 }
        out[8] = UInt8(ascii: ".")
        var rest = fraction
        for place in stride(from: 8 + digits, to: 8, by: -1) {
            out[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        return 9 + digits
    }

    private static func year(_ year: Int64, _ out: UnsafeMutablePointer<UInt8>) -> Int {
        if year >= 1, year <= 9999 {
            twoDigits(year / 100, out)
            twoDigits(year % 100, out + 2)
            return 4
        }
        let digits = Array(String(year.magnitude).utf8)
        out[0] = UInt8(ascii: year < 0 ? "-" : "+")
        let zeros = max(0, 4 - digits.count)
        for index in 0..<zeros { out[1 + index] = UInt8(ascii: "0") }
        for (index, digit) in digits.enumerated() { out[1 + zeros + index] = digit }
        return 1 + zeros + digits.count
    }

    private static func twoDigits(_ value: Int64, _ out: UnsafeMutablePointer<UInt8>) {
        out[0] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10)
        out[1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
    }

    private static func floorDivision(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// How a timestamp's zone is written.
public enum ZoneText: Hashable, Sendable {
    /// A time on some wall's clock: nothing.
    case none
    /// A whole number of minutes from UTC: the local time and `+01:00`, or `Z` for UTC.
    case offset(seconds: Int64)
    /// A zone by name: the time in UTC and `Z[Europe/Berlin]` (RFC 9557).
    case named(String)

    /// - Parameter zone: Arrow's: a name of the tz database or `+HH:MM`; nil or empty for none.
    public init(_ zone: String?) {
        guard let zone, !zone.isEmpty else {
            self = .none
            return
        }
        if ["UTC", "Etc/UTC", "Z", "GMT", "Etc/GMT"].contains(zone) {
            self = .offset(seconds: 0)
        } else if let seconds = Self.seconds(zone) {
            self = .offset(seconds: seconds)
        } else {
            self = .named(zone)
        }
    }

    /// What follows the time.
    public var suffix: String {
        switch self {
        case .none: return ""
        case .offset(seconds: 0): return "Z"
        case .offset(let seconds):
            let minutes = seconds.magnitude / 60
            func two(_ value: UInt64) -> String { (value < 10 ? "0" : "") + String(value) }
            return (seconds < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
        case .named(let name): return "Z[\(name)]"
        }
    }

    /// What is added to a time in UTC before it is written.
    public var shiftSeconds: Int64 {
        if case .offset(let seconds) = self { seconds } else { 0 }
    }

    /// Of `+HH:MM`.
    private static func seconds(_ zone: String) -> Int64? {
        let bytes = Array(zone.utf8)
        guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            bytes[3] == UInt8(ascii: ":"), let hours = Int64(zone.dropFirst(1).prefix(2)),
            let minutes = Int64(zone.suffix(2)), hours < 24, minutes < 60
        else { return nil }
        return (bytes[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60)
    }
}
