// The names of types, and cells of Arrow arrays as values.

#include <arrow/util/float16.h>

#include <charconv>

#include "ContractTypes.h"
#include "Support.h"

namespace casparian::contract {

namespace {

constexpr int64_t kSecondsPerDay = 86400;

[[noreturn]] void unknown(const std::string &name) { throw Failure(CA_INVALID, "type '" + name + "' is unknown"); }

arrow::TimeUnit::type unit_named(const std::string &unit, const std::string &name) {
    if (unit == "s") return arrow::TimeUnit::SECOND;
    if (unit == "ms") return arrow::TimeUnit::MILLI;
    if (unit == "us") return arrow::TimeUnit::MICRO;
    if (unit == "ns") return arrow::TimeUnit::NANO;
    unknown(name);
}

int64_t per_second(arrow::TimeUnit::type unit) {
    switch (unit) {
        case arrow::TimeUnit::SECOND: return 1;
        case arrow::TimeUnit::MILLI: return 1000;
        case arrow::TimeUnit::MICRO: return 1000000;
        case arrow::TimeUnit::NANO: return 1000000000;
    }
    return 1;
}

Type simple(Kind kind, const std::string &name, std::shared_ptr<arrow::DataType> arrow) {
    Type type;
    type.kind = kind;
    type.name = name;
    type.arrow = std::move(arrow);
    if (type.arrow && arrow::is_integer(type.arrow->id())) {
        type.bits = arrow::bit_width(type.arrow->id());
        type.is_signed = arrow::is_signed_integer(type.arrow->id());
    }
    if (type.arrow && type.arrow->id() == arrow::Type::FLOAT) type.bits = 32;
    return type;
}

Type decimal_named(const std::string &digits, const std::string &name) {
    int precision = 0, scale = 0;
    const char *end = digits.data() + digits.size();
    const auto first = std::from_chars(digits.data(), end, precision);
    if (first.ec != std::errc{} || end - first.ptr < 3 || first.ptr[0] != ',' || first.ptr[1] != ' ') unknown(name);
    const auto second = std::from_chars(first.ptr + 2, end, scale);
    if (second.ec != std::errc{} || second.ptr != end || precision < 1 || precision > 76) unknown(name);
    if (scale < 0 || scale > precision) unknown(name);
    Type type = simple(Kind::decimal, name, nullptr);
    type.precision = precision;
    type.scale = scale;
    type.arrow = precision <= arrow::Decimal128Type::kMaxPrecision ? arrow::decimal128(precision, scale)
                                                                   : arrow::decimal256(precision, scale);
    return type;
}

Type time_named(const std::string &unit_name, const std::string &name) {
    const auto unit = unit_named(unit_name, name);
    const bool is_coarse = unit == arrow::TimeUnit::SECOND || unit == arrow::TimeUnit::MILLI;
    Type type = simple(Kind::time, name, is_coarse ? arrow::time32(unit) : arrow::time64(unit));
    type.per_second = per_second(unit);
    return type;
}

Type timestamp_named(const std::string &inside, const std::string &name) {
    const size_t comma = inside.find(", ");
    const auto unit = unit_named(inside.substr(0, comma), name);
    const std::string zone = comma == std::string::npos ? "" : inside.substr(comma + 2);
    Type type = simple(Kind::timestamp, name, arrow::timestamp(unit, zone));
    type.per_second = per_second(unit);
    type.has_zone = !zone.empty();
    return type;
}

struct Simple {
    const char *name;
    Kind kind;
    std::shared_ptr<arrow::DataType> (*make)();
};

std::shared_ptr<arrow::DataType> nothing() { return nullptr; }

template <const std::shared_ptr<arrow::DataType> &(*Make)()>
std::shared_ptr<arrow::DataType> make() { return Make(); }

const Simple kSimple[] = {
    {"any", Kind::any, nothing},
    {"bool", Kind::boolean, make<arrow::boolean>},
    {"int8", Kind::integer, make<arrow::int8>},
    {"int16", Kind::integer, make<arrow::int16>},
    {"int32", Kind::integer, make<arrow::int32>},
    {"int64", Kind::integer, make<arrow::int64>},
    {"uint8", Kind::integer, make<arrow::uint8>},
    {"uint16", Kind::integer, make<arrow::uint16>},
    {"uint32", Kind::integer, make<arrow::uint32>},
    {"uint64", Kind::integer, make<arrow::uint64>},
    {"float32", Kind::real, make<arrow::float32>},
    {"float64", Kind::real, make<arrow::float64>},
    {"string", Kind::text, make<arrow::utf8>},
    {"binary", Kind::bytes, make<arrow::binary>},
    {"json", Kind::json, make<arrow::utf8>},
    {"date", Kind::date, make<arrow::date32>},
};

/// Sets seconds and nanoseconds from a count of units, which may be negative.
void set_time(Cell &cell, int64_t value, int64_t units) {
    int64_t seconds = value / units, rest = value % units;
    if (rest < 0) {
        rest += units;
        --seconds;
    }
    cell.seconds = seconds;
    cell.nanoseconds = static_cast<int32_t>(rest * (1000000000 / units));
}

template <typename Array>
auto value_at(const arrow::Array &array, int64_t row) { return static_cast<const Array &>(array).Value(row); }

template <typename Array>
void set_integer(Cell &cell, const arrow::Array &array, int64_t row) {
    cell.kind = Cell::Kind::integer;
    cell.integer = value_at<Array>(array, row);
}

void set_real(Cell &cell, double value, bool is_single) {
    cell.kind = Cell::Kind::real;
    cell.real = value;
    cell.is_single = is_single;
}

template <typename Array, typename Decimal>
void set_decimal(Cell &cell, const arrow::Array &array, int64_t row) {
    const auto &decimals = static_cast<const Array &>(array);
    cell.kind = Cell::Kind::decimal;
    cell.decimal = arrow::Decimal256(Decimal(decimals.GetValue(row)));
    cell.scale = static_cast<const arrow::DecimalType &>(*array.type()).scale();
}

template <typename Array>
void set_bytes(Cell &cell, Cell::Kind kind, const arrow::Array &array, int64_t row) {
    cell.kind = kind;
    cell.text = static_cast<const Array &>(array).GetView(row);
}

void set_timestamp(Cell &cell, const arrow::Array &array, int64_t row) {
    const auto &type = static_cast<const arrow::TimestampType &>(*array.type());
    cell.kind = Cell::Kind::timestamp;
    cell.has_zone = !type.timezone().empty();
    set_time(cell, value_at<arrow::TimestampArray>(array, row), per_second(type.unit()));
}

/// Milliseconds since 1970, which need not be whole days.
void set_date64(Cell &cell, const arrow::Array &array, int64_t row) {
    set_time(cell, value_at<arrow::Date64Array>(array, row), 1000);
    const bool is_day = cell.seconds % kSecondsPerDay == 0 && cell.nanoseconds == 0;
    cell.kind = is_day ? Cell::Kind::date : Cell::Kind::timestamp;
    cell.has_zone = false;
}

}  // namespace

Type type_named(const std::string &name) {
    for (const Simple &known : kSimple) {
        if (name == known.name) return simple(known.kind, name, known.make());
    }
    const auto inside = [&](const std::string &head, char close) -> std::string {
        const bool is_it = name.size() > head.size() + 1 && name.starts_with(head) && name.back() == close;
        return is_it ? name.substr(head.size(), name.size() - head.size() - 1) : std::string();
    };
    if (const auto digits = inside("decimal(", ')'); !digits.empty()) return decimal_named(digits, name);
    if (const auto unit = inside("time[", ']'); !unit.empty()) return time_named(unit, name);
    if (const auto rest = inside("timestamp[", ']'); !rest.empty()) return timestamp_named(rest, name);
    unknown(name);
}

void CellReader::read(int64_t row, Cell &cell) const {
    using arrow::Type;
    using K = Cell::Kind;
    switch (array_.type_id()) {
        case Type::BOOL:
            cell.kind = K::boolean;
            cell.flag = value_at<arrow::BooleanArray>(array_, row);
            return;
        case Type::INT8: return set_integer<arrow::Int8Array>(cell, array_, row);
        case Type::INT16: return set_integer<arrow::Int16Array>(cell, array_, row);
        case Type::INT32: return set_integer<arrow::Int32Array>(cell, array_, row);
        case Type::INT64: return set_integer<arrow::Int64Array>(cell, array_, row);
        case Type::UINT8: return set_integer<arrow::UInt8Array>(cell, array_, row);
        case Type::UINT16: return set_integer<arrow::UInt16Array>(cell, array_, row);
        case Type::UINT32: return set_integer<arrow::UInt32Array>(cell, array_, row);
        case Type::UINT64: return set_integer<arrow::UInt64Array>(cell, array_, row);
        case Type::HALF_FLOAT: {
            const uint16_t bits = value_at<arrow::HalfFloatArray>(array_, row);
            return set_real(cell, arrow::util::Float16::FromBits(bits).ToFloat(), true);
        }
        case Type::FLOAT: return set_real(cell, value_at<arrow::FloatArray>(array_, row), true);
        case Type::DOUBLE: return set_real(cell, value_at<arrow::DoubleArray>(array_, row), false);
        case Type::DECIMAL128: return set_decimal<arrow::Decimal128Array, arrow::Decimal128>(cell, array_, row);
        case Type::DECIMAL256: return set_decimal<arrow::Decimal256Array, arrow::Decimal256>(cell, array_, row);
        case Type::STRING: return set_bytes<arrow::StringArray>(cell, K::text, array_, row);
        case Type::LARGE_STRING: return set_bytes<arrow::LargeStringArray>(cell, K::text, array_, row);
        case Type::STRING_VIEW: return set_bytes<arrow::StringViewArray>(cell, K::text, array_, row);
        case Type::BINARY: return set_bytes<arrow::BinaryArray>(cell, K::bytes, array_, row);
        case Type::LARGE_BINARY: return set_bytes<arrow::LargeBinaryArray>(cell, K::bytes, array_, row);
        case Type::BINARY_VIEW: return set_bytes<arrow::BinaryViewArray>(cell, K::bytes, array_, row);
        case Type::FIXED_SIZE_BINARY: return set_bytes<arrow::FixedSizeBinaryArray>(cell, K::bytes, array_, row);
        case Type::DATE32:
            cell.kind = K::date;
            cell.seconds = value_at<arrow::Date32Array>(array_, row) * kSecondsPerDay;
            cell.nanoseconds = 0;
            return;
        case Type::DATE64: return set_date64(cell, array_, row);
        case Type::TIME32:
        case Type::TIME64: {
            cell.kind = K::time;
            const int64_t units = per_second(static_cast<const arrow::TimeType &>(*array_.type()).unit());
            return set_time(
                cell, array_.type_id() == Type::TIME32 ? int64_t{value_at<arrow::Time32Array>(array_, row)}
                                                       : value_at<arrow::Time64Array>(array_, row), units);
        }
        case Type::TIMESTAMP: return set_timestamp(cell, array_, row);
        default: cell.kind = arrow::is_nested(array_.type_id()) ? K::nested : K::other;
    }
}

}  // namespace casparian::contract
