// A column as a contract wants it: as a whole where that is possible.

#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/extension_type.h>

#include "ContractTypes.h"
#include "Support.h"

namespace casparian::contract {

namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using arrow::compute::CastOptions;

ArrayPointer cast(const arrow::Array &array, const std::shared_ptr<arrow::DataType> &type, const CastOptions &options) {
    arrow::compute::ExecContext context(memory());
    return take(arrow::compute::Cast(array, type, options, &context));
}

/// The cells without the ways of storing them that say nothing about them.
ArrayPointer plain(const arrow::Array &array) {
    const auto safe = CastOptions::Safe();
    switch (array.type_id()) {
        case arrow::Type::EXTENSION: return plain(*static_cast<const arrow::ExtensionArray &>(array).storage());
        case arrow::Type::DICTIONARY:
            return plain(*cast(array, static_cast<const arrow::DictionaryType &>(*array.type()).value_type(), safe));
        case arrow::Type::DECIMAL32:
        case arrow::Type::DECIMAL64: {
            const auto &type = static_cast<const arrow::DecimalType &>(*array.type());
            return cast(array, arrow::decimal128(type.precision(), type.scale()), safe);
        }
        default: return arrow::MakeArray(array.data());
    }
}

template <typename Array>
bool holds_valid_texts(const arrow::Array &array) {
    const auto &texts = static_cast<const Array &>(array);
    if (texts.length() == 0) return true;
    const auto first = texts.value_offset(0), end = texts.value_offset(texts.length());
    const uint8_t *bytes = texts.raw_data() + first;
    uint8_t all = 0;
    for (auto i = first; i < end; ++i) all |= bytes[i - first];
    if (all < 0x80) return true;
    // Pieces of one character in two cells are valid only together.
    for (int64_t row = 0; row < texts.length(); ++row) {
        if (texts.IsValid(row) && !is_valid_text(texts.GetView(row))) return false;
    }
    return true;
}

bool is_text(arrow::Type::type id) { return id == arrow::Type::STRING || id == arrow::Type::LARGE_STRING; }

/// The zones' names say only how instants are shown.
bool are_timestamps_of_one_sort(const arrow::DataType &from, const arrow::DataType &to) {
    if (from.id() != arrow::Type::TIMESTAMP || to.id() != arrow::Type::TIMESTAMP) return false;
    const auto &left = static_cast<const arrow::TimestampType &>(from);
    const auto &right = static_cast<const arrow::TimestampType &>(to);
    return left.timezone().empty() == right.timezone().empty();
}

/// Whether Arrow's checked cast between the two accepts only values that stay as they are.
bool is_exact_as_a_whole(const arrow::DataType &from, const arrow::DataType &to) {
    if (arrow::is_integer(from.id())) {
        return arrow::is_integer(to.id()) || arrow::is_floating(to.id()) || arrow::is_decimal(to.id());
    }
    if (from.id() == arrow::Type::FLOAT) return to.id() == arrow::Type::DOUBLE;
    if (arrow::is_decimal(from.id()) && arrow::is_decimal(to.id())) return true;
    if (arrow::is_time(from.id()) && arrow::is_time(to.id())) return true;
    return are_timestamps_of_one_sort(from, to);
}

/// The whole column in no time or in one checked cast; null if that cannot be.
ArrayPointer whole(const ArrayPointer &array, const Column &column) {
    const auto &type = column.type;
    if (type.kind == Kind::any) return array;
    if (array->type_id() == arrow::Type::NA) return take(arrow::MakeArrayOfNull(type.arrow, array->length(), memory()));
    if (type.kind == Kind::json) return nullptr;
    if (type.kind == Kind::text && is_text(array->type_id())) {
        const bool is_large = array->type_id() == arrow::Type::LARGE_STRING;
        const bool is_valid = is_large ? holds_valid_texts<arrow::LargeStringArray>(*array)
                                       : holds_valid_texts<arrow::StringArray>(*array);
        if (!is_valid) return nullptr;
        if (!is_large) return array;
        arrow::compute::ExecContext context(memory());
        auto narrow = arrow::compute::Cast(*array, type.arrow, CastOptions::Safe(), &context);
        return narrow.ok() ? *narrow : array;
    }
    if (array->type()->Equals(*type.arrow)) return array;
    if (!is_exact_as_a_whole(*array->type(), *type.arrow)) return nullptr;
    arrow::compute::ExecContext context(memory());
    auto exact = arrow::compute::Cast(*array, type.arrow, CastOptions::Safe(), &context);
    return exact.ok() ? *exact : nullptr;
}

/// Notes the nulls of a column that must have none; the rows stay in order.
void note_nulls(const arrow::Array &array, std::vector<Violation> &violations) {
    if (array.ComputeLogicalNullCount() == 0) return;
    std::vector<Violation> all;
    auto next = violations.begin();
    for (int64_t row = 0; row < array.length(); ++row) {
        if (next != violations.end() && next->row == row) all.push_back(std::move(*next++));
        else if (array.IsNull(row)) all.push_back({row, "must not be null", "null"});
    }
    violations = std::move(all);
}

}  // namespace

Converted convert(const arrow::Array *source, const Column &column, int64_t rows, const std::string &missing) {
    Converted converted;
    if (source == nullptr) {
        const auto type = column.type.arrow ? column.type.arrow : arrow::null();
        converted.array = take(arrow::MakeArrayOfNull(type, rows, memory()));
        if (!column.is_nullable) {
            for (int64_t row = 0; row < rows; ++row) converted.violations.push_back({row, missing, "missing"});
        }
        return converted;
    }
    // A column that may be of any type stays as it is stored.
    const auto array = column.type.kind == Kind::any ? arrow::MakeArray(source->data()) : plain(*source);
    converted.array = whole(array, column);
    if (!converted.array) converted.array = convert_cells(*array, column, converted.violations);
    apply_rules(*converted.array, column, converted.violations);
    if (!column.is_nullable) note_nulls(*array, converted.violations);
    return converted;
}

}  // namespace casparian::contract
