#include "Support.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace casparian {

void fail(const arrow::Status &status) {
    ca_code code = CA_INVALID;
    if (status.IsIOError()) code = CA_IO;
    if (status.IsCancelled()) code = CA_CANCELLED;
    if (status.IsNotImplemented()) code = CA_UNSUPPORTED;
    throw Failure(code, status.message());
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
    } catch (const std::bad_alloc &) {
        fill(error, CA_IO, 0, "out of memory", {});
    } catch (const std::exception &exception) {
        fill(error, CA_INVALID, 0, exception.what(), {});
    } catch (...) {
        fill(error, CA_INVALID, 0, "unknown C++ exception", {});
    }
}

ca_batch *wrap(std::shared_ptr<arrow::RecordBatch> batch) { return new ca_batch{std::move(batch)}; }

ca_schema *wrap(std::shared_ptr<arrow::Schema> schema) {
    auto *wrapped = new ca_schema{std::move(schema), {}};
    for (const auto &field : wrapped->value->fields()) wrapped->type_names.push_back(field->type()->ToString());
    return wrapped;
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

ca_schema *ca_source_schema(const ca_source *source) { return wrap(source->value->schema()); }

bool ca_source_next(ca_source *source, ca_batch **batch, ca_error *error) {
    return guarded(error, false, [&] {
        auto next = source->value->next();
        *batch = next ? wrap(std::move(next)) : nullptr;
        return true;
    });
}

void ca_source_cancel(ca_source *source) { source->value->cancel(); }

}
