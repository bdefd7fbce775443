#include "CellText.h"

#include <arrow/extension_type.h>
#include <arrow/util/string.h>

#include <cmath>
#include <string_view>

#include "ContractTypes.h"
#include "Support.h"

namespace casparian {
namespace {

// RFC 8259, section 7.
void append_quoted(std::string_view text, std::string &out) {
    static const char digits[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20) {
            out += "\\u00";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_json(const arrow::Scalar &value, std::string &out);

void append_list(const arrow::Array &items, std::string &out) {
    out += '[';
    for (int64_t i = 0; i < items.length(); ++i) {
        if (i > 0) out += ", ";
        append_json(*take(items.GetScalar(i)), out);
    }
    out += ']';
}

void append_record(const arrow::StructScalar &record, std::string &out) {
    out += '{';
    for (size_t i = 0; i < record.value.size(); ++i) {
        if (i > 0) out += ", ";
        append_quoted(record.type->field(static_cast<int>(i))->name(), out);
        out += ": ";
        append_json(*record.value[i], out);
    }
    out += '}';
}

bool has_json(arrow::Type::type id) { return id == arrow::Type::STRUCT || arrow::is_list_like(id); }

bool is_finite(const arrow::Scalar &value) {
    switch (value.type->id()) {
        case arrow::Type::FLOAT: return std::isfinite(static_cast<const arrow::FloatScalar &>(value).value);
        case arrow::Type::DOUBLE: return std::isfinite(static_cast<const arrow::DoubleScalar &>(value).value);
        case arrow::Type::HALF_FLOAT: return (static_cast<const arrow::HalfFloatScalar &>(value).value & 0x7c00) != 0x7c00;
        default: return true;
    }
}

/// What the scalar stands for: without extension, dictionary, union and run-end encoding.
std::shared_ptr<arrow::Scalar> inner(const arrow::Scalar &value) {
    switch (value.type->id()) {
        case arrow::Type::EXTENSION: return static_cast<const arrow::ExtensionScalar &>(value).value;
        case arrow::Type::DICTIONARY: return take(static_cast<const arrow::DictionaryScalar &>(value).GetEncodedValue());
        case arrow::Type::SPARSE_UNION: return static_cast<const arrow::SparseUnionScalar &>(value).child_value();
        case arrow::Type::DENSE_UNION: return static_cast<const arrow::DenseUnionScalar &>(value).value;
        case arrow::Type::RUN_END_ENCODED: return static_cast<const arrow::RunEndEncodedScalar &>(value).value;
        default: return nullptr;
    }
}

void append_json(const arrow::Scalar &value, std::string &out) {
    const auto id = value.type->id();
    if (!value.is_valid) {
        out += "null";
    } else if (const auto content = inner(value)) {
        append_json(*content, out);
    } else if (id == arrow::Type::STRUCT) {
        append_record(static_cast<const arrow::StructScalar &>(value), out);
    } else if (has_json(id)) {
        append_list(*static_cast<const arrow::BaseListScalar &>(value).value, out);
    } else if (id == arrow::Type::BOOL || arrow::is_integer(id) || (arrow::is_floating(id) && is_finite(value))) {
        out += value.ToString();
    } else if (arrow::is_binary(id) || id == arrow::Type::FIXED_SIZE_BINARY || id == arrow::Type::BINARY_VIEW) {
        const auto &bytes = static_cast<const arrow::BaseBinaryScalar &>(value).view();
        append_quoted(arrow::HexEncode(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()), out);
    } else if (arrow::is_base_binary_like(id) || id == arrow::Type::STRING_VIEW) {
        append_quoted(static_cast<const arrow::BaseBinaryScalar &>(value).view(), out);
    } else {
        append_quoted(value.ToString(), out);
    }
}

}  // namespace

std::string cell_text(const arrow::Scalar &value) {
    if (!has_json(value.type->id())) return value.ToString();
    std::string out;
    append_json(value, out);
    return out;
}

std::string json_text(const arrow::Scalar &value) {
    std::string out;
    append_json(value, out);
    return out;
}

std::string readable_text(std::string_view bytes) {
    if (contract::is_valid_text(bytes)) return std::string(bytes);
    return arrow::HexEncode(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
}

}  // namespace casparian
