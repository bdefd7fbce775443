// Dates, times of day and timestamps: from their types and from text, without loss.

#include <arrow/util/value_parsing.h>

#include <cstring>
#include <limits>

#include "CSVTypes.h"
#include "ContractTypes.h"

namespace casparian::contract {

namespace {

constexpr Reason kNoDate = "it is not written as YYYY-MM-DD";
constexpr Reason kNoTime = "it is not written as HH:MM:SS";
constexpr Reason kNoTimestamp = "it is not written as YYYY-MM-DD HH:MM:SS";
constexpr Reason kNotInFormat = "it is not written as the contract's format says";
constexpr Reason kNotOfTime = "it is no text and no time";
constexpr Reason kTimeOfDay = "it has a time of day";
constexpr Reason kZone = "it has a time zone";
constexpr Reason kNoZone = "it has no time zone";
constexpr Reason kFiner = "its fraction of a second is finer";
constexpr Reason kOutOfRange = "it is out of range";

constexpr int64_t kSecondsPerDay = 86400;
constexpr int64_t kNanosecondsPerSecond = 1000000000;
/// Two-digit years from here on are of the 20th century (POSIX, strptime).
constexpr int kCenturyPivot = 69;

/// A point in time as it is written.
struct Moment {
    int64_t seconds = 0;  // since 1970
    int32_t nanoseconds = 0;
    bool has_zone = false;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes at least `least` and at most `most` digits from the front.
bool take_digits(std::string_view &text, size_t least, size_t most, int &value) {
    size_t count = 0;
    value = 0;
    for (; count < most && count < text.size() && is_digit(text[count]); ++count) {
        value = value * 10 + (text[count] - '0');
    }
    text.remove_prefix(count);
    return count >= least;
}

/// Takes `Z`, `+HH`, `+HHMM` or `+HH:MM` from the front.
bool take_zone(std::string_view &text, int64_t &offset_seconds) {
    if (text.empty()) return false;
    const char sign = text[0];
    text.remove_prefix(1);
    offset_seconds = 0;
    if (sign == 'Z' || sign == 'z') return true;
    if (sign != '+' && sign != '-') return false;
    int hours = 0, minutes = 0;
    if (!take_digits(text, 2, 2, hours) || hours > 23) return false;
    if (!text.empty() && text[0] == ':') {
        text.remove_prefix(1);
        if (!take_digits(text, 2, 2, minutes)) return false;
    } else if (!text.empty() && is_digit(text[0]) && !take_digits(text, 2, 2, minutes)) {
        return false;
    }
    if (minutes > 59) return false;
    offset_seconds = (hours * 60 + minutes) * 60 * (sign == '-' ? -1 : 1);
    return true;
}

/// RFC 3339's form, also with a blank for the T, without seconds, or a date alone; a zone may follow the time.
bool parse_iso(std::string_view text, Moment &moment) {
    constexpr size_t kDateLength = 10;
    constexpr size_t kShortest = 16;  // YYYY-MM-DD HH:MM
    int32_t days;
    if (text.size() == kDateLength) {
        if (!csv::parse_date(text, days)) return false;
        moment.seconds = days * kSecondsPerDay;
        return true;
    }
    if (text.size() < kShortest) return false;
    int64_t offset = 0;
    const size_t zone = text.find_first_of("Zz+-", kShortest);
    if (zone != std::string_view::npos) {
        std::string_view rest = text.substr(zone);
        if (!take_zone(rest, offset) || !rest.empty()) return false;
        moment.has_zone = true;
        text = text.substr(0, zone);
    }
    bool is_fine, is_utc;
    if (!csv::parse_timestamp(text, moment.seconds, moment.nanoseconds, is_fine, is_utc)) return false;
    moment.seconds -= offset;
    return true;
}

/// HH:MM[:SS[.fraction]]
bool parse_time_of_day(std::string_view text, Moment &moment) {
    constexpr std::string_view kDay = "1970-01-01T";
    constexpr size_t kLongest = 18;
    char whole[kDay.size() + kLongest];
    if (text.size() > kLongest) return false;
    std::memcpy(whole, kDay.data(), kDay.size());
    std::memcpy(whole + kDay.size(), text.data(), text.size());
    bool is_fine, is_utc;
    const std::string_view timestamp(whole, kDay.size() + text.size());
    return csv::parse_timestamp(timestamp, moment.seconds, moment.nanoseconds, is_fine, is_utc) && !is_utc;
}

/// What a format's directives have read.
struct Parts {
    int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
    int32_t nanoseconds = 0;
    int64_t offset = 0;
    bool has_zone = false;
};

bool take_month(std::string_view &text, int &month) {
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (text.size() < 3) return false;
    for (month = 1; month <= 12; ++month) {
        if (strncasecmp(text.data(), names + (month - 1) * 3, 3) == 0) {
            text.remove_prefix(3);
            return true;
        }
    }
    return false;
}

bool take_fraction(std::string_view &text, int32_t &nanoseconds) {
    const size_t before = text.size();
    int value;
    if (!take_digits(text, 1, 9, value)) return false;
    nanoseconds = value;
    for (size_t digits = before - text.size(); digits < 9; ++digits) nanoseconds *= 10;
    return true;
}

bool take_directive(char directive, std::string_view &text, Parts &parts) {
    switch (directive) {
        case 'Y': return take_digits(text, 4, 4, parts.year);
        case 'y':
            if (!take_digits(text, 2, 2, parts.year)) return false;
            parts.year += parts.year >= kCenturyPivot ? 1900 : 2000;
            return true;
        case 'm': return take_digits(text, 1, 2, parts.month);
        case 'b': return take_month(text, parts.month);
        case 'd': return take_digits(text, 1, 2, parts.day);
        case 'H': return take_digits(text, 1, 2, parts.hour);
        case 'M': return take_digits(text, 1, 2, parts.minute);
        case 'S': return take_digits(text, 1, 2, parts.second);
        case 'f': return take_fraction(text, parts.nanoseconds);
        case 'z': return parts.has_zone = take_zone(text, parts.offset);
        case '%': {
            if (text.empty() || text[0] != '%') return false;
            text.remove_prefix(1);
            return true;
        }
        default: return false;
    }
}

bool parse_format(std::string_view text, const std::string &format, Moment &moment) {
    Parts parts;
    for (size_t i = 0; i < format.size(); ++i) {
        if (format[i] == '%' && i + 1 < format.size()) {
            if (!take_directive(format[++i], text, parts)) return false;
        } else {
            if (text.empty() || text[0] != format[i]) return false;
            text.remove_prefix(1);
        }
    }
    if (!text.empty() || parts.hour > 23 || parts.minute > 59 || parts.second > 59) return false;
    char day[32];
    const int length = std::snprintf(day, sizeof(day), "%04d-%02d-%02d", parts.year, parts.month, parts.day);
    int32_t days;
    if (!csv::parse_date({day, static_cast<size_t>(length)}, days)) return false;
    const int64_t of_day = (parts.hour * 60 + parts.minute) * 60 + parts.second;
    moment.seconds = days * kSecondsPerDay + of_day - parts.offset;
    moment.nanoseconds = parts.nanoseconds;
    moment.has_zone = parts.has_zone;
    return true;
}

/// Reads a text, or with a format also an integer, such as 20240229.
Reason written(const Cell &cell, const Column &column, Moment &moment) {
    if (cell.kind == Cell::Kind::integer && !column.format.empty()) {
        return parse_format(number_text(cell), column.format, moment) ? nullptr : kNotInFormat;
    }
    if (cell.kind != Cell::Kind::text) return kNotOfTime;
    const auto text = trimmed(cell.text);
    if (!column.format.empty()) return parse_format(text, column.format, moment) ? nullptr : kNotInFormat;
    switch (column.type.kind) {
        case Kind::date: return parse_iso(text, moment) ? nullptr : kNoDate;
        case Kind::time: return parse_time_of_day(text, moment) ? nullptr : kNoTime;
        default: return parse_iso(text, moment) ? nullptr : kNoTimestamp;
    }
}

/// Seconds and nanoseconds as a count of the type's units.
Reason in_units(const Moment &moment, const Type &type, int64_t &value) {
    const int64_t step = kNanosecondsPerSecond / type.per_second;
    if (moment.nanoseconds % step != 0) return kFiner;
    const __int128 units = static_cast<__int128>(moment.seconds) * type.per_second + moment.nanoseconds / step;
    if (units > std::numeric_limits<int64_t>::max() || units < std::numeric_limits<int64_t>::min()) return kOutOfRange;
    value = static_cast<int64_t>(units);
    return nullptr;
}

/// A date, a timestamp or a text as a moment.
Reason moment_of(const Cell &cell, const Column &column, Moment &moment) {
    if (cell.kind != Cell::Kind::date && cell.kind != Cell::Kind::timestamp) return written(cell, column, moment);
    moment.seconds = cell.seconds;
    moment.nanoseconds = cell.kind == Cell::Kind::date ? 0 : cell.nanoseconds;
    moment.has_zone = cell.kind == Cell::Kind::timestamp && cell.has_zone;
    return nullptr;
}

}  // namespace

Reason to_date(const Cell &cell, const Column &column, int32_t &days) {
    Moment moment;
    if (const Reason reason = moment_of(cell, column, moment)) return reason;
    if (moment.has_zone) return kZone;
    if (moment.seconds % kSecondsPerDay != 0 || moment.nanoseconds != 0) return kTimeOfDay;
    const int64_t count = moment.seconds / kSecondsPerDay;
    if (count != static_cast<int32_t>(count)) return kOutOfRange;
    days = static_cast<int32_t>(count);
    return nullptr;
}

Reason to_time(const Cell &cell, const Column &column, int64_t &value) {
    Moment moment;
    if (cell.kind == Cell::Kind::time) {
        moment.seconds = cell.seconds;
        moment.nanoseconds = cell.nanoseconds;
    } else if (const Reason reason = written(cell, column, moment)) {
        return reason;
    }
    if (moment.has_zone) return kZone;
    if (moment.seconds < 0 || moment.seconds >= kSecondsPerDay) return kOutOfRange;
    return in_units(moment, column.type, value);
}

Reason to_timestamp(const Cell &cell, const Column &column, int64_t &value) {
    Moment moment;
    if (const Reason reason = moment_of(cell, column, moment)) return reason;
    if (moment.has_zone != column.type.has_zone) return moment.has_zone ? kZone : kNoZone;
    return in_units(moment, column.type, value);
}

}  // namespace casparian::contract
