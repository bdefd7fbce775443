// Batches from plain values.

#include <arrow/builder.h>

#include "Support.h"

using namespace casparian;

struct ca_columns {
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
};

namespace {

template <typename Builder, typename Append>
bool add(
    ca_columns *columns, const char *name, const uint8_t *valid, int64_t count, ca_error *error, Append append) {
    return guarded(error, false, [&] {
        Builder builder(memory());
        check(builder.Reserve(count));
        for (int64_t i = 0; i < count; ++i) check(valid[i] ? append(builder, i) : builder.AppendNull());
        std::shared_ptr<arrow::Array> array;
        check(builder.Finish(&array));
        columns->fields.push_back(arrow::field(name, array->type()));
        columns->arrays.push_back(std::move(array));
        return true;
    });
}

}  // namespace

extern "C" {

ca_columns *ca_columns_create(void) { return new ca_columns; }
void ca_columns_release(ca_columns *columns) { delete columns; }

bool ca_columns_add_int64(
    ca_columns *columns, const char *name, const int64_t *values, const uint8_t *valid, int64_t count,
    ca_error *error) {
    return add<arrow::Int64Builder>(columns, name, valid, count, error, [values](auto &builder, int64_t i) {
        return builder.Append(values[i]);
    });
}

bool ca_columns_add_double(
    ca_columns *columns, const char *name, const double *values, const uint8_t *valid, int64_t count,
    ca_error *error) {
    return add<arrow::DoubleBuilder>(columns, name, valid, count, error, [values](auto &builder, int64_t i) {
        return builder.Append(values[i]);
    });
}

bool ca_columns_add_bool(
    ca_columns *columns, const char *name, const uint8_t *values, const uint8_t *valid, int64_t count,
    ca_error *error) {
    return add<arrow::BooleanBuilder>(columns, name, valid, count, error, [values](auto &builder, int64_t i) {
        return builder.Append(values[i] != 0);
    });
}

bool ca_columns_add_string(
    ca_columns *columns, const char *name, const char *bytes, const int64_t *offsets, const uint8_t *valid,
    int64_t count, ca_error *error) {
    return add<arrow::StringBuilder>(columns, name, valid, count, error, [bytes, offsets](auto &builder, int64_t i) {
        return builder.Append(bytes + offsets[i], static_cast<int32_t>(offsets[i + 1] - offsets[i]));
    });
}

ca_batch *ca_columns_finish(const ca_columns *columns, ca_error *error) {
    return guarded<ca_batch *>(error, nullptr, [&] {
        const int64_t rows = columns->arrays.empty() ? 0 : columns->arrays[0]->length();
        auto batch = arrow::RecordBatch::Make(arrow::schema(columns->fields), rows, columns->arrays);
        check(batch->Validate());
        return wrap(std::move(batch));
    });
}

}
