#pragma once
// JSON text (RFC 8259) as a tree of views into it, and the Arrow type that holds many such values.

#include <arrow/api.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace casparian::json {

struct Value {
    enum class Kind : uint8_t { null, boolean, integer, number, text, array, object };
    Kind kind = Kind::null;
    bool flag = false;
    bool escaped = false;        // text holds escapes
    bool wide = false;           // an integer that float64 rounds
    bool inexact = false;        // a number that int64 or float64 does not hold as written
    std::string_view raw;        // as written; text without its quotes
    std::vector<std::string> keys;
    std::vector<Value> items;    // of an array, or of an object in the order of keys
};

/// Deepest nesting accepted.
constexpr int kDepthMax = 64;

/// Parses one value that spans the whole text. Throws Failure with the reason.
Value parse(std::string_view text);
/// The characters of a text value.
std::string unescape(std::string_view raw);

/// What holds every value seen at one place.
struct Shape {
    enum class Kind : uint8_t { null, boolean, integer, number, text, list, record, mixed };
    Kind kind = Kind::null;
    bool wide = false;
    std::vector<std::string> names;  // of a record
    std::unordered_map<std::string, size_t> places;  // where a name stands in `names`
    std::vector<Shape> parts;        // of a record, or the one of a list

    void see(const Value &value);
    std::shared_ptr<arrow::DataType> type() const;
    /// A record's values in the order of `names`, null where it has none. Throws for a name never seen.
    std::vector<const Value *> arrange(const Value &record) const;
    /// Where a name stands; `expected` is looked at first, since records are mostly alike. -1: nowhere.
    int64_t place(const std::string &name, size_t expected) const;
};

/// Builds arrays of a shape.
class ColumnBuilder {
   public:
    ColumnBuilder(const Shape &shape);
    void append(const Value *value);  // null pointer: missing
    std::shared_ptr<arrow::Array> finish();

   private:
    void append_to(arrow::ArrayBuilder &builder, const Shape &shape, const Value *value);
    const Shape &shape_;
    std::unique_ptr<arrow::ArrayBuilder> builder_;
};

}  // namespace casparian::json
