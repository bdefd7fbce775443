// Texts to values, exactly or not at all.

#include <arrow/util/value_parsing.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

#include "CSVTypes.h"

namespace casparian::csv {

namespace {

/// Every decimal of so many significant digits comes back from float64 unchanged (DBL_DIG).
constexpr int kExactDigits = 15;
/// 10^22 is the highest power of ten that float64 holds.
constexpr int kExactPower = 22;
constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
/// More digits than this are taken as text.
constexpr int kSignificantMax = 48;

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

struct Decimal {
    bool is_valid = false;
    bool is_plain = true;      // no exponent
    bool has_point = false;
    uint64_t digits = 0;       // all of them as one integer, if `significant` is at most 19
    int significant = 0;       // digits from the first that is not zero
    int fraction_digits = 0;
};

/// The parts of an unsigned number.
Decimal scan_decimal(std::string_view text) {
    Decimal decimal;
    bool any = false;
    size_t i = 0;
    for (; i < text.size(); ++i) {
        if (is_digit(text[i])) {
            any = true;
            decimal.digits = decimal.digits * 10 + (text[i] - '0');
            decimal.significant += decimal.digits != 0 || decimal.significant > 0;
            decimal.fraction_digits += decimal.has_point;
        } else if (text[i] == '.' && !decimal.has_point) {
            decimal.has_point = true;
        } else {
            break;
        }
    }
    decimal.is_valid = any;
    if (i == text.size() || !any) return decimal;
    decimal.is_plain = false;
    decimal.is_valid = text[i] == 'e' || text[i] == 'E';
    size_t exponent = i + 1;
    if (exponent < text.size() && (text[exponent] == '-' || text[exponent] == '+')) ++exponent;
    decimal.is_valid &= exponent < text.size();
    for (; exponent < text.size(); ++exponent) decimal.is_valid &= is_digit(text[exponent]);
    return decimal;
}

/// Whether `value`, printed with as many digits as the decimal has, gives the decimal: it is then nearer than half a
/// unit of the last digit. False if integers of 128 bits cannot tell.
bool rounds_to(const Decimal &decimal, double value) {
    constexpr int kPowerMax = 27;  // 5^27 < 2^63
    if (!decimal.is_plain || decimal.significant > 19 || decimal.fraction_digits > kPowerMax) return false;
    int exponent;
    auto left = static_cast<unsigned __int128>(std::ldexp(std::frexp(value, &exponent), 53));
    for (int i = 0; i < decimal.fraction_digits; ++i) left *= 5;
    // value * 10^fraction = left * 2^(exponent - 53 + fraction)
    const int shift = 53 - exponent - decimal.fraction_digits;
    if (shift < 1 || shift + std::bit_width(decimal.digits) > 126) return false;
    const auto right = static_cast<unsigned __int128>(decimal.digits) << shift;
    const auto difference = left > right ? left - right : right - left;
    return difference < static_cast<unsigned __int128>(1) << (shift - 1);
}

/// Digits of a mantissa without the point and without zeros at either end; the rest of `text` is passed over.
std::string_view bare_digits(std::string_view text, char (&out)[kSignificantMax + 8]) {
    size_t count = 0;
    for (const char c : text) {
        if (c == 'e' || c == 'E') break;
        if (is_digit(c) && (c != '0' || count > 0) && count < sizeof(out)) out[count++] = c;
    }
    while (count > 0 && out[count - 1] == '0') --count;
    return {out, count};
}

/// Whether `text` is what `value` prints as, at its shortest or with as many digits as the text has: then the text
/// came from that double, or says the same.
bool is_print_of(std::string_view text, int significant, double value) {
    char wanted[kSignificantMax + 8], bare[kSignificantMax + 8], printed[kSignificantMax + 16];
    const auto digits = bare_digits(text, wanted);
    const auto shortest = std::to_chars(printed, std::end(printed), value, std::chars_format::scientific);
    if (bare_digits({printed, static_cast<size_t>(shortest.ptr - printed)}, bare) == digits) return true;
    const auto full =
        std::to_chars(printed, std::end(printed), value, std::chars_format::scientific, significant - 1);
    return full.ec == std::errc{} && bare_digits({printed, static_cast<size_t>(full.ptr - printed)}, bare) == digits;
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

bool fits_double(int64_t value) {
    const auto rounded = static_cast<double>(value);
    return rounded < 0x1p63 && static_cast<int64_t>(rounded) == value;
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
    const Decimal decimal = scan_decimal(text.substr(at));
    if (!decimal.is_valid || decimal.significant > kSignificantMax) return false;
    // An integer too long for int64 is an identifier more often than a quantity.
    if (decimal.is_plain && !decimal.has_point && decimal.significant > 18) return false;
    if (decimal.significant <= kExactDigits && decimal.is_plain && decimal.fraction_digits <= kExactPower) {
        // Both are exact in float64, so one division rounds correctly (Clinger 1990).
        value = static_cast<double>(decimal.digits) / kPowersOfTen[decimal.fraction_digits];
        if (text[0] == '-') value = -value;
        return true;
    }
    if (!arrow::internal::StringToFloat(text.data(), text.size(), '.', &value)) return false;
    if (!std::isfinite(value) || (value == 0 && decimal.significant > 0)) return false;
    return decimal.significant <= kExactDigits || rounds_to(decimal, std::fabs(value)) ||
           is_print_of(text.substr(at), decimal.significant, std::fabs(value));
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
