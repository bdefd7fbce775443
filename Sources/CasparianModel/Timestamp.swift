/// A moment in UTC, in microseconds since 1970: the resolution that the catalog's text times have.
public struct Timestamp: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    public var microsecondsSinceEpoch: Int64

    public init(microsecondsSinceEpoch: Int64) { self.microsecondsSinceEpoch = microsecondsSinceEpoch }

    /// The first and the last moment that the text form holds: of the years 1 and 9999.
    public static let first = Timestamp(microsecondsSinceEpoch: -62_135_596_800_000_000)
    public static let last = Timestamp(microsecondsSinceEpoch: 253_402_300_799_999_999)

    /// From seconds since 1970, rounded to microseconds; what is before `first` or after `last` becomes that.
    public init(secondsSinceEpoch: Double) {
        let microseconds = (secondsSinceEpoch * 1e6).rounded()
        guard !microseconds.isNaN else {
            self.init(microsecondsSinceEpoch: 0)
            return
        }
        let (first, last) = (Self.first.microsecondsSinceEpoch, Self.last.microsecondsSinceEpoch)
        self.init(
            microsecondsSinceEpoch: microseconds <= Double(first)
                ? first : microseconds >= Double(last) ? last : Int64(microseconds))
    }

    /// From a system's time: whole seconds since 1970 and nanoseconds after that, cut to microseconds; what is before
    /// `first` or after `last` becomes that. Some file systems hold any 64-bit number as a time.
    public init(seconds: Int, nanoseconds: Int) {
        let (product, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000)
        let (sum, more) = product.addingReportingOverflow(Int64(nanoseconds / 1000))
        let moment = Timestamp(microsecondsSinceEpoch: sum)
        self = overflow || more ? (seconds < 0 ? .first : .last) : min(max(moment, .first), .last)
    }

    /// From nanoseconds since 1970, cut to microseconds.
    public init(nanoseconds: Int64) {
        let (microseconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1000)
        let moment = Timestamp(microsecondsSinceEpoch: rest < 0 ? microseconds - 1 : microseconds)
        self = min(max(moment, .first), .last)
    }

    public var secondsSinceEpoch: Double { Double(microsecondsSinceEpoch) / 1e6 }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microsecondsSinceEpoch < right.microsecondsSinceEpoch
    }

    public func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(
            microsecondsSinceEpoch: microsecondsSinceEpoch + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    /// `YYYY-MM-DD HH:MM:SS.ffffff`, naive UTC: how every text time in the catalog is written.
    public var description: String {
        var days = microsecondsSinceEpoch / 86_400_000_000
        var rest = microsecondsSinceEpoch % 86_400_000_000
        if rest < 0 {
            rest += 86_400_000_000
            days -= 1
        }
        let (year, month, day) = CivilDate.fromDays(days)
        let seconds = rest / 1_000_000
        return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + " "
            + Self.padded(seconds / 3600, 2) + ":" + Self.padded(seconds / 60 % 60, 2) + ":"
            + Self.padded(seconds % 60, 2) + "." + Self.padded(rest % 1_000_000, 6)
    }

    /// Parses the catalog's text form; `T` between date and time and a missing or shorter fraction are accepted too.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte >= 48, byte <= 57 else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            return value
        }
        guard bytes.count >= 19, bytes[4] == 45, bytes[7] == 45, bytes[10] == 32 || bytes[10] == 84, bytes[13] == 58,
            bytes[16] == 58, let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 19 {
            guard bytes[19] == 46, bytes.count > 20, bytes.count <= 26, let digits = number(20..<bytes.count) else {
                return nil
            }
            fraction = digits
            for _ in bytes.count..<26 { fraction *= 10 }
        }
        let days = CivilDate.toDays(year: year, month: month, day: day)
        // A day that its month does not have comes back as another one.
        guard year > 0, CivilDate.fromDays(days) == (year, month, day) else { return nil }
        self.init(
            microsecondsSinceEpoch: ((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + fraction)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return digits.count >= width ? digits : String(repeating: "0", count: width - digits.count) + digits
    }
}

/// Days since 1970 to and from the proleptic Gregorian calendar.
///
/// Eras of 400 years (146,097 days), years that begin in March so that the leap day comes last; see Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms".
enum CivilDate {
    static func toDays(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func fromDays(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}
