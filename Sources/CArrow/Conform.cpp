// Batches of one topic may differ in their columns: the narrowest schema that holds both, and lossless casts to it.

#include <arrow/compute/cast.h>

#include "Support.h"

using namespace casparian;

namespace {

/// The narrowest type that holds both without loss (casts are checked); null if there is none.
std::shared_ptr<arrow::DataType> common_type(
    const std::shared_ptr<arrow::DataType> &left, const std::shared_ptr<arrow::DataType> &right) {
    using arrow::Type;
    if (left->Equals(*right)) return left;
    if (left->id() == Type::NA) return right;
    if (right->id() == Type::NA) return left;
    if (left->id() == Type::DICTIONARY) {
        return common_type(static_cast<const arrow::DictionaryType &>(*left).value_type(), right);
    }
    if (right->id() == Type::DICTIONARY) return common_type(right, left);
    if (arrow::is_integer(left->id()) && arrow::is_integer(right->id())) {
        if (arrow::is_signed_integer(left->id()) == arrow::is_signed_integer(right->id())) {
            return left->byte_width() >= right->byte_width() ? left : right;
        }
        return arrow::int64();
    }
    const bool left_float = arrow::is_floating(left->id()), right_float = arrow::is_floating(right->id());
    if (left_float && right_float) return left->byte_width() >= right->byte_width() ? left : right;
    if ((left_float && arrow::is_integer(right->id())) || (right_float && arrow::is_integer(left->id()))) {
        return arrow::float64();
    }
    const auto is_text = [](Type::type id) {
        return id == Type::STRING || id == Type::LARGE_STRING || id == Type::STRING_VIEW;
    };
    if (is_text(left->id()) && is_text(right->id())) return arrow::large_utf8();
    const auto is_bytes = [](Type::type id) { return id == Type::BINARY || id == Type::LARGE_BINARY; };
    if (is_bytes(left->id()) && is_bytes(right->id())) return arrow::large_binary();
    if (left->id() == Type::TIMESTAMP && right->id() == Type::TIMESTAMP) {
        const auto &first = static_cast<const arrow::TimestampType &>(*left);
        const auto &second = static_cast<const arrow::TimestampType &>(*right);
        if (first.timezone() == second.timezone()) return first.unit() >= second.unit() ? left : right;
    }
    return nullptr;
}

}  // namespace

extern "C" {

ca_schema *ca_schema_unify(const ca_schema *left, const ca_schema *right, ca_error *error) {
    return guarded<ca_schema *>(error, nullptr, [&] {
        arrow::FieldVector fields;
        for (const auto &field : left->value->fields()) {
            auto other = right->value->GetFieldByName(field->name());
            if (!other) {
                fields.push_back(field->WithNullable(true));
                continue;
            }
            auto type = common_type(field->type(), other->type());
            if (!type) {
                throw Failure(CA_TYPE_CONFLICT, "column '" + field->name() + "' was " + field->type()->ToString() +
                    " and is now " + other->type()->ToString() + "; make the plugin yield one type");
            }
            fields.push_back(arrow::field(field->name(), type, field->nullable() || other->nullable()));
        }
        for (const auto &field : right->value->fields()) {
            if (!left->value->GetFieldByName(field->name())) fields.push_back(field->WithNullable(true));
        }
        // Lineage stays last.
        arrow::FieldVector data, lineage;
        for (auto &field : fields) {
            const bool is_lineage = field->name() == "_job_id" || field->name() == "_file_version_id";
            (is_lineage ? lineage : data).push_back(std::move(field));
        }
        data.insert(data.end(), lineage.begin(), lineage.end());
        return wrap(arrow::schema(std::move(data)));
    });
}

ca_batch *ca_batch_conform(const ca_batch *batch, const ca_schema *schema, ca_error *error) {
    return guarded<ca_batch *>(error, nullptr, [&] {
        arrow::ArrayVector columns;
        for (const auto &field : schema->value->fields()) {
            auto column = batch->value->GetColumnByName(field->name());
            if (!column) {
                columns.push_back(take(arrow::MakeArrayOfNull(field->type(), batch->value->num_rows())));
            } else if (column->type()->Equals(*field->type())) {
                columns.push_back(column);
            } else {
                auto cast = arrow::compute::Cast(*column, field->type(), arrow::compute::CastOptions::Safe());
                if (!cast.ok()) {
                    throw Failure(CA_TYPE_CONFLICT, "column '" + field->name() + "' of type " +
                        column->type()->ToString() + " does not fit " + field->type()->ToString() +
                        " without loss: " + cast.status().message());
                }
                columns.push_back(*cast);
            }
        }
        return wrap(arrow::RecordBatch::Make(schema->value, batch->value->num_rows(), std::move(columns)));
    });
}

}
