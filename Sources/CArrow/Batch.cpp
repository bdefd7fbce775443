// Schemas and batches: looking, slicing, lineage columns, the C data interface.

#include <arrow/c/bridge.h>
#include <arrow/util/byte_size.h>

#include <cstring>

#include "CellText.h"
#include "Support.h"

using namespace casparian;

namespace {

constexpr const char *kJobColumn = "_job_id";
constexpr const char *kVersionColumn = "_file_version_id";

/// A buffer of `rows` copies of `value`; the last one made is kept, since the batches of a job are alike.
std::shared_ptr<arrow::Buffer> repeated(int64_t value, int64_t rows) {
    struct Kept {
        int64_t value = 0;
        std::shared_ptr<arrow::Buffer> buffer;
    };
    thread_local Kept kept[2];
    thread_local int turn = 0;
    const int64_t bytes = rows * static_cast<int64_t>(sizeof(int64_t));
    for (const Kept &candidate : kept) {
        if (candidate.buffer && candidate.value == value && candidate.buffer->size() >= bytes) {
            return arrow::SliceBuffer(candidate.buffer, 0, bytes);
        }
    }
    std::shared_ptr<arrow::Buffer> buffer = take(arrow::AllocateBuffer(bytes, memory()));
    auto *cells = reinterpret_cast<int64_t *>(buffer->mutable_data());
    std::fill(cells, cells + rows, value);
    kept[turn] = {value, buffer};
    turn = 1 - turn;
    return buffer;
}

std::shared_ptr<arrow::Array> constant(int64_t value, int64_t rows) {
    return std::make_shared<arrow::Int64Array>(rows, repeated(value, rows), nullptr, 0);
}

}  // namespace

extern "C" {

void ca_schema_release(ca_schema *schema) { delete schema; }
int32_t ca_schema_field_count(const ca_schema *schema) { return schema->value->num_fields(); }
const char *ca_schema_field_name(const ca_schema *schema, int32_t index) {
    return schema->value->field(index)->name().c_str();
}
const char *ca_schema_field_type(const ca_schema *schema, int32_t index) { return schema->type_names[index].c_str(); }
bool ca_schema_field_nullable(const ca_schema *schema, int32_t index) { return schema->value->field(index)->nullable(); }
bool ca_schema_equals(const ca_schema *left, const ca_schema *right) {
    return left->value == right->value || left->value->Equals(*right->value, false);
}

void ca_batch_release(ca_batch *batch) { delete batch; }
int64_t ca_batch_rows(const ca_batch *batch) { return batch->value->num_rows(); }
int32_t ca_batch_columns(const ca_batch *batch) { return batch->value->num_columns(); }
int64_t ca_batch_bytes(const ca_batch *batch) {
    auto size = arrow::util::ReferencedBufferSize(*batch->value);
    return size.ok() ? *size : arrow::util::TotalBufferSize(*batch->value);
}
ca_schema *ca_batch_schema(const ca_batch *batch) { return wrap(batch->value->schema()); }
ca_batch *ca_batch_slice(const ca_batch *batch, int64_t offset, int64_t length) {
    return wrap(batch->value->Slice(offset, length));
}

ca_batch *ca_batch_append_lineage(const ca_batch *batch, int64_t job, int64_t version, ca_error *error) {
    return guarded<ca_batch *>(error, nullptr, [&] {
        const auto &value = batch->value;
        for (const char *name : {kJobColumn, kVersionColumn}) {
            if (value->schema()->GetFieldIndex(name) >= 0 || !value->schema()->GetAllFieldIndices(name).empty()) {
                throw Failure(CA_INVALID, std::string("column '") + name +
                    "' is reserved for lineage; rename it in the plugin or the file");
            }
        }
        for (const auto &field : value->schema()->fields()) {
            // Everything that names columns as C texts would cut it off there.
            if (field->name().find('\0') != std::string::npos) {
                throw Failure(CA_INVALID, "the name of column '" + field->name().substr(0, field->name().find('\0')) +
                    "\\0...' holds a NUL; rename it in the plugin or the file");
            }
        }
        auto fields = value->schema()->fields();
        auto columns = value->columns();
        fields.push_back(arrow::field(kJobColumn, arrow::int64(), false));
        fields.push_back(arrow::field(kVersionColumn, arrow::int64(), false));
        columns.push_back(constant(job, value->num_rows()));
        columns.push_back(constant(version, value->num_rows()));
        return wrap(arrow::RecordBatch::Make(
            arrow::schema(std::move(fields), value->schema()->metadata()), value->num_rows(), std::move(columns)));
    });
}

char *ca_batch_cell(const ca_batch *batch, int32_t column, int64_t row, size_t *length, ca_error *error) {
    return guarded<char *>(error, nullptr, [&]() -> char * {
        const auto &array = batch->value->column(column);
        if (array->IsNull(row)) return nullptr;
        const std::string text = cell_text(*take(array->GetScalar(row)));
        char *copy = static_cast<char *>(std::malloc(text.size() + 1));
        if (copy == nullptr) throw std::bad_alloc();
        std::memcpy(copy, text.data(), text.size());
        copy[text.size()] = 0;
        *length = text.size();
        return copy;
    });
}

bool ca_batch_export(const ca_batch *batch, void *arrow_array, void *arrow_schema, ca_error *error) {
    return guarded(error, false, [&] {
        check(arrow::ExportRecordBatch(
            *batch->value, static_cast<ArrowArray *>(arrow_array), static_cast<ArrowSchema *>(arrow_schema)));
        return true;
    });
}

ca_batch *ca_batch_import(void *arrow_array, void *arrow_schema, ca_error *error) {
    return guarded<ca_batch *>(error, nullptr, [&] {
        auto batch = take(arrow::ImportRecordBatch(
            static_cast<ArrowArray *>(arrow_array), static_cast<ArrowSchema *>(arrow_schema)));
        check(batch->Validate());
        return wrap(std::move(batch));
    });
}

}
