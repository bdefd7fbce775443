// Numbers: from any type and from text to integers, decimals and floats, without rounding.

#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>

#include "ContractTypes.h"

namespace casparian::contract {

namespace {

constexpr Reason kNoNumber = "it is not a number";
constexpr Reason kNoBoolean = "it is not true, false, 1 or 0";
constexpr Reason kEmpty = "it is empty";
constexpr Reason kOutOfRange = "it is out of range";
constexpr Reason kFraction = "it has a fraction";
constexpr Reason kMoreFraction = "it has more digits after the point";
constexpr Reason kMoreDigits = "it has more digits before the point";
constexpr Reason kTooLong = "it has too many digits";
constexpr Reason kNotFinite = "it is not finite";
constexpr Reason kRounded = "it would be rounded";

/// More significant digits than any decimal has.
constexpr int kDigitsMax = 80;
/// Digits that every __int128 has room for.
constexpr int kIntegerDigitsMax = 38;
/// So many digits fit int64.
constexpr int kShortDigits = 18;
/// float64's largest has 309 digits.
constexpr size_t kFixedLengthMax = 320;
/// More than any float's, in digits of an exponent.
constexpr int kExponentDigitsMax = 5;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// digits * 10^-scale, exactly; the digits have no zero at either end, so zero has none.
struct Number {
    bool is_negative = false;
    int count = 0;
    int64_t scale = 0;
    char digits[kDigitsMax];

    std::string_view view() const { return {digits, static_cast<size_t>(count)}; }
};

Reason scan_exponent(std::string_view text, int64_t &exponent) {
    size_t at = text.size() > 1 && (text[1] == '-' || text[1] == '+') ? 2 : 1;
    const size_t first = at;
    for (; at < text.size(); ++at) {
        if (!is_digit(text[at])) return kNoNumber;
        if (at - first >= kExponentDigitsMax) return kOutOfRange;
        exponent = exponent * 10 + (text[at] - '0');
    }
    if (at == first) return kNoNumber;
    if (text[1] == '-') exponent = -exponent;
    return nullptr;
}

/// `[+-]digits[.digits][e[+-]digits]`; leading zeros say nothing.
Reason scan(std::string_view text, Number &number) {
    if (text.empty()) return kEmpty;
    number.is_negative = text[0] == '-';
    size_t at = text[0] == '-' || text[0] == '+' ? 1 : 0;
    bool any = false, has_point = false, is_full = false;
    int64_t fraction = 0, exponent = 0;
    number.count = 0;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (!is_digit(c)) break;
        any = true;
        fraction += has_point;
        if (c == '0' && number.count == 0) continue;
        if (number.count == kDigitsMax) is_full = true;
        else number.digits[number.count++] = c;
    }
    if (!any) return kNoNumber;
    if (at < text.size()) {
        if (text[at] != 'e' && text[at] != 'E') return kNoNumber;
        if (const Reason reason = scan_exponent(text.substr(at), exponent)) return reason;
    }
    if (is_full) return kTooLong;
    number.scale = fraction - exponent;
    for (; number.count > 0 && number.digits[number.count - 1] == '0'; --number.count) --number.scale;
    if (number.count == 0) number.scale = 0;
    return nullptr;
}

/// A float's shortest text that gives the same float again.
template <size_t Size>
std::string_view shortest(double value, bool is_single, char (&out)[Size]) {
    const auto end = is_single ? std::to_chars(out, std::end(out), static_cast<float>(value))
                               : std::to_chars(out, std::end(out), value);
    return {out, static_cast<size_t>(end.ptr - out)};
}

/// What a cell that is not null says as a number: a whole float says exactly that, another one its shortest text.
Reason number_of(const Cell &cell, Number &number) {
    switch (cell.kind) {
        case Cell::Kind::integer:
        case Cell::Kind::decimal: return scan(number_text(cell), number);
        case Cell::Kind::text: return scan(trimmed(cell.text), number);
        case Cell::Kind::real: {
            if (!std::isfinite(cell.real)) return kNotFinite;
            char text[kFixedLengthMax];
            if (std::trunc(cell.real) == cell.real) {
                const auto end = std::to_chars(text, std::end(text), cell.real, std::chars_format::fixed, 0);
                return scan({text, static_cast<size_t>(end.ptr - text)}, number);
            }
            return scan(shortest(cell.real, cell.is_single, text), number);
        }
        default: return kNoNumber;
    }
}

Reason fit(__int128 value, const Type &type) {
    const int width = type.is_signed ? type.bits - 1 : type.bits;
    const __int128 limit = static_cast<__int128>(1) << width;
    return value >= limit || value < (type.is_signed ? -limit : 0) ? kOutOfRange : nullptr;
}

Reason integer_of(const Number &number, __int128 &value) {
    if (number.scale > 0) return kFraction;
    if (number.count - number.scale > kIntegerDigitsMax) return kOutOfRange;
    value = 0;
    for (const char digit : number.view()) value = value * 10 + (digit - '0');
    for (int64_t i = number.scale; i < 0; ++i) value *= 10;
    if (number.is_negative) value = -value;
    return nullptr;
}

/// What most texts of integers are.
bool short_integer(std::string_view text, __int128 &value) {
    const bool is_negative = !text.empty() && text[0] == '-';
    if (is_negative) text.remove_prefix(1);
    if (text.empty() || text.size() > kShortDigits) return false;
    int64_t sum = 0;
    for (const char c : text) {
        if (!is_digit(c)) return false;
        sum = sum * 10 + (c - '0');
    }
    value = is_negative ? -sum : sum;
    return true;
}

/// Digits of a printed float, without zeros at the end.
bool prints_as(std::string_view printed, std::string_view digits) {
    size_t at = 0;
    size_t zeros = 0;
    for (const char c : printed) {
        if (c == 'e') break;
        if (!is_digit(c) || (c == '0' && at == 0 && zeros == 0)) continue;
        if (c == '0') {
            ++zeros;
            continue;
        }
        for (; zeros > 0; --zeros, ++at) {
            if (at >= digits.size() || digits[at] != '0') return false;
        }
        if (at >= digits.size() || digits[at++] != c) return false;
    }
    return at == digits.size();
}

/// Reads the nearest float and checks that it says what the digits say: it gives them again when it is printed with as
/// many, or at its shortest.
template <typename Float>
Reason nearest(std::string_view text, const Number &number, double &value) {
    Float found = 0;
    if (text[0] == '+') text.remove_prefix(1);
    const auto end = std::from_chars(text.data(), text.data() + text.size(), found);
    if (end.ec == std::errc::result_out_of_range || !std::isfinite(found)) return kOutOfRange;
    if (end.ec != std::errc{} || end.ptr != text.data() + text.size()) return kNoNumber;
    value = found;
    if (number.count == 0) return nullptr;
    const Float size = std::fabs(found);
    if (number.count <= std::numeric_limits<Float>::digits10 && size >= std::numeric_limits<Float>::min()) {
        return nullptr;
    }
    char out[kDigitsMax + 16];
    const auto full = std::to_chars(out, std::end(out), size, std::chars_format::scientific, number.count - 1);
    if (prints_as({out, static_cast<size_t>(full.ptr - out)}, number.view())) return nullptr;
    const auto brief = std::to_chars(out, std::end(out), size, std::chars_format::scientific);
    return prints_as({out, static_cast<size_t>(brief.ptr - out)}, number.view()) ? nullptr : kRounded;
}

/// NaN and infinities, as programs write them.
bool word(std::string_view text, double &value) {
    const bool is_negative = !text.empty() && text[0] == '-';
    if (is_negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
    const auto is = [text](const char *expected) {
        return text.size() == std::strlen(expected) && strncasecmp(text.data(), expected, text.size()) == 0;
    };
    if (is("nan")) value = std::numeric_limits<double>::quiet_NaN();
    else if (is("inf") || is("infinity")) value = std::numeric_limits<double>::infinity();
    else return false;
    if (is_negative) value = -value;
    return true;
}

Reason real_of_text(std::string_view text, const Type &type, double &value) {
    if (word(text, value)) return nullptr;
    Number number;
    if (const Reason reason = scan(text, number)) return reason;
    return type.bits == 32 ? nearest<float>(text, number, value) : nearest<double>(text, number, value);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::string number_text(const Cell &cell) {
    if (cell.kind == Cell::Kind::decimal) return cell.decimal.ToString(cell.scale);
    if (cell.kind == Cell::Kind::integer) {
        // Cells are of 64 bits at most.
        return cell.integer < 0 ? std::to_string(static_cast<int64_t>(cell.integer))
                                : std::to_string(static_cast<uint64_t>(cell.integer));
    }
    char out[64];
    return std::string(shortest(cell.real, cell.is_single, out));
}

Reason to_boolean(const Cell &cell, bool &value) {
    if (cell.kind == Cell::Kind::boolean) return value = cell.flag, nullptr;
    std::string_view text;
    if (cell.kind == Cell::Kind::integer) {
        if (cell.integer != 0 && cell.integer != 1) return kNoBoolean;
        return value = cell.integer == 1, nullptr;
    }
    if (cell.kind == Cell::Kind::text) text = trimmed(cell.text);
    const auto is = [text](const char *expected) {
        return text.size() == std::strlen(expected) && strncasecmp(text.data(), expected, text.size()) == 0;
    };
    value = is("true") || is("1");
    return value || is("false") || is("0") ? nullptr : kNoBoolean;
}

Reason to_integer(const Cell &cell, const Type &type, __int128 &value) {
    if (cell.kind == Cell::Kind::integer) return value = cell.integer, fit(value, type);
    if (cell.kind == Cell::Kind::real) {
        if (!std::isfinite(cell.real)) return kNotFinite;
        if (std::trunc(cell.real) != cell.real) return kFraction;
        if (std::fabs(cell.real) >= 0x1p64) return kOutOfRange;
        return value = static_cast<__int128>(cell.real), fit(value, type);
    }
    if (cell.kind == Cell::Kind::text && short_integer(trimmed(cell.text), value)) return fit(value, type);
    Number number;
    if (const Reason reason = number_of(cell, number)) return reason;
    if (const Reason reason = integer_of(number, value)) return reason;
    return fit(value, type);
}

Reason to_real(const Cell &cell, const Type &type, double &value) {
    switch (cell.kind) {
        case Cell::Kind::integer:
            value = type.bits == 32 ? static_cast<float>(cell.integer) : static_cast<double>(cell.integer);
            return static_cast<__int128>(value) == cell.integer ? nullptr : kRounded;
        case Cell::Kind::real:
            value = cell.real;
            if (type.bits == 64 || std::isnan(value)) return nullptr;
            return static_cast<double>(static_cast<float>(value)) == value ? nullptr : kRounded;
        case Cell::Kind::decimal: return real_of_text(number_text(cell), type, value);
        case Cell::Kind::text: return real_of_text(trimmed(cell.text), type, value);
        default: return kNoNumber;
    }
}

Reason to_decimal(const Cell &cell, const Type &type, arrow::Decimal256 &value) {
    Number number;
    if (const Reason reason = number_of(cell, number)) return reason;
    if (number.scale > type.scale) return kMoreFraction;
    const int64_t zeros = number.count == 0 ? 0 : type.scale - number.scale;
    if (number.count + zeros > type.precision) return kMoreDigits;
    if (number.count + zeros <= kShortDigits) {
        int64_t sum = 0;
        for (const char digit : number.view()) sum = sum * 10 + (digit - '0');
        for (int64_t i = 0; i < zeros; ++i) sum *= 10;
        return value = arrow::Decimal256(number.is_negative ? -sum : sum), nullptr;
    }
    std::string digits(number.is_negative ? "-" : "");
    digits += number.view();
    digits.append(static_cast<size_t>(zeros), '0');
    int32_t precision, scale;
    return arrow::Decimal256::FromString(digits, &value, &precision, &scale).ok() ? nullptr : kTooLong;
}

}  // namespace casparian::contract
