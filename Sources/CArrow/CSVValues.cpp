// Texts to values, exactly or not at all.

#include <arrow/util/value_parsing.h>

#include <cmath>
#include <limits>

#include "CSVTypes.h"

namespace casparian::csv {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool digits(std::string_view text, size_t at, size_t count, int64_t &value) {
    if (at + count > text.size()) return false;
    value = 0;
    for (size_t i = at; i < at + count; ++i) {
        if (!is_digit(text[i])) return false;
        value = value * 10 + (text[i] - '0');
    }
    return true;
}

/// Days since 1970; see Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
int64_t civil_days(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    const int64_t era = year / 400;
    const int64_t of_era = year - era * 400;
    const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool calendar_day(std::string_view text, int64_t &days) {
    int64_t year, month, day;
    if (text.size() < 10 || text[4] != '-' || text[7] != '-') return false;
    if (!digits(text, 0, 4, year) || !digits(text, 5, 2, month) || !digits(text, 8, 2, day)) return false;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || month < 1 || month > 12 || day < 1) return false;
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > lengths[month - 1] + (leap && month == 2 ? 1 : 0)) return false;
    days = civil_days(year, month, day);
    return true;
}

}  // namespace

bool parse_int64(std::string_view text, int64_t &value) {
    const bool negative = !text.empty() && text[0] == '-';
    const size_t start = negative ? 1 : 0;
    const size_t count = text.size() - start;
    if (count == 0 || count > 19) return false;
    if (text[start] == '0' && (count > 1 || negative)) return false;  // 007 and -0 are not numbers that print like this
    uint64_t magnitude = 0;
    for (size_t i = start; i < text.size(); ++i) {
        const unsigned digit = static_cast<unsigned char>(text[i]) - '0';
        if (digit > 9) return false;
        magnitude = magnitude * 10 + digit;
    }
    constexpr uint64_t limit = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (magnitude > limit + (negative ? 1 : 0)) return false;
    value = negative ? static_cast<int64_t>(0 - magnitude) : static_cast<int64_t>(magnitude);
    return true;
}

bool parse_double(std::string_view text, double &value, bool &is_word) {
    is_word = false;
    size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
    if (at == text.size()) return false;
    if (!is_digit(text[at]) && text[at] != '.') {
        const auto word = text.substr(at);
        is_word = true;
        if (at == 0 && (word == "nan" || word == "NaN" || word == "NAN")) {
            value = std::numeric_limits<double>::quiet_NaN();
            return true;
        }
        if (word == "inf" || word == "Inf" || word == "Infinity" || word == "infinity") {
            value = at ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
            return true;
        }
        return false;
    }
    // A leading zero before another digit is an identifier, not a number.
    if (text[at] == '0' && at + 1 < text.size() && is_digit(text[at + 1])) return false;
    int significant = 0;
    bool started = false, any = false, point = false;
    size_t i = at;
    for (; i < text.size(); ++i) {
        if (text[i] == '.') {
            if (point) return false;
            point = true;
        } else if (is_digit(text[i])) {
            any = true;
            started |= text[i] != '0';
            significant += started;
        } else {
            break;
        }
    }
    if (!any) return false;
    if (i < text.size()) {
        if (text[i] != 'e' && text[i] != 'E') return false;
        size_t exponent = i + 1;
        if (exponent < text.size() && (text[exponent] == '-' || text[exponent] == '+')) ++exponent;
        if (exponent == text.size()) return false;
        for (; exponent < text.size(); ++exponent) {
            if (!is_digit(text[exponent])) return false;
        }
    }
    // More than 17 significant digits are more than a double holds.
    if (significant > 17) return false;
    if (!arrow::internal::StringToFloat(text.data(), text.size(), '.', &value)) return false;
    return std::isfinite(value) && (value != 0 || !started);
}

bool parse_boolean(std::string_view text, bool &value) {
    if (text == "true" || text == "True" || text == "TRUE") return value = true, true;
    if (text == "false" || text == "False" || text == "FALSE") return value = false, true;
    return false;
}

bool parse_date(std::string_view text, int32_t &days) {
    int64_t count;
    if (text.size() != 10 || !calendar_day(text, count)) return false;
    days = static_cast<int32_t>(count);
    return true;
}

bool parse_timestamp(std::string_view text, int64_t &seconds, int32_t &fraction_ns, bool &nanoseconds, bool &utc) {
    int64_t days, hour, minute, second = 0;
    if (text.size() < 16 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || !calendar_day(text, days)) {
        return false;
    }
    if (!digits(text, 11, 2, hour) || !digits(text, 14, 2, minute)) return false;
    size_t at = 16;
    fraction_ns = 0;
    nanoseconds = false;
    if (at < text.size() && text[at] == ':') {
        if (!digits(text, 17, 2, second)) return false;
        at = 19;
        if (at < text.size() && text[at] == '.') {
            const size_t begin = ++at;
            while (at < text.size() && is_digit(text[at])) ++at;
            const size_t count = at - begin;
            int64_t fraction;
            if (count == 0 || count > 9 || !digits(text, begin, count, fraction)) return false;
            for (size_t i = count; i < 9; ++i) fraction *= 10;
            fraction_ns = static_cast<int32_t>(fraction);
            nanoseconds = count > 6;
        }
    }
    if (hour > 23 || minute > 59 || second > 59) return false;
    const auto zone = text.substr(at);
    utc = zone == "Z" || zone == "+00:00";
    if (!utc && !zone.empty()) return false;
    seconds = days * 86400 + hour * 3600 + minute * 60 + second;
    // Nanoseconds since 1970 fit int64 from 1677 to 2262.
    if (nanoseconds && (seconds < -9223372036 || seconds > 9223372035)) return false;
    return true;
}

}  // namespace casparian::csv
