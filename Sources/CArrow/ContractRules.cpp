// What a contract says of a column's values beside their type.

#include <arrow/builder.h>

#include <optional>
#include <unordered_set>

#include "CellText.h"
#include "ContractTypes.h"
#include "Support.h"

namespace casparian::contract {

namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;

/// A text as a cell of the column's type; it fits, or the contract cannot be meant.
ArrayPointer constant(const std::string &text, const Column &column, const char *what) {
    arrow::StringBuilder builder(memory());
    check(builder.Append(text));
    Column plain = column;
    plain.is_nullable = true;
    plain.rules = nullptr;
    auto converted = convert(take(builder.Finish()).get(), plain, 1, "");
    if (!converted.violations.empty()) {
        throw Failure(CA_INVALID, "column '" + column.name + "': " + what + " '" + text + "' " +
            converted.violations[0].reason);
    }
    return converted.array;
}

/// -1, 0 or 1, or nothing for what has no order, such as NaN.
using Order = std::optional<int>;

template <typename Value>
Order order_of(Value left, Value right) {
    if (left < right) return -1;
    if (right < left) return 1;
    return left == right ? Order(0) : std::nullopt;
}

template <typename Array>
Order order(const arrow::Array &array, int64_t row, const arrow::Array &other) {
    return order_of(
        static_cast<const Array &>(array).Value(row), static_cast<const Array &>(other).Value(0));
}

template <typename Array, typename Decimal>
Order decimal_order(const arrow::Array &array, int64_t row, const arrow::Array &other) {
    return order_of(
        Decimal(static_cast<const Array &>(array).GetValue(row)), Decimal(static_cast<const Array &>(other).GetValue(0)));
}

/// How a cell stands to the only cell of another array of the same type.
Order order(const arrow::Array &array, int64_t row, const arrow::Array &other) {
    switch (array.type_id()) {
        case arrow::Type::INT8: return order<arrow::Int8Array>(array, row, other);
        case arrow::Type::INT16: return order<arrow::Int16Array>(array, row, other);
        case arrow::Type::INT32: return order<arrow::Int32Array>(array, row, other);
        case arrow::Type::INT64: return order<arrow::Int64Array>(array, row, other);
        case arrow::Type::UINT8: return order<arrow::UInt8Array>(array, row, other);
        case arrow::Type::UINT16: return order<arrow::UInt16Array>(array, row, other);
        case arrow::Type::UINT32: return order<arrow::UInt32Array>(array, row, other);
        case arrow::Type::UINT64: return order<arrow::UInt64Array>(array, row, other);
        case arrow::Type::FLOAT: return order<arrow::FloatArray>(array, row, other);
        case arrow::Type::DOUBLE: return order<arrow::DoubleArray>(array, row, other);
        case arrow::Type::DATE32: return order<arrow::Date32Array>(array, row, other);
        case arrow::Type::TIME32: return order<arrow::Time32Array>(array, row, other);
        case arrow::Type::TIME64: return order<arrow::Time64Array>(array, row, other);
        case arrow::Type::TIMESTAMP: return order<arrow::TimestampArray>(array, row, other);
        case arrow::Type::DECIMAL128: return decimal_order<arrow::Decimal128Array, arrow::Decimal128>(array, row, other);
        case arrow::Type::DECIMAL256: return decimal_order<arrow::Decimal256Array, arrow::Decimal256>(array, row, other);
        default: return std::nullopt;
    }
}

bool has_order(Kind kind) {
    switch (kind) {
        case Kind::integer:
        case Kind::real:
        case Kind::decimal:
        case Kind::date:
        case Kind::time:
        case Kind::timestamp: return true;
        default: return false;
    }
}

/// Characters of a text, bytes of bytes.
int64_t length_of(std::string_view text, bool counts_characters) {
    if (!counts_characters) return static_cast<int64_t>(text.size());
    int64_t count = 0;
    for (const char byte : text) count += (static_cast<uint8_t>(byte) & 0xC0) != 0x80;
    return count;
}

/// A cell of texts or bytes of either size.
std::string_view view(const arrow::Array &array, int64_t row) {
    switch (array.type_id()) {
        case arrow::Type::LARGE_STRING:
        case arrow::Type::LARGE_BINARY: return static_cast<const arrow::LargeBinaryArray &>(array).GetView(row);
        default: return static_cast<const arrow::BinaryArray &>(array).GetView(row);
    }
}

bool is_viewable(arrow::Type::type id) {
    return arrow::is_binary_like(id) || id == arrow::Type::LARGE_STRING || id == arrow::Type::LARGE_BINARY;
}

}  // namespace

/// Prepared once for all batches; never changed after that.
struct Rules {
    std::unordered_set<std::string> values;
    ArrayPointer minimum, maximum;
    std::string minimum_text, maximum_text;
    int64_t length_min = -1, length_max = -1;

    bool bounds_length() const { return length_min >= 0 || length_max >= 0; }

    /// Null if the cell fits; `code` is the rule's word.
    std::string broken(const arrow::Array &array, int64_t row, const Type &type, const char *&code) const {
        if (!values.empty() && !values.contains(text_of(array, row))) {
            code = "value";
            return "is not one of the " + std::to_string(values.size()) + " allowed values";
        }
        code = "range";
        // What has no order is in no range.
        if (minimum && order(array, row, *minimum).value_or(-1) < 0) return "is below the minimum " + minimum_text;
        if (maximum && order(array, row, *maximum).value_or(1) > 0) return "is above the maximum " + maximum_text;
        if (!bounds_length()) return "";
        code = "length";
        const bool counts_characters = type.kind != Kind::bytes;
        const int64_t length = length_of(view(array, row), counts_characters);
        const std::string has = "has " + std::to_string(length) + (counts_characters ? " characters" : " bytes");
        if (length < length_min) return has + ", fewer than " + std::to_string(length_min);
        if (length_max >= 0 && length > length_max) return has + ", more than " + std::to_string(length_max);
        return "";
    }

    static std::string text_of(const arrow::Array &array, int64_t row) {
        if (is_viewable(array.type_id())) return std::string(view(array, row));
        return cell_text(*take(array.GetScalar(row)));
    }
};

std::shared_ptr<const Rules> prepare_rules(const Column &column, const RuleTexts &texts) {
    if (texts.is_empty()) return nullptr;
    auto rules = std::make_shared<Rules>();
    const auto refuse = [&](const std::string &what) {
        throw Failure(CA_INVALID, "column '" + column.name + "': " + what + " means nothing for " + column.type.name);
    };
    if (!texts.values.empty() && column.type.kind == Kind::any) refuse("\"values\"");
    for (const std::string &value : texts.values) {
        rules->values.insert(Rules::text_of(*constant(value, column, "the value"), 0));
    }
    if ((texts.minimum || texts.maximum) && !has_order(column.type.kind)) refuse("a minimum or maximum");
    if (texts.minimum) {
        rules->minimum = constant(*texts.minimum, column, "the minimum");
        rules->minimum_text = *texts.minimum;
    }
    if (texts.maximum) {
        rules->maximum = constant(*texts.maximum, column, "the maximum");
        rules->maximum_text = *texts.maximum;
    }
    rules->length_min = texts.length_min;
    rules->length_max = texts.length_max;
    const bool has_length =
        column.type.kind == Kind::text || column.type.kind == Kind::bytes || column.type.kind == Kind::json;
    if (rules->bounds_length() && !has_length) refuse("a length");
    return rules;
}

void apply_rules(const arrow::Array &array, const Column &column, std::vector<Violation> &violations) {
    if (!column.rules) return;
    std::vector<Violation> all;
    auto next = violations.begin();
    for (int64_t row = 0; row < array.length(); ++row) {
        if (next != violations.end() && next->row == row) {
            all.push_back(std::move(*next++));
            continue;
        }
        if (array.IsNull(row)) continue;
        const char *code = nullptr;
        std::string reason = column.rules->broken(array, row, column.type, code);
        if (!reason.empty()) all.push_back({row, std::move(reason), code});
    }
    violations = std::move(all);
}

}  // namespace casparian::contract
