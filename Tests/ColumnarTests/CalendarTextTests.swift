import Columnar
import Foundation
import Testing

@Suite struct CalendarTextTests {
    private func text(_ write: (UnsafeMutablePointer<UInt8>) -> Int) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: CalendarText.bytesMax) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            let length = write(start)
            return String(decoding: buffer[..<length], as: UTF8.self)
        }
    }

    @Test func `Days are dates of the proleptic Gregorian calendar`() {
        let dates: [(Int64, String)] = [
            (0, "1970-01-01"), (-1, "1969-12-31"), (11016, "2000-02-29"), (-719_162, "0001-01-01"),
            (2_932_896, "9999-12-31"), (2_932_897, "+10000-01-01"), (-719_163, "+0000-12-31"),
            (-719_529, "-0001-12-31"),
        ]
        for (days, date) in dates { #expect(text { CalendarText.date(days, $0) } == date) }
    }

    @Test func `Every day of four centuries follows the one before`() {
        var last = text { CalendarText.date(-1, $0) }
        for day in Int64(0)..<146_097 {
            let next = text { CalendarText.date(day, $0) }
            #expect(next > last)
            last = next
        }
        #expect(last == "2369-12-31")
    }

    @Test func `Timestamps have the digits of their unit, before 1970 too`() {
        #expect(text { CalendarText.timestamp(-1, unit: .second, $0) } == "1969-12-31T23:59:59")
        #expect(text { CalendarText.timestamp(-1, unit: .millisecond, $0) } == "1969-12-31T23:59:59.999")
        #expect(text { CalendarText.timestamp(1, unit: .microsecond, $0) } == "1970-01-01T00:00:00.000001")
        #expect(text { CalendarText.timestamp(.min, unit: .nanosecond, $0) } == "1677-09-21T00:12:43.145224192")
        #expect(text { CalendarText.timestamp(.max, unit: .nanosecond, $0) } == "2262-04-11T23:47:16.854775807")
        let berlin = ZoneText("+01:00")
        #expect(
            text { CalendarText.timestamp(0, unit: .second, shiftSeconds: berlin.shiftSeconds, $0) }
                + berlin.suffix == "1970-01-01T01:00:00+01:00")
    }

    @Test func `No timestamp of any unit writes over its buffer`() {
        for unit in [ColumnType.Unit.second, .millisecond, .microsecond, .nanosecond] {
            for value in [Int64.min, .max, 0] {
                #expect(text { CalendarText.timestamp(value, unit: unit, $0) }.utf8.count < CalendarText.bytesMax)
            }
        }
    }

    @Test func `A time outside the day is none`() {
        #expect(text { CalendarText.time(86_399_999, unit: .millisecond, $0) ?? 0 } == "23:59:59.999")
        #expect(text { CalendarText.time(86_400, unit: .second, $0) ?? 0 } == "")
        #expect(text { CalendarText.time(-1, unit: .second, $0) ?? 0 } == "")
    }

    @Test func `Zones are kept`() {
        #expect(ZoneText(nil).suffix == "")
        #expect(ZoneText("UTC").suffix == "Z" && ZoneText("+00:00").suffix == "Z")
        #expect(ZoneText("-05:30").suffix == "-05:30" && ZoneText("-05:30").shiftSeconds == -19_800)
        #expect(ZoneText("Europe/Berlin").suffix == "Z[Europe/Berlin]" && ZoneText("Europe/Berlin").shiftSeconds == 0)
    }
}
