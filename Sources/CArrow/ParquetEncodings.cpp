#include "ParquetEncodings.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "Support.h"

namespace casparian {

namespace {

constexpr int64_t kSampleRowsMax = 16 * 1024;
/// With fewer rows a sample says nothing.
constexpr int64_t kSampleRowsMin = 1024;
/// Arrow gives a dictionary up beyond this.
constexpr double kDictionaryBytesMax = 1 << 20;
/// Values of a DELTA_BINARY_PACKED miniblock, which share one bit width.
constexpr int64_t kMiniblockValues = 32;

/// How many distinct values there are, when a sample of `count` holds `distinct` of them: count(1 - e^(-D/count)) turned
/// round by bisection.
double estimate_distinct(int64_t distinct, int64_t count) {
    if (distinct >= count) return 1e18;
    double low = static_cast<double>(distinct), high = 1e12;
    for (int i = 0; i < 64; ++i) {
        const double middle = std::sqrt(low * high);
        const double expected = -middle * std::expm1(-static_cast<double>(count) / middle);
        (expected < static_cast<double>(distinct) ? low : high) = middle;
    }
    return low;
}

/// Bytes of a row group of `rows` cells with `distinct` values of `width` bytes, each stored once.
double dictionary_bytes(double distinct, double width, int64_t rows) {
    if (distinct * width > kDictionaryBytesMax) return INFINITY;
    return distinct * width + static_cast<double>(rows) * std::ceil(std::log2(distinct + 1)) / 8;
}

template <typename T>
struct IntegerSample {
    int64_t distinct = 0;
    double delta_bits = 0;  // for each value

    IntegerSample(const T *values, int64_t count) {
        std::unordered_set<T> seen;
        seen.reserve(count);
        using Unsigned = std::make_unsigned_t<T>;
        int64_t bits = 0;
        seen.insert(values[0]);
        for (int64_t start = 1; start < count; start += kMiniblockValues) {
            const int64_t end = std::min(count, start + kMiniblockValues);
            T low = std::numeric_limits<T>::max(), high = std::numeric_limits<T>::min();
            for (int64_t i = start; i < end; ++i) {
                seen.insert(values[i]);
                const T delta = static_cast<T>(static_cast<Unsigned>(values[i]) - static_cast<Unsigned>(values[i - 1]));
                low = std::min(low, delta);
                high = std::max(high, delta);
            }
            bits += (end - start) * std::bit_width(static_cast<Unsigned>(high) - static_cast<Unsigned>(low));
        }
        distinct = static_cast<int64_t>(seen.size());
        delta_bits = static_cast<double>(bits) / static_cast<double>(count);
    }
};

enum class Choice { dictionary, delta, plain };

template <typename T>
Choice choose_integer(const arrow::Array &array, int64_t count, int64_t rows) {
    const IntegerSample<T> sample(array.data()->GetValues<T>(1), count);
    const double distinct = estimate_distinct(sample.distinct, count);
    const double delta = sample.delta_bits / 8 * static_cast<double>(rows);
    if (dictionary_bytes(distinct, sizeof(T), rows) <= delta) return Choice::dictionary;
    return sample.delta_bits < sizeof(T) * 8 * 0.9 ? Choice::delta : Choice::plain;
}

Choice choose_double(const arrow::Array &array, int64_t count, int64_t rows) {
    const auto *values = array.data()->GetValues<uint64_t>(1);
    const std::unordered_set<uint64_t> seen(values, values + count);
    const double distinct = estimate_distinct(static_cast<int64_t>(seen.size()), count);
    return std::isinf(dictionary_bytes(distinct, sizeof(double), rows)) ? Choice::plain : Choice::dictionary;
}

Choice choose_text(const arrow::StringArray &array, int64_t count) {
    std::unordered_set<std::string_view> seen;
    seen.reserve(count);
    int64_t bytes = 0;
    for (int64_t i = 0; i < count; ++i) {
        seen.insert(array.GetView(i));
        bytes += array.value_length(i) + 4;
    }
    const double distinct = estimate_distinct(static_cast<int64_t>(seen.size()), count);
    const double width = static_cast<double>(bytes) / static_cast<double>(count);
    // Half of the rows before the dictionary is given up are worth it: be sure that it will be, and early.
    return distinct * width > 4 * kDictionaryBytesMax ? Choice::plain : Choice::dictionary;
}

Choice choose(const arrow::Array &array, int64_t rows) {
    const int64_t count = std::min(array.length(), kSampleRowsMax);
    if (array.null_count() > array.length() / 2) return Choice::dictionary;
    switch (array.type_id()) {
        case arrow::Type::INT32:
        case arrow::Type::DATE32: return choose_integer<int32_t>(array, count, rows);
        case arrow::Type::INT64:
        case arrow::Type::TIMESTAMP: return choose_integer<int64_t>(array, count, rows);
        case arrow::Type::DOUBLE: return choose_double(array, count, rows);
        case arrow::Type::STRING: return choose_text(static_cast<const arrow::StringArray &>(array), count);
        default: return Choice::dictionary;
    }
}

}  // namespace

void choose_encodings(
    const arrow::RecordBatch &sample, int64_t row_group_rows, parquet::WriterProperties::Builder &properties) {
    if (sample.num_rows() < kSampleRowsMin) return;
    for (int i = 0; i < sample.num_columns(); ++i) {
        const auto &name = sample.schema()->field(i)->name();
        const Choice choice = choose(*sample.column(i), row_group_rows);
        if (choice != Choice::dictionary) properties.disable_dictionary(name);
        if (choice == Choice::delta) properties.encoding(name, parquet::Encoding::DELTA_BINARY_PACKED);
    }
}

}  // namespace casparian
