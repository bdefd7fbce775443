// Batches of one topic may differ in their columns: the narrowest schema that holds both, and lossless casts to it.

#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>

#include <algorithm>

#include "Support.h"

using namespace casparian;

namespace {

using TypePointer = std::shared_ptr<arrow::DataType>;

TypePointer common_type(const TypePointer &left, const TypePointer &right);

bool is_text(arrow::Type::type id) {
    return id == arrow::Type::STRING || id == arrow::Type::LARGE_STRING || id == arrow::Type::STRING_VIEW;
}

bool is_bytes(arrow::Type::type id) { return id == arrow::Type::BINARY || id == arrow::Type::LARGE_BINARY; }

TypePointer common_number(const TypePointer &left, const TypePointer &right) {
    const bool left_float = arrow::is_floating(left->id()), right_float = arrow::is_floating(right->id());
    const bool left_integer = arrow::is_integer(left->id()), right_integer = arrow::is_integer(right->id());
    if (left_integer && right_integer) {
        if (arrow::is_signed_integer(left->id()) == arrow::is_signed_integer(right->id())) {
            return left->byte_width() >= right->byte_width() ? left : right;
        }
        return arrow::int64();
    }
    if (left_float && right_float) return left->byte_width() >= right->byte_width() ? left : right;
    if ((left_float && right_integer) || (right_float && left_integer)) return arrow::float64();
    return nullptr;
}

/// Room for the whole digits and the fraction of both.
TypePointer common_decimal(const arrow::DecimalType &left, const arrow::DecimalType &right) {
    const int scale = std::max(left.scale(), right.scale());
    const int whole = std::max(left.precision() - left.scale(), right.precision() - right.scale());
    if (whole + scale > arrow::Decimal256Type::kMaxPrecision) return nullptr;
    if (whole + scale > arrow::Decimal128Type::kMaxPrecision) return arrow::decimal256(whole + scale, scale);
    return arrow::decimal128(whole + scale, scale);
}

/// Fields of both by name, in the order in which they were first seen; null if one has no common type.
TypePointer common_struct(const arrow::DataType &left, const arrow::DataType &right) {
    const auto &first = static_cast<const arrow::StructType &>(left);
    const auto &second = static_cast<const arrow::StructType &>(right);
    arrow::FieldVector fields;
    for (const auto &field : first.fields()) {
        const auto other = second.GetFieldByName(field->name());
        const auto type = other ? common_type(field->type(), other->type()) : field->type();
        if (!type) return nullptr;
        fields.push_back(arrow::field(field->name(), type, true));
    }
    for (const auto &field : second.fields()) {
        if (!first.GetFieldByName(field->name())) fields.push_back(field->WithNullable(true));
    }
    return arrow::struct_(std::move(fields));
}

/// The narrowest type that holds both without loss (casts are checked); null if there is none.
TypePointer common_type(const TypePointer &left, const TypePointer &right) {
    using arrow::Type;
    if (left->Equals(*right)) return left;
    if (left->id() == Type::NA) return right;
    if (right->id() == Type::NA) return left;
    if (left->id() == Type::DICTIONARY) {
        return common_type(static_cast<const arrow::DictionaryType &>(*left).value_type(), right);
    }
    if (right->id() == Type::DICTIONARY) return common_type(right, left);
    if (auto number = common_number(left, right)) return number;
    if (is_text(left->id()) && is_text(right->id())) return arrow::large_utf8();
    if (is_bytes(left->id()) && is_bytes(right->id())) return arrow::large_binary();
    if (arrow::is_decimal(left->id()) && arrow::is_decimal(right->id())) {
        return common_decimal(
            static_cast<const arrow::DecimalType &>(*left), static_cast<const arrow::DecimalType &>(*right));
    }
    if (left->id() == Type::TIMESTAMP && right->id() == Type::TIMESTAMP) {
        const auto &first = static_cast<const arrow::TimestampType &>(*left);
        const auto &second = static_cast<const arrow::TimestampType &>(*right);
        if (first.timezone() == second.timezone()) return first.unit() >= second.unit() ? left : right;
    }
    if (left->id() == Type::LIST && right->id() == Type::LIST) {
        const auto item = common_type(left->field(0)->type(), right->field(0)->type());
        return item ? arrow::list(item) : nullptr;
    }
    if (left->id() == Type::STRUCT && right->id() == Type::STRUCT) return common_struct(*left, *right);
    return nullptr;
}

std::shared_ptr<arrow::Array> conform_column(const arrow::RecordBatch &batch, const arrow::Field &field) {
    const auto column = batch.GetColumnByName(field.name());
    if (!column) {
        if (!field.nullable() && batch.num_rows() > 0) {
            throw Failure(CA_INVALID, "column '" + field.name() + "' must not be null and is missing");
        }
        return take(arrow::MakeArrayOfNull(field.type(), batch.num_rows(), memory()));
    }
    if (column->type()->Equals(*field.type())) return column;
    arrow::compute::ExecContext context(memory());
    auto cast = arrow::compute::Cast(*column, field.type(), arrow::compute::CastOptions::Safe(), &context);
    if (cast.ok()) return *cast;
    throw Failure(CA_TYPE_CONFLICT, "column '" + field.name() + "' of type " + column->type()->ToString() +
        " does not fit " + field.type()->ToString() + " without loss: " + cast.status().message());
}

}  // namespace

extern "C" {

ca_schema *ca_schema_unify(const ca_schema *left, const ca_schema *right, ca_error *error) {
    return guarded<ca_schema *>(error, nullptr, [&] {
        require_unique_names(*left->value);
        require_unique_names(*right->value);
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
        require_unique_names(*schema->value);
        require_unique_names(*batch->value->schema());
        for (const auto &field : batch->value->schema()->fields()) {
            if (schema->value->GetFieldIndex(field->name()) < 0) {
                throw Failure(CA_INVALID, "column '" + field->name() + "' has no place in the schema");
            }
        }
        arrow::ArrayVector columns;
        for (const auto &field : schema->value->fields()) columns.push_back(conform_column(*batch->value, *field));
        return wrap(arrow::RecordBatch::Make(schema->value, batch->value->num_rows(), std::move(columns)));
    });
}

}
