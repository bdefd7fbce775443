#include "Support.h"

#include <arrow/util/io_util.h>
#include <parquet/exception.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <unordered_set>

namespace casparian {

static ca_code code_of(const arrow::Status &status) {
    if (status.IsIOError() || status.IsOutOfMemory()) return CA_IO;
    if (status.IsCancelled()) return CA_CANCELLED;
    if (status.IsNotImplemented()) return CA_UNSUPPORTED;
    return CA_INVALID;
}

void fail(const arrow::Status &status) { throw Failure(code_of(status), status.message()); }

void fail_read(const arrow::Status &status) {
    const ca_code code = code_of(status);
    const bool from_system = status.IsOutOfMemory() || arrow::internal::ErrnoFromStatus(status) != 0;
    const bool of_file = code == CA_INVALID || (code == CA_IO && !from_system);
    throw Failure(of_file ? CA_MALFORMED : code, status.message());
}

static void fill(ca_error *error, ca_code code, int64_t line, const char *message, const std::string &types) noexcept {
    if (error == nullptr) return;
    error->code = code;
    error->line = line;
    std::strncpy(error->message, message, sizeof(error->message) - 1);
    error->message[sizeof(error->message) - 1] = 0;
    error->types = types.empty() ? nullptr : strdup(types.c_str());
}

void report(ca_error *error) noexcept {
    try {
        throw;
    } catch (const Failure &failure) {
        fill(error, failure.code, failure.line, failure.what(), failure.types);
    } catch (const parquet::ParquetStatusException &exception) {
        fill(error, code_of(exception.status()), 0, exception.status().message().c_str(), {});
    } catch (const std::bad_alloc &) {
        fill(error, CA_IO, 0, "out of memory", {});
    } catch (const std::exception &exception) {
        fill(error, CA_INVALID, 0, exception.what(), {});
    } catch (...) {
        fill(error, CA_INVALID, 0, "unknown C++ exception", {});
    }
}

arrow::MemoryPool *memory() {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return arrow::system_memory_pool();  // so that the sanitizer sees every buffer
#endif
#endif
    // Half the resident memory of Arrow's default (mimalloc) at the same speed; it gives pages back within a second.
    static arrow::MemoryPool *const pool = [] {
        arrow::MemoryPool *jemalloc = nullptr;
        return arrow::jemalloc_memory_pool(&jemalloc).ok() ? jemalloc : arrow::default_memory_pool();
    }();
    return pool;
}

ca_batch *wrap(std::shared_ptr<arrow::RecordBatch> batch) { return new ca_batch{std::move(batch)}; }

ca_schema *wrap(std::shared_ptr<arrow::Schema> schema) {
    auto *wrapped = new ca_schema{std::move(schema), {}};
    for (const auto &field : wrapped->value->fields()) wrapped->type_names.push_back(field->type()->ToString());
    return wrapped;
}

void require_unique_names(const arrow::Schema &schema) {
    std::unordered_set<std::string_view> seen;
    for (const auto &field : schema.fields()) {
        if (!seen.insert(field->name()).second) {
            throw Failure(CA_INVALID, "column '" + field->name() + "' stands twice; give each its own name");
        }
    }
}

std::vector<std::pair<std::string, std::string>> parse_pairs(const char *text) {
    std::vector<std::pair<std::string, std::string>> pairs;
    if (text == nullptr) return pairs;
    std::string rest = text;
    size_t start = 0;
    while (start < rest.size()) {
        size_t end = rest.find('\x1e', start);
        if (end == std::string::npos) end = rest.size();
        std::string item = rest.substr(start, end - start);
        size_t middle = item.find('\x1f');
        if (middle == std::string::npos) pairs.emplace_back(item, "");
        else pairs.emplace_back(item.substr(0, middle), item.substr(middle + 1));
        start = end + 1;
    }
    return pairs;
}

std::string format_pairs(const std::vector<std::pair<std::string, std::string>> &pairs) {
    std::string out;
    for (const auto &[name, type] : pairs) out += name + '\x1f' + type + '\x1e';
    return out;
}

}  // namespace casparian

using namespace casparian;

extern "C" {

void ca_error_clear(ca_error *error) {
    std::free(error->types);
    error->types = nullptr;
}

void ca_source_release(ca_source *source) { delete source; }

ca_schema *ca_source_schema(ca_source *source) {
    // What went wrong comes again from `next`.
    auto *schema = guarded<ca_schema *>(nullptr, nullptr, [&] { return wrap(source->value->schema()); });
    return schema ? schema : wrap(arrow::schema({}));
}

bool ca_source_next(ca_source *source, ca_batch **batch, ca_error *error) {
    return guarded(error, false, [&] {
        auto next = source->value->next();
        *batch = next ? wrap(std::move(next)) : nullptr;
        return true;
    });
}

bool ca_source_take_rejected(ca_source *source, ca_batch **batch, ca_error *error) {
    return guarded(error, false, [&] {
        auto rejected = source->value->take_rejected();
        *batch = rejected ? wrap(std::move(rejected)) : nullptr;
        return true;
    });
}

bool ca_source_read_rest(ca_source *source, ca_error *error) {
    return guarded(error, false, [&] {
        source->value->read_rest();
        return true;
    });
}

void ca_source_cancel(ca_source *source) { source->value->cancel(); }

}
