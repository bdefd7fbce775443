#pragma once
// Which type a CSV column has, and its cells as an Arrow array. No value changes on the way: what a type cannot hold
// exactly is not of that type.

#include <arrow/api.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "CSVTokens.h"

namespace casparian::csv {

enum class Kind : uint8_t {
    null,          // no value seen
    boolean,
    int64,
    decimal,       // float64
    date,
    timestamp_us,
    timestamp_ns,
    timestamp_us_utc,
    timestamp_ns_utc,
    text,
    binary,        // only when asked for
};

std::shared_ptr<arrow::DataType> arrow_type(Kind kind);
const char *name_of(Kind kind);
/// Throws for an unknown name.
Kind kind_named(const std::string &name);

/// What is known of a column: the narrowest kind that holds every value seen.
struct Inference {
    Kind kind = Kind::null;
    /// An integer was seen that float64 rounds: it cannot hold the column.
    bool has_wide_integer = false;
    /// Only NaN and infinities were seen so far, no number.
    bool only_words = true;

    void see(std::string_view cell);
    void merge(const Inference &other);
    /// The kind to read the column as.
    Kind settled() const;
};

/// The cells of a block.
class Block {
   public:
    Block(
        const char *bytes, const Tokens &tokens, int64_t columns, const std::vector<std::string> &nulls,
        bool decimal_comma)
        : bytes_(bytes), tokens_(tokens), columns_(columns), nulls_(nulls), decimal_comma_(decimal_comma) {}

    int64_t rows() const { return tokens_.rows; }
    const Field &field(int64_t row, int64_t column) const { return tokens_.fields[row * columns_ + column]; }
    std::string_view raw(const Field &field) const { return {bytes_ + field.begin, field.length()}; }
    bool is_null(const Field &field) const {
        if (field.quoted()) return false;
        if (field.length() == 0) return true;
        if (nulls_.empty()) return false;
        const auto text = raw(field);
        for (const auto &word : nulls_) {
            if (word == text) return true;
        }
        return false;
    }
    /// The cell's text with doubled quotes made single; `scratch` holds it if it had any.
    std::string_view text(const Field &field, char quote, std::string &scratch) const;

    const char *bytes() const { return bytes_; }
    int64_t columns() const { return columns_; }
    bool decimal_comma() const { return decimal_comma_; }

   private:
    const char *bytes_;
    const Tokens &tokens_;
    int64_t columns_;
    const std::vector<std::string> &nulls_;
    bool decimal_comma_;
};

/// The first cell that a column's kind cannot hold.
struct Conflict {
    bool found = false;
    int64_t row = 0;
    bool invalid_utf8 = false;
};

void infer(const Block &block, int64_t column, char quote, Inference &inference);
/// Null with `conflict` set if a cell does not fit.
std::shared_ptr<arrow::Array> convert(const Block &block, int64_t column, Kind kind, char quote, Conflict &conflict);

/// A number with a decimal comma as one with a point, in `scratch`. What holds a point is none then: it may stand between
/// thousands; it comes back as a word that is no value of any kind but text.
std::string_view with_point(std::string_view text, std::string &scratch);

// Cells as values; false if the text is not exactly that.
bool parse_int64(std::string_view text, int64_t &value);
/// Whether float64 holds the integer as it is.
bool fits_double(int64_t value);
bool parse_double(std::string_view text, double &value, bool &is_word);
bool parse_boolean(std::string_view text, bool &value);
bool parse_date(std::string_view text, int32_t &days);
/// `nanoseconds`: the fraction has more than six digits. `utc`: a Z or +00:00 follows.
bool parse_timestamp(std::string_view text, int64_t &seconds, int32_t &fraction_ns, bool &nanoseconds, bool &utc);

}  // namespace casparian::csv
