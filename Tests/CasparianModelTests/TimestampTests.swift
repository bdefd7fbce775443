import CasparianModel
import CasparianTestKit
import Foundation
import Testing

@Suite struct TimestampTests {
    /// The first and the last moment that the text form holds: years 1 to 9999.
    static let first: Int64 = -62_135_596_800_000_000
    static let last: Int64 = 253_402_300_799_999_999

    /// The date and time of day as the C library writes them.
    private static func systemText(_ microseconds: Int64) -> String {
        let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        var time = time_t(rest < 0 ? seconds - 1 : seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        let fraction = rest < 0 ? rest + 1_000_000 : rest
        return String(
            format: "%04d-%02d-%02d %02d:%02d:%02d.%06d", Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1,
            Int(parts.tm_mday), Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec), Int(fraction))
    }

    @Test func `Random moments of the years 1 to 9999 are written as the C library does, and read back`() {
        var random = SeededRandom(seed: 20_250_712)
        for _ in 0..<20_000 {
            let microseconds = Int64.random(in: Self.first...Self.last, using: &random)
            let text = Timestamp(microsecondsSinceEpoch: microseconds).description
            #expect(text == Self.systemText(microseconds))
            #expect(Timestamp(text)?.microsecondsSinceEpoch == microseconds)
        }
    }

    @Test func `Edges of days, years and centuries come back`() {
        let days: [Int64] = [-719_162, -1, 0, 1, 11_016, 10_957, 19_782, -25_509, 47_540, 2_932_896]
        for day in days {
            for offset: Int64 in [-1, 0, 1] where (Self.first...Self.last).contains(day * 86_400_000_000 + offset) {
                let microseconds = day * 86_400_000_000 + offset
                let text = Timestamp(microsecondsSinceEpoch: microseconds).description
                #expect(text == Self.systemText(microseconds))
                #expect(Timestamp(text)?.microsecondsSinceEpoch == microseconds)
            }
        }
        #expect(Timestamp(microsecondsSinceEpoch: Self.first).description == "0001-01-01 00:00:00.000000")
        #expect(Timestamp(microsecondsSinceEpoch: Self.last).description == "9999-12-31 23:59:59.999999")
    }

    @Test(arguments: [
        ("2024-02-29T12:34:56.7", "2024-02-29 12:34:56.700000"), ("2024-02-29 12:34:56", "2024-02-29 12:34:56.000000"),
        ("2024-02-29 12:34:56.000001", "2024-02-29 12:34:56.000001"),
    ])
    func `Short fractions and a T are read`(_ text: String, _ expected: String) {
        #expect(Timestamp(text)?.description == expected)
    }

    @Test(arguments: [
        "", "2024-02-29", "2024-02-29 12:34", "2024-13-01 00:00:00", "2024-00-01 00:00:00", "2024-01-00 00:00:00",
        "2024-01-32 00:00:00", "2023-02-29 00:00:00", "2024-04-31 00:00:00", "1900-02-29 00:00:00",
        "2024-01-01 24:00:00", "2024-01-01 00:60:00", "2024-01-01 00:00:61", "2024-01-01 00:00:00.",
        "2024-01-01 00:00:00.1234567", "2024-01-01 00:00:00Z", "2024/01/01 00:00:00", "2024-01-01x00:00:00",
        "-024-01-01 00:00:00", "2024-01-01 00:00:00.12a", "0000-01-01 00:00:00", "٢٠٢٤-01-01 00:00:00",
    ])
    func `What is no moment is nil`(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `Seconds are rounded to microseconds, and what no calendar holds is its nearest moment`() {
        #expect(Timestamp(secondsSinceEpoch: 1.000_000_6).microsecondsSinceEpoch == 1_000_001)
        #expect(Timestamp(secondsSinceEpoch: -0.5).microsecondsSinceEpoch == -500_000)
        #expect(Timestamp(secondsSinceEpoch: -0.5).description == "1969-12-31 23:59:59.500000")
        #expect(Timestamp(secondsSinceEpoch: 1e300).microsecondsSinceEpoch == Self.last)
        #expect(Timestamp(secondsSinceEpoch: .infinity).microsecondsSinceEpoch == Self.last)
        #expect(Timestamp(secondsSinceEpoch: -1e300).microsecondsSinceEpoch == Self.first)
        #expect(Timestamp(secondsSinceEpoch: .nan).microsecondsSinceEpoch == 0)
    }

    @Test func `A system's time is cut to microseconds, and what no calendar holds is its nearest moment`() {
        #expect(Timestamp(seconds: 1, nanoseconds: 999_999_999).microsecondsSinceEpoch == 1_999_999)
        #expect(Timestamp(seconds: -1, nanoseconds: 999_999_999).microsecondsSinceEpoch == -1)
        for seconds in [Int.max, Int.max / 1_000_000, 1 << 40] {
            #expect(Timestamp(seconds: seconds, nanoseconds: 999_999_999) == .last)
            #expect(Timestamp(seconds: -seconds, nanoseconds: 0) == .first)
        }
        #expect(Timestamp(seconds: .min, nanoseconds: 0) == .first)
    }

    @Test func `Advancing adds a duration of either sign`() {
        let start = Timestamp(microsecondsSinceEpoch: 5)
        #expect(start.advanced(by: .seconds(2) + .microseconds(3)).microsecondsSinceEpoch == 2_000_008)
        #expect(start.advanced(by: .zero - .milliseconds(1500)).microsecondsSinceEpoch == -1_499_995)
        #expect(start < start.advanced(by: .microseconds(1)))
    }
}
