// A column as a contract wants it, cell by cell.

#include <arrow/builder.h>
#include <arrow/util/utf8.h>

#include <cmath>

#include "CellText.h"
#include "ContractTypes.h"
#include "JSONValue.h"
#include "Support.h"

namespace casparian::contract {

namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;

constexpr Reason kNoText = "it is nested; name the type json";
constexpr Reason kNoUTF8 = "it is not UTF-8";
constexpr Reason kNoBytes = "it is neither bytes nor text";
constexpr Reason kNoJSON = "it is not JSON";
constexpr Reason kNotOfJSON = "JSON cannot say it";

/// Converts cell by cell; what does not fit is noted.
class CellByCell {
   public:
    CellByCell(const arrow::Array &array, const Column &column, std::vector<Violation> &violations)
        : array_(array), column_(column), violations_(violations) {}

    ArrayPointer run();

   private:
    auto integer() {
        return [this](const Cell &cell, __int128 &value) { return to_integer(cell, column_.type, value); };
    }
    auto real() {
        return [this](const Cell &cell, double &value) { return to_real(cell, column_.type, value); };
    }
    auto time() {
        return [this](const Cell &cell, int64_t &value) { return to_time(cell, column_, value); };
    }

    template <typename Builder, typename Value, typename Convert>
    ArrayPointer build(Convert convert) {
        Builder builder(column_.type.arrow, memory());
        return fill(builder, [&](const Cell &cell) -> Reason {
            Value value{};
            if (const Reason reason = convert(cell, value)) return reason;
            builder.UnsafeAppend(value);
            return nullptr;
        });
    }

    template <typename Builder, typename Append>
    ArrayPointer fill(Builder &builder, Append append) {
        const int64_t rows = array_.length();
        check(builder.Reserve(rows));
        const CellReader reader(array_);
        Cell cell;
        for (row_ = 0; row_ < rows; ++row_) {
            if (array_.IsNull(row_)) {
                check(builder.AppendNull());
                continue;
            }
            reader.read(row_, cell);
            if (const Reason reason = append(cell)) {
                violations_.push_back({row_, "does not fit " + column_.type.name + ": " + reason});
                check(builder.AppendNull());
            }
        }
        return take(builder.Finish());
    }

    ArrayPointer integers() {
        switch (column_.type.arrow->id()) {
            case arrow::Type::INT8: return build<arrow::Int8Builder, __int128>(integer());
            case arrow::Type::INT16: return build<arrow::Int16Builder, __int128>(integer());
            case arrow::Type::INT32: return build<arrow::Int32Builder, __int128>(integer());
            case arrow::Type::UINT8: return build<arrow::UInt8Builder, __int128>(integer());
            case arrow::Type::UINT16: return build<arrow::UInt16Builder, __int128>(integer());
            case arrow::Type::UINT32: return build<arrow::UInt32Builder, __int128>(integer());
            case arrow::Type::UINT64: return build<arrow::UInt64Builder, __int128>(integer());
            default: return build<arrow::Int64Builder, __int128>(integer());
        }
    }

    template <typename Builder>
    ArrayPointer decimals() {
        Builder builder(column_.type.arrow, memory());
        return fill(builder, [&](const Cell &cell) -> Reason {
            arrow::Decimal256 value;
            if (const Reason reason = to_decimal(cell, column_.type, value)) return reason;
            if constexpr (std::is_same_v<Builder, arrow::Decimal256Builder>) {
                check(builder.Append(value));
            } else {
                const auto &words = value.little_endian_array();
                check(builder.Append(arrow::Decimal128(static_cast<int64_t>(words[1]), words[0])));
            }
            return nullptr;
        });
    }

    /// Texts and bytes: the same bytes, or the text of a number, a word or a time.
    template <typename Builder>
    ArrayPointer texts() {
        Builder builder(memory());
        constexpr bool is_text = std::is_same_v<Builder, arrow::StringBuilder>;
        return fill(builder, [&](const Cell &cell) -> Reason {
            if (cell.kind == Cell::Kind::text || cell.kind == Cell::Kind::bytes) {
                if (is_text && !is_valid_text(cell.text)) return kNoUTF8;
                check(builder.Append(cell.text));
                return nullptr;
            }
            if (!is_text) return kNoBytes;
            if (cell.kind == Cell::Kind::nested || cell.kind == Cell::Kind::other) return kNoText;
            const bool is_number = cell.kind == Cell::Kind::integer || cell.kind == Cell::Kind::real;
            check(builder.Append(is_number ? number_text(cell) : cell_text(*take(array_.GetScalar(row_)))));
            return nullptr;
        });
    }

    ArrayPointer json() {
        arrow::StringBuilder builder(memory());
        return fill(builder, [&](const Cell &cell) -> Reason {
            switch (cell.kind) {
                case Cell::Kind::text:
                    if (!is_valid_text(cell.text)) return kNoUTF8;
                    if (!is_json(cell.text)) return kNoJSON;
                    check(builder.Append(cell.text));
                    return nullptr;
                case Cell::Kind::real:
                    if (!std::isfinite(cell.real)) return kNotOfJSON;
                    [[fallthrough]];
                case Cell::Kind::integer:
                case Cell::Kind::decimal: check(builder.Append(number_text(cell))); return nullptr;
                case Cell::Kind::boolean: check(builder.Append(cell.flag ? "true" : "false")); return nullptr;
                case Cell::Kind::nested: {
                    const std::string text = json_text(*take(array_.GetScalar(row_)));
                    if (!is_valid_text(text)) return kNoUTF8;
                    check(builder.Append(text));
                    return nullptr;
                }
                default: return kNotOfJSON;
            }
        });
    }

    static bool is_json(std::string_view text) {
        try {
            json::parse(text);
            return true;
        } catch (const Failure &) {
            return false;
        }
    }

    const arrow::Array &array_;
    const Column &column_;
    std::vector<Violation> &violations_;
    int64_t row_ = 0;
};

ArrayPointer CellByCell::run() {
    const Type &type = column_.type;
    switch (type.kind) {
        case Kind::boolean: return build<arrow::BooleanBuilder, bool>(to_boolean);
        case Kind::integer: return integers();
        case Kind::real:
            return type.bits == 32 ? build<arrow::FloatBuilder, double>(real())
                                   : build<arrow::DoubleBuilder, double>(real());
        case Kind::decimal:
            return type.precision <= arrow::Decimal128Type::kMaxPrecision ? decimals<arrow::Decimal128Builder>()
                                                                          : decimals<arrow::Decimal256Builder>();
        case Kind::date:
            return build<arrow::Date32Builder, int32_t>(
                [this](const Cell &cell, int32_t &value) { return to_date(cell, column_, value); });
        case Kind::time:
            return type.arrow->id() == arrow::Type::TIME32 ? build<arrow::Time32Builder, int64_t>(time())
                                                           : build<arrow::Time64Builder, int64_t>(time());
        case Kind::timestamp:
            return build<arrow::TimestampBuilder, int64_t>(
                [this](const Cell &cell, int64_t &value) { return to_timestamp(cell, column_, value); });
        case Kind::text: return texts<arrow::StringBuilder>();
        case Kind::json: return json();
        case Kind::bytes: return texts<arrow::BinaryBuilder>();
        case Kind::any: break;
    }
    return nullptr;
}

}  // namespace

bool is_valid_text(std::string_view text) {
    // Without it Arrow takes almost anything for valid.
    [[maybe_unused]] static const bool ready = (arrow::util::InitializeUTF8(), true);
    return arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t *>(text.data()), static_cast<int64_t>(text.size()));
}

ArrayPointer convert_cells(const arrow::Array &array, const Column &column, std::vector<Violation> &violations) {
    return CellByCell(array, column, violations).run();
}

}  // namespace casparian::contract
