// Columns of a block as Arrow arrays.

#include <arrow/util/bit_util.h>
#include <arrow/util/utf8.h>

#include <cstring>

#include "CSVTypes.h"
#include "Support.h"

namespace casparian::csv {

namespace {

std::shared_ptr<arrow::Buffer> allocate(int64_t bytes) { return take(arrow::AllocateBuffer(bytes, memory())); }

/// Validity bits, made only when the first null comes.
class Validity {
   public:
    explicit Validity(int64_t rows) : rows_(rows) {}
    void set_null(int64_t row) {
        if (!buffer_) {
            buffer_ = allocate(arrow::bit_util::BytesForBits(rows_));
            std::memset(buffer_->mutable_data(), 0xff, buffer_->size());
        }
        arrow::bit_util::ClearBit(buffer_->mutable_data(), row);
        ++nulls_;
    }
    std::shared_ptr<arrow::Buffer> buffer() const { return buffer_; }
    int64_t nulls() const { return nulls_; }

   private:
    int64_t rows_;
    std::shared_ptr<arrow::Buffer> buffer_;
    int64_t nulls_ = 0;
};

/// Numbers, dates and words stand between blanks in some files; text keeps them.
std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

template <typename Value, typename Parse>
std::shared_ptr<arrow::Array> fixed_width(
    const Block &block, int64_t column, const std::shared_ptr<arrow::DataType> &type, Conflict &conflict, Parse parse) {
    const int64_t rows = block.rows();
    auto values = allocate(rows * static_cast<int64_t>(sizeof(Value)));
    auto *out = reinterpret_cast<Value *>(values->mutable_data());
    Validity validity(rows);
    for (int64_t row = 0; row < rows; ++row) {
        const Field &field = block.field(row, column);
        if (block.is_null(field)) {
            out[row] = Value{};
            validity.set_null(row);
        } else if (!parse(trimmed(block.raw(field)), out[row])) {
            conflict = {true, row, false};
            return nullptr;
        }
    }
    return arrow::MakeArray(
        arrow::ArrayData::Make(type, rows, {validity.buffer(), std::move(values)}, validity.nulls()));
}

std::shared_ptr<arrow::Array> booleans(const Block &block, int64_t column, Conflict &conflict) {
    const int64_t rows = block.rows();
    auto values = allocate(arrow::bit_util::BytesForBits(rows));
    std::memset(values->mutable_data(), 0, values->size());
    Validity validity(rows);
    for (int64_t row = 0; row < rows; ++row) {
        const Field &field = block.field(row, column);
        bool flag;
        if (block.is_null(field)) {
            validity.set_null(row);
        } else if (!parse_boolean(trimmed(block.raw(field)), flag)) {
            conflict = {true, row, false};
            return nullptr;
        } else if (flag) {
            arrow::bit_util::SetBit(values->mutable_data(), row);
        }
    }
    return arrow::MakeArray(
        arrow::ArrayData::Make(arrow::boolean(), rows, {validity.buffer(), std::move(values)}, validity.nulls()));
}

/// The row of the first cell that is not UTF-8; -1 if all are.
int64_t first_invalid_utf8(const uint8_t *bytes, const int32_t *offsets, int64_t rows) {
    static const bool ready = (arrow::util::InitializeUTF8(), true);
    (void)ready;
    bool valid = arrow::util::ValidateUTF8(bytes, offsets[rows]);
    // Valid as a whole, a cell can still begin in the middle of a character.
    for (int64_t row = 0; valid && row < rows; ++row) {
        valid = offsets[row] == offsets[row + 1] || (bytes[offsets[row]] & 0xc0) != 0x80;
    }
    if (valid) return -1;
    for (int64_t row = 0; row < rows; ++row) {
        if (!arrow::util::ValidateUTF8(bytes + offsets[row], offsets[row + 1] - offsets[row])) return row;
    }
    return -1;
}

std::shared_ptr<arrow::Array> texts(
    const Block &block, int64_t column, char quote, const std::shared_ptr<arrow::DataType> &type, Conflict &conflict) {
    const int64_t rows = block.rows();
    int64_t total = 0;
    for (int64_t row = 0; row < rows; ++row) total += block.field(row, column).length();
    auto offsets = allocate((rows + 1) * static_cast<int64_t>(sizeof(int32_t)));
    auto bytes = allocate(total);
    auto *offset = reinterpret_cast<int32_t *>(offsets->mutable_data());
    auto *out = reinterpret_cast<char *>(bytes->mutable_data());
    Validity validity(rows);
    std::string scratch;
    char *to = out;
    for (int64_t row = 0; row < rows; ++row) {
        offset[row] = static_cast<int32_t>(to - out);
        const Field &field = block.field(row, column);
        if (block.is_null(field)) {
            validity.set_null(row);
            continue;
        }
        const auto text = block.text(field, quote, scratch);
        std::memcpy(to, text.data(), text.size());
        to += text.size();
    }
    offset[rows] = static_cast<int32_t>(to - out);
    if (type->id() == arrow::Type::STRING) {
        const int64_t row = first_invalid_utf8(bytes->data(), offset, rows);
        if (row >= 0) {
            conflict = {true, row, true};
            return nullptr;
        }
    }
    return arrow::MakeArray(arrow::ArrayData::Make(
        type, rows, {validity.buffer(), std::move(offsets), std::move(bytes)}, validity.nulls()));
}

template <int64_t kPerSecond>
std::shared_ptr<arrow::Array> timestamps(const Block &block, int64_t column, Kind kind, Conflict &conflict) {
    const bool wants_utc = kind == Kind::timestamp_us_utc || kind == Kind::timestamp_ns_utc;
    return fixed_width<int64_t>(block, column, arrow_type(kind), conflict, [&](std::string_view text, int64_t &value) {
        int64_t seconds;
        int32_t fraction;
        bool nanoseconds, utc;
        if (!parse_timestamp(text, seconds, fraction, nanoseconds, utc) || utc != wants_utc) return false;
        if (kPerSecond < 1000000000 && nanoseconds) return false;
        if (kPerSecond == 1000000000 && (seconds < -9223372036 || seconds > 9223372035)) return false;
        value = seconds * kPerSecond + fraction / (1000000000 / kPerSecond);
        return true;
    });
}

}  // namespace

std::string_view Block::text(const Field &field, char quote, std::string &scratch) const {
    const auto cell = raw(field);
    if (!field.escaped()) return cell;
    scratch.clear();
    for (size_t i = 0; i < cell.size(); ++i) {
        scratch.push_back(cell[i]);
        if (cell[i] == quote) ++i;
    }
    return scratch;
}

void infer(const Block &block, int64_t column, char quote, Inference &inference) {
    std::string scratch, pointed;
    for (int64_t row = 0; row < block.rows() && inference.kind != Kind::text; ++row) {
        const Field &field = block.field(row, column);
        if (block.is_null(field)) continue;
        const auto text = trimmed(block.text(field, quote, scratch));
        inference.see(block.decimal_comma() ? with_point(text, pointed) : text);
    }
}

std::string_view with_point(std::string_view text, std::string &scratch) {
    bool has_comma = false, has_point = false;
    for (const char byte : text) {
        has_comma |= byte == ',';
        has_point |= byte == '.';
        // Anything but a number is left as it is, times with their fractions too.
        if (!(byte >= '0' && byte <= '9') && byte != ',' && byte != '.' && byte != '-' && byte != '+' && byte != 'e' &&
            byte != 'E') {
            return text;
        }
    }
    if (has_point) return "a point";
    if (!has_comma) return text;
    scratch.assign(text);
    for (char &byte : scratch) {
        if (byte == ',') byte = '.';
    }
    return scratch;
}

std::shared_ptr<arrow::Array> convert(const Block &block, int64_t column, Kind kind, char quote, Conflict &conflict) {
    switch (kind) {
        case Kind::boolean: return booleans(block, column, conflict);
        case Kind::int64:
            return fixed_width<int64_t>(block, column, arrow::int64(), conflict, parse_int64);
        case Kind::decimal:
            return fixed_width<double>(
                block, column, arrow::float64(), conflict,
                [comma = block.decimal_comma(), pointed = std::string()](std::string_view text, double &value) mutable {
                    if (comma) text = with_point(text, pointed);
                    int64_t integer;
                    if (parse_int64(text, integer)) {
                        value = static_cast<double>(integer);
                        return fits_double(integer);
                    }
                    bool word;
                    return parse_double(text, value, word);
                });
        case Kind::date: return fixed_width<int32_t>(block, column, arrow::date32(), conflict, parse_date);
        case Kind::timestamp_us:
        case Kind::timestamp_us_utc: return timestamps<1000000>(block, column, kind, conflict);
        case Kind::timestamp_ns:
        case Kind::timestamp_ns_utc: return timestamps<1000000000>(block, column, kind, conflict);
        case Kind::null:
            for (int64_t row = 0; row < block.rows(); ++row) {
                if (!block.is_null(block.field(row, column))) {
                    conflict = {true, row, false};
                    return nullptr;
                }
            }
            return take(arrow::MakeArrayOfNull(arrow::utf8(), block.rows(), memory()));
        case Kind::text:
        case Kind::binary: return texts(block, column, quote, arrow_type(kind), conflict);
    }
    return nullptr;
}

}  // namespace casparian::csv
