#pragma once
// Cells of any type as those of the type that a contract names, exactly or not at all.

#include <arrow/api.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace casparian::contract {

/// Why a cell does not fit, a constant text; null if it does.
using Reason = const char *;

enum class Kind : uint8_t { any, boolean, integer, real, decimal, text, bytes, json, date, time, timestamp };

struct Type {
    Kind kind = Kind::any;
    int bits = 64;                // of an integer or a float
    bool is_signed = true;
    int precision = 0, scale = 0;
    int64_t per_second = 1;       // of a time's unit
    bool has_zone = false;
    std::string name;
    std::shared_ptr<arrow::DataType> arrow;  // null for any
};

/// Throws for a name that include/Contract.h does not list.
Type type_named(const std::string &name);

/// What a column's values have to be beside of its type; made by `prepare_rules`.
struct Rules;

struct Column {
    std::string name;
    Type type;
    std::string format;
    bool is_nullable = true;
    std::shared_ptr<const Rules> rules;
};

/// A cell's value, read from whatever type its column has.
struct Cell {
    enum class Kind : uint8_t { boolean, integer, real, decimal, text, bytes, date, time, timestamp, nested, other };
    Kind kind = Kind::other;
    bool flag = false;            // boolean
    bool has_zone = false;        // timestamp
    bool is_single = false;       // real: it was a float32
    int32_t scale = 0;            // decimal
    int32_t nanoseconds = 0;      // time, timestamp
    int64_t seconds = 0;          // date, timestamp: since 1970; time: since midnight
    double real = 0;
    __int128 integer = 0;
    std::string_view text;        // text, bytes
    arrow::Decimal256 decimal;
};

/// Reads the cells of one array; not for nulls.
class CellReader {
   public:
    explicit CellReader(const arrow::Array &array) : array_(array) {}
    void read(int64_t row, Cell &cell) const;

   private:
    const arrow::Array &array_;
};

// Numbers
Reason to_boolean(const Cell &cell, bool &value);
Reason to_integer(const Cell &cell, const Type &type, __int128 &value);
Reason to_real(const Cell &cell, const Type &type, double &value);
Reason to_decimal(const Cell &cell, const Type &type, arrow::Decimal256 &value);
/// Text of a number: the shortest that says the same.
std::string number_text(const Cell &cell);
/// Without blanks at either end.
std::string_view trimmed(std::string_view text);

// Times
Reason to_date(const Cell &cell, const Column &column, int32_t &days);
/// A time of day or a timestamp, in the type's unit.
Reason to_time(const Cell &cell, const Column &column, int64_t &value);
Reason to_timestamp(const Cell &cell, const Column &column, int64_t &value);

/// A row that does not fit because of one column.
struct Violation {
    int64_t row;
    std::string reason;
    /// One word for programs, a constant text: `type`, `null`, `missing`, `value`, `range` or `length`.
    const char *code = "type";
};

/// Cell by cell; what does not fit is noted and null.
std::shared_ptr<arrow::Array> convert_cells(
    const arrow::Array &array, const Column &column, std::vector<Violation> &violations);
bool is_valid_text(std::string_view text);

/// One column as the contract wants it; the cells of its violations, in the order of rows, are null.
struct Converted {
    std::shared_ptr<arrow::Array> array;
    std::vector<Violation> violations;
};

/// Rules as a contract writes them.
struct RuleTexts {
    std::vector<std::string> values;
    std::optional<std::string> minimum, maximum;
    int64_t length_min = -1, length_max = -1;

    bool is_empty() const {
        return values.empty() && !minimum && !maximum && length_min < 0 && length_max < 0;
    }
};

/// Null if there are none. Throws for a rule that the column's type cannot keep.
std::shared_ptr<const Rules> prepare_rules(const Column &column, const RuleTexts &texts);
/// Notes the cells that break the column's rules; the rows stay in order. Nulls break none.
void apply_rules(const arrow::Array &array, const Column &column, std::vector<Violation> &violations);

/// `source` is null where the batch has no such column; `missing` is the reason then.
Converted convert(const arrow::Array *source, const Column &column, int64_t rows, const std::string &missing);

}  // namespace casparian::contract
