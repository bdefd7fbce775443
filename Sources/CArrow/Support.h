#pragma once
// Shared by the files of this shim; not part of its C face.

#include <arrow/api.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "CArrow.h"

struct ca_schema {
    std::shared_ptr<arrow::Schema> value;
    std::vector<std::string> type_names;
};

struct ca_batch {
    std::shared_ptr<arrow::RecordBatch> value;
};

namespace casparian {

/// A failure on its way to the C face.
struct Failure : std::runtime_error {
    Failure(ca_code code, const std::string &message, int64_t line = 0, std::string types = {})
        : std::runtime_error(message), code(code), line(line), types(std::move(types)) {}
    ca_code code;
    int64_t line;
    std::string types;
};

[[noreturn]] void fail(const arrow::Status &status);
inline void check(const arrow::Status &status) {
    if (!status.ok()) fail(status);
}
template <typename T>
T take(arrow::Result<T> result) {
    if (!result.ok()) fail(result.status());
    return std::move(result).ValueUnsafe();
}

/// The same for what a reader finds: an error that the operating system did not give is the file's fault.
[[noreturn]] void fail_read(const arrow::Status &status);
inline void check_read(const arrow::Status &status) {
    if (!status.ok()) fail_read(status);
}
template <typename T>
T take_read(arrow::Result<T> result) {
    if (!result.ok()) fail_read(result.status());
    return std::move(result).ValueUnsafe();
}

/// Writes the exception in flight into `error`.
void report(ca_error *error) noexcept;

/// Runs `body`; turns what it throws into `error` and returns `otherwise`.
template <typename T, typename Body>
T guarded(ca_error *error, T otherwise, Body body) noexcept {
    try {
        return body();
    } catch (...) {
        report(error);
        return otherwise;
    }
}

/// Where the memory of cells comes from.
arrow::MemoryPool *memory();

ca_batch *wrap(std::shared_ptr<arrow::RecordBatch> batch);
ca_schema *wrap(std::shared_ptr<arrow::Schema> schema);

/// Throws naming a column that stands twice: nothing that goes by name could tell the two apart.
void require_unique_names(const arrow::Schema &schema);

/// "name\x1ftype\x1e" pairs.
std::vector<std::pair<std::string, std::string>> parse_pairs(const char *text);
std::string format_pairs(const std::vector<std::pair<std::string, std::string>> &pairs);

/// A stream of batches.
class Source {
   public:
    virtual ~Source() = default;
    virtual std::shared_ptr<arrow::Schema> schema() = 0;
    /// Null at the end.
    virtual std::shared_ptr<arrow::RecordBatch> next() = 0;
    /// Records that are no rows, of what was read since this was asked last: `line` (int64, from 1), `reason`, `raw`
    /// (texts). Null if there are none.
    virtual std::shared_ptr<arrow::RecordBatch> take_rejected() { return nullptr; }
    /// After the last batch: shows the observer, if there is one, what is left of the file.
    virtual void read_rest() {}
    /// From any thread.
    virtual void cancel() = 0;
};

}  // namespace casparian

struct ca_source {
    std::unique_ptr<casparian::Source> value;
};
