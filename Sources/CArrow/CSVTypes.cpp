#include "CSVTypes.h"

#include "Support.h"

namespace casparian::csv {

namespace {

struct Name {
    const char *text;
    Kind kind;
};
constexpr Name kNames[] = {
    {"null", Kind::null},
    {"bool", Kind::boolean},
    {"int64", Kind::int64},
    {"double", Kind::decimal},
    {"date32", Kind::date},
    {"timestamp", Kind::timestamp_us},
    {"timestamp[us]", Kind::timestamp_us},
    {"timestamp[ns]", Kind::timestamp_ns},
    {"timestamp[us, UTC]", Kind::timestamp_us_utc},
    {"timestamp[ns, UTC]", Kind::timestamp_ns_utc},
    {"string", Kind::text},
    {"binary", Kind::binary},
    {"float64", Kind::decimal},
};

bool is_timestamp(Kind kind) { return kind >= Kind::timestamp_us && kind <= Kind::timestamp_ns_utc; }
bool is_utc(Kind kind) { return kind == Kind::timestamp_us_utc || kind == Kind::timestamp_ns_utc; }

}  // namespace

std::shared_ptr<arrow::DataType> arrow_type(Kind kind) {
    switch (kind) {
        case Kind::boolean: return arrow::boolean();
        case Kind::int64: return arrow::int64();
        case Kind::decimal: return arrow::float64();
        case Kind::date: return arrow::date32();
        case Kind::timestamp_us: return arrow::timestamp(arrow::TimeUnit::MICRO);
        case Kind::timestamp_ns: return arrow::timestamp(arrow::TimeUnit::NANO);
        case Kind::timestamp_us_utc: return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
        case Kind::timestamp_ns_utc: return arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
        case Kind::binary: return arrow::binary();
        case Kind::null:
        case Kind::text: return arrow::utf8();
    }
    return arrow::utf8();
}

const char *name_of(Kind kind) {
    for (const Name &name : kNames) {
        if (name.kind == kind && name.kind != Kind::timestamp_us) return name.text;
    }
    return kind == Kind::timestamp_us ? "timestamp[us]" : "string";
}

Kind kind_named(const std::string &name) {
    for (const Name &known : kNames) {
        if (name == known.text) return known.kind;
    }
    std::string all;
    for (const Name &known : kNames) all += std::string(all.empty() ? "" : ", ") + known.text;
    throw Failure(CA_INVALID, "type '" + name + "' is none of " + all);
}

static Kind kind_of(std::string_view cell, bool &wide, bool &word) {
    int64_t integer;
    if (parse_int64(cell, integer)) {
        wide = !fits_double(integer);
        return Kind::int64;
    }
    double number;
    if (parse_double(cell, number, word)) return Kind::decimal;
    word = false;
    bool flag;
    if (parse_boolean(cell, flag)) return Kind::boolean;
    int32_t days;
    if (parse_date(cell, days)) return Kind::date;
    int64_t seconds;
    int32_t fraction;
    bool nanoseconds, utc;
    if (parse_timestamp(cell, seconds, fraction, nanoseconds, utc)) {
        if (utc) return nanoseconds ? Kind::timestamp_ns_utc : Kind::timestamp_us_utc;
        return nanoseconds ? Kind::timestamp_ns : Kind::timestamp_us;
    }
    return Kind::text;
}

static Kind join(Kind left, Kind right, bool wide) {
    if (left == right || right == Kind::null) return left;
    if (left == Kind::null) return right;
    if ((left == Kind::int64 && right == Kind::decimal) || (left == Kind::decimal && right == Kind::int64)) {
        return wide ? Kind::text : Kind::decimal;
    }
    if (is_timestamp(left) && is_timestamp(right) && is_utc(left) == is_utc(right)) {
        return is_utc(left) ? Kind::timestamp_ns_utc : Kind::timestamp_ns;
    }
    return Kind::text;
}

void Inference::see(std::string_view cell) {
    if (kind == Kind::text) return;
    Inference one;
    one.only_words = false;
    one.kind = kind_of(cell, one.has_wide_integer, one.only_words);
    merge(one);
}

void Inference::merge(const Inference &other) {
    if (other.kind == Kind::null) return;
    has_wide_integer |= other.has_wide_integer;
    only_words = only_words && other.only_words;
    kind = join(kind, other.kind, has_wide_integer);
}

Kind Inference::settled() const {
    return kind == Kind::decimal && only_words ? Kind::text : kind;
}

}  // namespace casparian::csv
