// Contracts: which rows of a batch fit, and what becomes of the others.

#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>

#include <unordered_set>

#include "CellText.h"
#include "ContractTypes.h"
#include "Support.h"

using namespace casparian;

struct ca_contract {
    std::vector<contract::Column> columns;
    std::unordered_set<std::string> names;
    ca_extra extra = CA_EXTRA_KEEP;
};

namespace {

/// The first column that a row does not fit.
struct Rejection {
    int64_t row;
    size_t column;
    const contract::Violation *violation;
};

bool same_but_case(const std::string &left, const std::string &right) {
    return left.size() == right.size() && strcasecmp(left.c_str(), right.c_str()) == 0;
}

std::string missing_reason(const arrow::Schema &schema, const std::string &name) {
    for (const auto &field : schema.fields()) {
        if (same_but_case(field->name(), name)) return "is missing; there is '" + field->name() + "'";
    }
    return "is missing";
}

bool is_bytes(arrow::Type::type id) {
    return arrow::is_binary_like(id) || arrow::is_large_binary_like(id) || id == arrow::Type::STRING_VIEW ||
           id == arrow::Type::BINARY_VIEW || id == arrow::Type::FIXED_SIZE_BINARY;
}

std::string raw_text(const arrow::Scalar &cell) {
    if (!is_bytes(cell.type->id())) return readable_text(cell_text(cell));
    return readable_text(static_cast<const arrow::BaseBinaryScalar &>(cell).view());
}

/// A row as a JSON object, its keys in the order of columns.
std::string record_text(const arrow::RecordBatch &batch, int64_t row) {
    std::string out = "{";
    for (int i = 0; i < batch.num_columns(); ++i) {
        if (i > 0) out += ", ";
        out += json_text(arrow::StringScalar(batch.schema()->field(i)->name()));
        out += ": ";
        const auto cell = take(batch.column(i)->GetScalar(row));
        const std::string text = json_text(*cell);
        out += readable_text(text) == text ? text : '"' + raw_text(*cell) + '"';
    }
    return out + "}";
}

std::shared_ptr<arrow::RecordBatch> rejected_rows(
    const arrow::RecordBatch &batch, const ca_contract &contract, const std::vector<Rejection> &rejections,
    int64_t first_row) {
    arrow::Int64Builder numbers(memory());
    arrow::StringBuilder columns(memory()), reasons(memory()), raws(memory()), records(memory()), codes(memory());
    for (const Rejection &rejection : rejections) {
        const std::string &name = contract.columns[rejection.column].name;
        const auto column = batch.GetColumnByName(name);
        check(numbers.Append(first_row + rejection.row));
        check(columns.Append(name));
        check(reasons.Append(rejection.violation->reason));
        check(codes.Append(rejection.violation->code));
        check(
            column && column->IsValid(rejection.row) ? raws.Append(raw_text(*take(column->GetScalar(rejection.row))))
                                                     : raws.AppendNull());
        check(records.Append(record_text(batch, rejection.row)));
    }
    return arrow::RecordBatch::Make(
        arrow::schema({
            arrow::field("row_number", arrow::int64(), false), arrow::field("column", arrow::utf8(), false),
            arrow::field("reason", arrow::utf8(), false), arrow::field("raw", arrow::utf8(), true),
            arrow::field("record", arrow::utf8(), false), arrow::field("code", arrow::utf8(), false),
        }),
        static_cast<int64_t>(rejections.size()),
        {take(numbers.Finish()), take(columns.Finish()), take(reasons.Finish()), take(raws.Finish()),
         take(records.Finish()), take(codes.Finish())});
}

/// One for each row that does not fit, in the order of rows.
std::vector<Rejection> rejections_of(const std::vector<contract::Converted> &converted, int64_t rows) {
    std::vector<Rejection> all;
    std::vector<Rejection> first;
    for (size_t column = 0; column < converted.size(); ++column) {
        if (converted[column].violations.empty()) continue;
        if (first.empty()) first.assign(static_cast<size_t>(rows), Rejection{0, 0, nullptr});
        for (const auto &violation : converted[column].violations) {
            Rejection &rejection = first[static_cast<size_t>(violation.row)];
            if (rejection.violation == nullptr) rejection = {violation.row, column, &violation};
        }
    }
    for (const Rejection &rejection : first) {
        if (rejection.violation != nullptr) all.push_back(rejection);
    }
    return all;
}

arrow::ArrayVector without(const arrow::ArrayVector &columns, const std::vector<Rejection> &rejections, int64_t rows) {
    std::vector<bool> keeps(static_cast<size_t>(rows), true);
    for (const Rejection &rejection : rejections) keeps[static_cast<size_t>(rejection.row)] = false;
    arrow::BooleanBuilder builder(memory());
    check(builder.AppendValues(keeps));
    const auto mask = take(builder.Finish());
    arrow::compute::ExecContext context(memory());
    arrow::ArrayVector kept;
    for (const auto &column : columns) {
        kept.push_back(take(arrow::compute::Filter(
            column, mask, arrow::compute::FilterOptions::Defaults(), &context)).make_array());
    }
    return kept;
}

/// Columns that the contract does not name, after its own.
void add_others(
    const arrow::RecordBatch &batch, const ca_contract &contract, arrow::FieldVector &fields,
    arrow::ArrayVector &columns) {
    if (contract.extra == CA_EXTRA_DROP) return;
    for (int i = 0; i < batch.num_columns(); ++i) {
        const auto &field = batch.schema()->field(i);
        if (contract.names.contains(field->name())) continue;
        if (contract.extra == CA_EXTRA_ERROR) {
            throw Failure(CA_INVALID, "column '" + field->name() + "' is not in the contract, which allows no others; "
                "name it there, or set extra_columns to keep or drop");
        }
        fields.push_back(field);
        columns.push_back(batch.column(i));
    }
}

}  // namespace

extern "C" {

ca_contract *ca_contract_create(
    const ca_contract_column *columns, int64_t count, int32_t extra, ca_error *error) {
    return guarded<ca_contract *>(error, nullptr, [&] {
        auto made = std::make_unique<ca_contract>();
        made->extra = static_cast<ca_extra>(extra);
        for (int64_t i = 0; i < count; ++i) {
            contract::Column column;
            column.name = columns[i].name;
            column.type = contract::type_named(columns[i].type);
            column.format = columns[i].format != nullptr ? columns[i].format : "";
            column.is_nullable = columns[i].is_nullable;
            contract::RuleTexts rules;
            const ca_contract_rules &given = columns[i].rules;
            for (int64_t j = 0; j < given.value_count; ++j) rules.values.emplace_back(given.values[j]);
            if (given.minimum != nullptr) rules.minimum = given.minimum;
            if (given.maximum != nullptr) rules.maximum = given.maximum;
            rules.length_min = given.length_min;
            rules.length_max = given.length_max;
            column.rules = contract::prepare_rules(column, rules);
            if (!made->names.insert(column.name).second) {
                throw Failure(CA_INVALID, "column '" + column.name + "' stands twice in the contract");
            }
            made->columns.push_back(std::move(column));
        }
        return made.release();
    });
}

void ca_contract_release(ca_contract *contract) { delete contract; }

bool ca_batch_apply_contract(
    const ca_batch *batch, const ca_contract *contract, int64_t first_row, ca_batch **accepted, ca_batch **rejected,
    ca_error *error) {
    return guarded(error, false, [&] {
        const auto &value = *batch->value;
        const int64_t rows = value.num_rows();
        require_unique_names(*value.schema());
        std::vector<contract::Converted> converted;
        arrow::FieldVector fields;
        arrow::ArrayVector columns;
        for (const auto &column : contract->columns) {
            const auto source = value.GetColumnByName(column.name);
            const auto missing = source ? std::string() : missing_reason(*value.schema(), column.name);
            converted.push_back(contract::convert(source.get(), column, rows, missing));
            columns.push_back(converted.back().array);
            fields.push_back(arrow::field(column.name, columns.back()->type(), column.is_nullable));
        }
        add_others(value, *contract, fields, columns);
        const auto rejections = rejections_of(converted, rows);
        if (!rejections.empty()) columns = without(columns, rejections, rows);
        const int64_t kept = rows - static_cast<int64_t>(rejections.size());
        auto bad = rejections.empty() ? nullptr : wrap(rejected_rows(value, *contract, rejections, first_row));
        *accepted = wrap(arrow::RecordBatch::Make(
            arrow::schema(std::move(fields), value.schema()->metadata()), kept, std::move(columns)));
        *rejected = bad;
        return true;
    });
}

}
