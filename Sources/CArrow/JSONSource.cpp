// JSON lines, or one array of objects, or objects one after another: a first pass finds the types, a second one reads.

#include <arrow/util/utf8.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "ByteStream.h"
#include "JSONValue.h"
#include "Support.h"

using namespace casparian;
using namespace casparian::json;

namespace {

constexpr int64_t kReadBytes = 1 << 20;
constexpr int64_t kRecordBytesMax = int64_t{256} << 20;
constexpr int64_t kBatchBytes = 4 << 20;
constexpr int64_t kBatchRows = 64 * 1024;

/// Cuts a stream into its top-level values, or into the items of its one top-level array.
class Splitter {
   public:
    Splitter(const std::string &path, int64_t read_bytes, const ca_observer *observer = nullptr)
        : stream_(path, false, observer), read_bytes_(read_bytes) {}

    void read_rest() { stream_.read_rest(); }

    /// The next value's text, valid until the next call; false at the end. `line` is where it begins.
    bool next(std::string_view &text, int64_t &line) {
        if (!skip_space()) {
            if (in_array_) throw Failure(CA_MALFORMED, "the file's array is never closed", line_);
            return false;
        }
        if (!started_) {
            started_ = true;
            in_array_ = buffer_[at_] == '[';
            if (in_array_) {
                ++at_;
                first_item_ = true;
                return next(text, line);
            }
        }
        if (in_array_) {
            if (buffer_[at_] == ']') {
                in_array_ = false;
                closed_ = true;
                ++at_;
                return next(text, line);
            }
            if (!first_item_) {
                if (buffer_[at_] != ',') throw Failure(CA_MALFORMED, "expected ',' or ']' between items", line_);
                ++at_;
                if (!skip_space()) throw Failure(CA_MALFORMED, "the file's array is never closed", line_);
            }
            first_item_ = false;
        } else if (closed_) {
            throw Failure(CA_MALFORMED, "text follows the file's array", line_);
        }
        line = line_;
        text = value();
        return true;
    }

   private:
    /// Reads on behind what is in the buffer, and drops what lies before `at_`; false at the end.
    bool fill() {
        if (ended_) return false;
        buffer_.erase(0, at_);
        at_ = 0;
        if (static_cast<int64_t>(buffer_.size()) > kRecordBytesMax) {
            throw Failure(CA_MALFORMED, "a value is longer than 256 MiB; is a string or bracket never closed?", line_);
        }
        const size_t size = buffer_.size();
        buffer_.resize(size + read_bytes_);
        const int64_t count = stream_.read(buffer_.data() + size, read_bytes_);
        buffer_.resize(size + count);
        ended_ = count == 0;
        return count > 0;
    }

    bool skip_space() {
        while (at_ < buffer_.size() || fill()) {
            const char c = buffer_[at_];
            if (c == '\n') ++line_;
            else if (c != ' ' && c != '\t' && c != '\r') return true;
            ++at_;
        }
        return false;
    }

    /// The value that begins here, as far as brackets and strings tell; the parser looks closer.
    std::string_view value() {
        size_t length = 0;
        int64_t depth = 0;
        bool in_string = false, is_escaped = false, is_done = false;
        while (!is_done && (at_ + length < buffer_.size() || fill())) {
            const char c = buffer_[at_ + length];
            if (in_string) {
                in_string = is_escaped || c != '"';
                is_escaped = !is_escaped && c == '\\';
                is_done = !in_string && depth == 0;
            } else if (c == '"') {
                in_string = true;
            } else if (c == '{' || c == '[') {
                ++depth;
            } else if (c == '}' || c == ']') {
                if (depth == 0) break;  // belongs to what is around
                is_done = --depth == 0;
            } else if (depth == 0 && std::strchr(", \n\r\t", c) != nullptr && c != 0) {
                break;
            }
            ++length;
        }
        if (length == 0) throw Failure(CA_MALFORMED, std::string("unexpected '") + buffer_[at_] + "'", line_);
        const std::string_view text(buffer_.data() + at_, length);
        line_ += std::count(text.begin(), text.end(), '\n');
        at_ += length;
        return text;
    }

    ByteStream stream_;
    int64_t read_bytes_;
    std::string buffer_;
    size_t at_ = 0;
    int64_t line_ = 1;
    bool ended_ = false, started_ = false, in_array_ = false, first_item_ = false, closed_ = false;
};

class JSONSource : public Source {
   public:
    JSONSource(
        std::string path, const std::vector<std::pair<std::string, std::string>> &types, int64_t read_bytes,
        const ca_observer *observer)
        : path_(std::move(path)),
          types_(types),
          read_bytes_(std::clamp<int64_t>(read_bytes > 0 ? read_bytes : kReadBytes, 16, kBatchBytes)),
          splitter_(path_, read_bytes_, observer) {
        arrow::util::InitializeUTF8();
    }

    std::shared_ptr<arrow::Schema> schema() override {
        find_shape();
        return schema_;
    }

    std::shared_ptr<arrow::RecordBatch> next() override {
        find_shape();
        std::vector<ColumnBuilder> builders;
        builders.reserve(shape_.parts.size());
        for (const Shape &part : shape_.parts) builders.emplace_back(part);
        int64_t rows = 0, bytes = 0, line;
        Value value;
        while (rows < kBatchRows && bytes < kBatchBytes && read(splitter_, value, line)) {
            try {
                append(builders, value);
            } catch (const Failure &failure) {
                throw Failure(failure.code, failure.what(), line);
            }
            ++rows;
            bytes += static_cast<int64_t>(value.raw.size());
        }
        if (rows == 0) return nullptr;
        arrow::ArrayVector arrays;
        for (auto &builder : builders) arrays.push_back(builder.finish());
        return arrow::RecordBatch::Make(schema_, rows, std::move(arrays));
    }

    void read_rest() override { splitter_.read_rest(); }

    void cancel() override { cancelled_ = true; }

   private:
    /// The first pass. Not part of opening, so that it can be cancelled.
    void find_shape() {
        if (schema_) return;
        shape_ = {};
        Splitter first(path_, read_bytes_);
        Value value;
        int64_t line;
        while (read(first, value, line)) shape_.see(value);
        for (const auto &[name, type] : types_) force(name, type);
        arrow::FieldVector fields;
        for (size_t i = 0; i < shape_.names.size(); ++i) {
            fields.push_back(arrow::field(shape_.names[i], shape_.parts[i].type()));
        }
        schema_ = arrow::schema(std::move(fields));
    }

    bool read(Splitter &splitter, Value &value, int64_t &line) {
        if (cancelled_) throw Failure(CA_CANCELLED, "cancelled");
        std::string_view text;
        if (!splitter.next(text, line)) return false;
        if (!arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t *>(text.data()), text.size())) {
            throw Failure(CA_MALFORMED, "bytes that are not UTF-8", line);
        }
        try {
            value = parse(text);
        } catch (const Failure &failure) {
            throw Failure(failure.code, failure.what(), line);
        }
        if (value.kind != Value::Kind::object) {
            throw Failure(CA_MALFORMED, "a record is not a JSON object; it begins '" + std::string(text.substr(0, 20)) +
                "'", line);
        }
        return true;
    }

    void append(std::vector<ColumnBuilder> &builders, const Value &value) {
        const auto cells = shape_.arrange(value);
        for (size_t i = 0; i < cells.size(); ++i) builders[i].append(cells[i]);
    }

    void force(const std::string &name, const std::string &type) {
        const auto found = shape_.places.find(name);
        if (found == shape_.places.end()) {
            throw Failure(CA_INVALID, "a type is given for column '" + name + "', but no record has such a key");
        }
        if (type != "string") throw Failure(CA_INVALID, "a JSON column can only be forced to string, not " + type);
        shape_.parts[found->second].kind = Shape::Kind::mixed;
    }

    std::string path_;
    std::vector<std::pair<std::string, std::string>> types_;
    int64_t read_bytes_;
    Splitter splitter_;
    Shape shape_;
    std::shared_ptr<arrow::Schema> schema_;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace

extern "C" ca_source *ca_json_open(
    const char *path, const char *types, int64_t block_bytes, const ca_observer *observer, ca_error *error) {
    return guarded<ca_source *>(error, nullptr, [&] {
        return new ca_source{std::make_unique<JSONSource>(path, parse_pairs(types), block_bytes, observer)};
    });
}
