// Batches in few layouts, for databases: dictionaries, views and runs become plain, narrow integers wide, nested cells
// JSON.

#include "include/PlainColumns.h"

#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/extension_type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/ree_util.h>

#include <cstring>

#include "CellText.h"
#include "Support.h"

using namespace casparian;

struct ca_plain {
    arrow::ArrayVector arrays;  // keeps the cells
    std::vector<std::string> names;
    std::vector<std::string> zones;
    std::vector<ca_plain_column> columns;
};

namespace {

std::shared_ptr<arrow::Array> cast(const std::shared_ptr<arrow::Array> &array, std::shared_ptr<arrow::DataType> type) {
    if (array->type()->Equals(*type)) return array;
    arrow::compute::ExecContext context(memory());
    return take(arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Safe(), &context));
}

std::shared_ptr<arrow::Array> json(const arrow::Array &array) {
    arrow::LargeStringBuilder builder(memory());
    check(builder.Reserve(array.length()));
    for (int64_t row = 0; row < array.length(); ++row) {
        const auto value = take(array.GetScalar(row));
        check(value->is_valid ? builder.Append(json_text(*value)) : builder.AppendNull());
    }
    return take(builder.Finish());
}

/// By the value that each row takes: Arrow's core library has no kernel for it.
std::shared_ptr<arrow::Array> decoded_runs(const arrow::RunEndEncodedArray &array) {
    arrow::Int64Builder indices(memory());
    check(indices.Reserve(array.length()));
    const arrow::ArraySpan span(*array.data());
    for (int64_t row = 0; row < array.length(); ++row) {
        indices.UnsafeAppend(arrow::ree_util::FindPhysicalIndex(span, row, array.offset()));
    }
    arrow::compute::ExecContext context(memory());
    return take(arrow::compute::Take(
                    array.values(), take(indices.Finish()), arrow::compute::TakeOptions::NoBoundsCheck(), &context))
        .make_array();
}

/// Without extension, dictionary and run-end encoding.
std::shared_ptr<arrow::Array> unwrapped(std::shared_ptr<arrow::Array> array) {
    for (;;) {
        switch (array->type_id()) {
            case arrow::Type::EXTENSION: array = static_cast<const arrow::ExtensionArray &>(*array).storage(); break;
            case arrow::Type::DICTIONARY:
                array = cast(array, static_cast<const arrow::DictionaryType &>(*array->type()).value_type());
                break;
            case arrow::Type::RUN_END_ENCODED:
                array = decoded_runs(static_cast<const arrow::RunEndEncodedArray &>(*array));
                break;
            default: return array;
        }
    }
}

int32_t unit_of(arrow::TimeUnit::type unit) { return static_cast<int32_t>(unit); }

template <typename Array>
void place_fixed(const Array &array, ca_plain_column &column) {
    column.values = array.raw_values();
}

void place_bytes(const arrow::Array &array, ca_plain_column &column) {
    if (array.type_id() == arrow::Type::LARGE_STRING || array.type_id() == arrow::Type::LARGE_BINARY) {
        const auto &large = static_cast<const arrow::LargeBinaryArray &>(array);
        column.large_offsets = large.raw_value_offsets();
        column.data = large.raw_data();
    } else {
        const auto &binary = static_cast<const arrow::BinaryArray &>(array);
        column.offsets = binary.raw_value_offsets();
        column.data = binary.raw_data();
    }
}

/// Describes an unwrapped array's type in `column` and returns the array in the layout of its kind.
std::shared_ptr<arrow::Array> plain(const std::shared_ptr<arrow::Array> &array, ca_plain_column &column, std::string &zone) {
    using arrow::Type;
    const auto id = array->type_id();
    if (arrow::is_integer(id)) {
        column.kind = CA_INTEGER;
        column.bits = arrow::bit_width(id);
        column.is_signed = arrow::is_signed_integer(id);
        return id == Type::UINT64 ? array : cast(array, arrow::int64());
    }
    if (arrow::is_floating(id)) {
        column.kind = CA_FLOAT;
        column.bits = arrow::bit_width(id);
        return cast(array, arrow::float64());
    }
    if (arrow::is_decimal(id)) {
        const auto &type = static_cast<const arrow::DecimalType &>(*array->type());
        column.kind = CA_DECIMAL;
        column.precision = type.precision();
        column.scale = type.scale();
        column.bits = id == Type::DECIMAL256 ? 256 : 128;
        return id == Type::DECIMAL256 ? array : cast(array, arrow::decimal128(type.precision(), type.scale()));
    }
    switch (id) {
        case Type::NA: column.kind = CA_NULL; return array;
        case Type::BOOL: column.kind = CA_BOOL; return array;
        case Type::STRING:
        case Type::LARGE_STRING: column.kind = CA_TEXT; return array;
        case Type::STRING_VIEW: column.kind = CA_TEXT; return cast(array, arrow::large_utf8());
        case Type::BINARY:
        case Type::LARGE_BINARY: column.kind = CA_BINARY; return array;
        case Type::BINARY_VIEW: column.kind = CA_BINARY; return cast(array, arrow::large_binary());
        case Type::FIXED_SIZE_BINARY: column.kind = CA_BINARY; return cast(array, arrow::large_binary());
        case Type::DATE32:
        case Type::DATE64: column.kind = CA_DATE; return cast(cast(array, arrow::date32()), arrow::int32());
        case Type::TIME32:
        case Type::TIME64:
            column.kind = CA_TIME;
            column.unit = unit_of(static_cast<const arrow::TimeType &>(*array->type()).unit());
            return id == Type::TIME32 ? cast(array, arrow::int32()) : cast(array, arrow::int64());
        case Type::TIMESTAMP: {
            const auto &type = static_cast<const arrow::TimestampType &>(*array->type());
            column.kind = CA_TIMESTAMP;
            column.unit = unit_of(type.unit());
            zone = type.timezone();
            return cast(array, arrow::int64());
        }
        case Type::DURATION:
            column.kind = CA_DURATION;
            column.unit = unit_of(static_cast<const arrow::DurationType &>(*array->type()).unit());
            return cast(array, arrow::int64());
        default: column.kind = CA_JSON; return json(*array);
    }
}

void place(const arrow::Array &array, ca_plain_column &column) {
    const auto &data = *array.data();
    column.offset = data.offset;
    column.validity =
        array.type_id() != arrow::Type::NA && array.null_count() > 0 && !data.buffers.empty() && data.buffers[0]
            ? data.buffers[0]->data()
            : nullptr;
    switch (column.kind) {
        case CA_NULL: break;
        case CA_BOOL: column.values = data.buffers[1]->data(); break;
        case CA_FLOAT: place_fixed(static_cast<const arrow::DoubleArray &>(array), column); break;
        case CA_DECIMAL: column.values = static_cast<const arrow::FixedSizeBinaryArray &>(array).raw_values(); break;
        case CA_TEXT:
        case CA_BINARY:
        case CA_UUID:
        case CA_JSON: place_bytes(array, column); break;
        default:
            if (array.type_id() == arrow::Type::UINT64) {
                place_fixed(static_cast<const arrow::UInt64Array &>(array), column);
            } else {
                place_fixed(static_cast<const arrow::Int64Array &>(array), column);
            }
    }
}

bool is_uuid(const arrow::DataType &type) {
    return type.id() == arrow::Type::EXTENSION &&
        static_cast<const arrow::ExtensionType &>(type).extension_name() == "arrow.uuid";
}

template <typename Decimal>
int32_t decimal_text(const uint8_t *cell, int32_t scale, char *out) {
    std::string digits = Decimal(cell).ToIntegerString();
    const bool is_negative = digits[0] == '-';
    if (is_negative) digits.erase(0, 1);
    if (scale < 0) {
        if (digits != "0") digits.append(-scale, '0');
    } else if (scale > 0) {
        if (digits.size() <= static_cast<size_t>(scale)) digits.insert(0, scale + 1 - digits.size(), '0');
        digits.insert(digits.size() - scale, 1, '.');
    }
    if (is_negative) digits.insert(0, 1, '-');
    const size_t length = std::min<size_t>(digits.size(), CA_DECIMAL_TEXT_BYTES - 1);
    std::memcpy(out, digits.data(), length);
    out[length] = 0;
    return static_cast<int32_t>(length);
}

}  // namespace

extern "C" {

ca_plain *ca_batch_plain(const ca_batch *batch, ca_error *error) {
    return guarded<ca_plain *>(error, nullptr, [&] {
        auto made = std::make_unique<ca_plain>();
        const auto &schema = *batch->value->schema();
        const int count = batch->value->num_columns();
        made->names.reserve(count);
        made->zones.resize(count);
        made->columns.resize(count);
        for (int i = 0; i < count; ++i) {
            ca_plain_column &column = made->columns[i];
            column = {};
            made->names.push_back(schema.field(i)->name());
            column.name = made->names.back().c_str();
            column.is_nullable = schema.field(i)->nullable();
            auto array = plain(unwrapped(batch->value->column(i)), column, made->zones[i]);
            if (array->type_id() == arrow::Type::INT32) array = cast(array, arrow::int64());
            if (column.kind == CA_BINARY && is_uuid(*schema.field(i)->type())) column.kind = CA_UUID;
            if (!made->zones[i].empty()) column.zone = made->zones[i].c_str();
            place(*array, column);
            made->arrays.push_back(std::move(array));
        }
        return made.release();
    });
}

void ca_plain_release(ca_plain *plain) { delete plain; }
int32_t ca_plain_count(const ca_plain *plain) { return static_cast<int32_t>(plain->columns.size()); }
const ca_plain_column *ca_plain_column_at(const ca_plain *plain, int32_t index) { return &plain->columns[index]; }

int32_t ca_plain_decimal_text(const ca_plain_column *column, int64_t row, char *text) {
    const auto *cell = static_cast<const uint8_t *>(column->values) + row * (column->bits / 8);
    return column->bits == 256 ? decimal_text<arrow::Decimal256>(cell, column->scale, text)
                               : decimal_text<arrow::Decimal128>(cell, column->scale, text);
}

}
