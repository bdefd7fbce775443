// Rows by the values of some columns, for one Hive folder each.

#include <arrow/compute/api.h>

#include <numeric>
#include <string_view>
#include <unordered_map>

#include "CellText.h"
#include "Support.h"

using namespace casparian;

struct ca_parts {
    std::vector<std::string> folders;
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
};

namespace {

// What Hive, and after it Spark, DuckDB, polars and pyarrow, write in place of null.
constexpr std::string_view kNull = "__HIVE_DEFAULT_PARTITION__";
/// Bytes of a name in a folder (NAME_MAX).
constexpr size_t kNameBytesMax = 255;

bool has_text(const arrow::DataType &type) {
    const auto id = type.id();
    return arrow::is_integer(id) || arrow::is_decimal(id) || id == arrow::Type::BOOL || id == arrow::Type::STRING ||
        id == arrow::Type::LARGE_STRING || id == arrow::Type::DATE32 || id == arrow::Type::DATE64 ||
        id == arrow::Type::TIMESTAMP;
}

/// Percent-encodes what is not unreserved (RFC 3986, section 2.3), as the readers decode it.
std::string encoded(std::string_view text) {
    static const char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (is_alphanumeric || c == '-' || c == '_' || c == '.' || c == '~') {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

/// `column=value`
std::string folder_name(const std::string &column, const arrow::Scalar &value) {
    if (!value.is_valid) return column + "=" + std::string(kNull);
    const std::string text = cell_text(value);
    if (text == kNull) {
        throw Failure(CA_INVALID, "column '" + column + "' holds the text " + text + ", which readers of partitioned "
            "tables take for null; do not partition by it");
    }
    const std::string name = column + "=" + encoded(text);
    if (name.size() > kNameBytesMax) {
        throw Failure(CA_INVALID, "column '" + column + "' has a value of " + std::to_string(text.size()) +
            " bytes, and a folder's name holds " + std::to_string(kNameBytesMax) + "; partition by a shorter one");
    }
    return name;
}

/// Rows in groups of equal values, numbered in the order of their first row.
struct Groups {
    std::vector<int64_t> of_row;
    std::vector<std::string> folders;

    explicit Groups(int64_t rows) : of_row(rows, 0), folders(1) {}

    /// Divides every group by the values of one more column.
    void divide(const std::string &name, const std::shared_ptr<arrow::Array> &column) {
        const auto dictionary = take(arrow::compute::DictionaryEncode(column)).array_as<arrow::DictionaryArray>();
        const auto &values = *dictionary->dictionary();
        std::unordered_map<int64_t, int64_t> numbers;  // of new groups, by old group and value
        const int64_t width = values.length() + 1;
        std::vector<std::string> names(width), divided;
        for (size_t row = 0; row < of_row.size(); ++row) {
            const bool is_null = dictionary->IsNull(row);
            const int64_t value = is_null ? values.length() : dictionary->GetValueIndex(row);
            const auto [entry, is_new] = numbers.try_emplace(of_row[row] * width + value, divided.size());
            if (is_new) {
                std::string &folder = names[value];
                if (folder.empty()) {
                    folder = folder_name(
                        name, is_null ? *arrow::MakeNullScalar(values.type()) : *take(values.GetScalar(value)));
                }
                const std::string &above = folders[of_row[row]];
                divided.push_back(above.empty() ? folder : above + "/" + folder);
            }
            of_row[row] = entry->second;
        }
        folders = std::move(divided);
    }
};

std::shared_ptr<arrow::Array> plain(const std::shared_ptr<arrow::Array> &column) {
    if (column->type_id() != arrow::Type::DICTIONARY) return column;
    const auto &type = static_cast<const arrow::DictionaryType &>(*column->type());
    return take(arrow::compute::Cast(*column, type.value_type()));
}

void require_partition_column(const std::string &name, const std::shared_ptr<arrow::Field> &field) {
    // Readers decode values only, so that a name must need no encoding.
    static constexpr std::string_view kForbidden("/=%\\\0", 5);
    if (!field) throw Failure(CA_INVALID, "the table is to be partitioned by '" + name + "' and has no such column");
    const auto *type = field->type().get();
    if (type->id() == arrow::Type::DICTIONARY) {
        type = static_cast<const arrow::DictionaryType *>(type)->value_type().get();
    }
    if (!has_text(*type)) {
        throw Failure(CA_INVALID, "column '" + name + "' is " + type->ToString() + ", by which no table is partitioned; "
            "integers, decimals, booleans, texts, dates and timestamps can be");
    }
    if (name.find_first_of(kForbidden) != std::string::npos || name.size() > kNameBytesMax / 2 || name[0] == '_' ||
        name[0] == '.') {
        throw Failure(CA_INVALID, "column '" + name + "' cannot name a folder that readers understand: no / = % \\, no "
            "_ or . in front, at most " + std::to_string(kNameBytesMax / 2) + " bytes");
    }
}

std::shared_ptr<arrow::RecordBatch> without(const arrow::RecordBatch &batch, const std::vector<std::string> &names) {
    std::vector<int> kept;
    for (int i = 0; i < batch.num_columns(); ++i) {
        if (std::find(names.begin(), names.end(), batch.column_name(i)) == names.end()) kept.push_back(i);
    }
    return take(batch.SelectColumns(kept));
}

std::vector<std::string> names_of(const char *columns) {
    std::vector<std::string> names;
    for (auto &[name, nothing] : parse_pairs(columns)) names.push_back(name);
    return names;
}

void partition(const arrow::RecordBatch &batch, const std::vector<std::string> &columns, ca_parts &parts) {
    Groups groups(batch.num_rows());
    for (const auto &name : columns) {
        require_partition_column(name, batch.schema()->GetFieldByName(name));
        groups.divide(name, plain(batch.GetColumnByName(name)));
    }
    const auto rest = without(batch, columns);
    parts.folders = std::move(groups.folders);
    if (parts.folders.size() == 1) {
        parts.batches.push_back(rest);
        return;
    }
    // The rows of all groups one after the other, sorted by counting; then each group is a slice of them.
    std::vector<int64_t> ends(parts.folders.size() + 1), order(batch.num_rows());
    for (const int64_t group : groups.of_row) ++ends[group + 1];
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    for (int64_t row = 0; row < batch.num_rows(); ++row) order[ends[groups.of_row[row]]++] = row;
    const auto indices = std::make_shared<arrow::Int64Array>(batch.num_rows(), arrow::Buffer::Wrap(order));
    arrow::compute::ExecContext context(memory());
    const auto sorted = take(
        arrow::compute::Take(rest, indices, arrow::compute::TakeOptions::NoBoundsCheck(), &context)).record_batch();
    int64_t start = 0;
    for (size_t group = 0; group < parts.folders.size(); ++group) {
        parts.batches.push_back(sorted->Slice(start, ends[group] - start));
        start = ends[group];
    }
}

}  // namespace

extern "C" {

ca_parts *ca_batch_partition(const ca_batch *batch, const char *columns, ca_error *error) {
    return guarded<ca_parts *>(error, nullptr, [&] {
        auto parts = std::make_unique<ca_parts>();
        partition(*batch->value, names_of(columns), *parts);
        return parts.release();
    });
}

void ca_parts_release(ca_parts *parts) { delete parts; }
int32_t ca_parts_count(const ca_parts *parts) { return static_cast<int32_t>(parts->folders.size()); }
const char *ca_parts_folder(const ca_parts *parts, int32_t index) { return parts->folders[index].c_str(); }
ca_batch *ca_parts_batch(const ca_parts *parts, int32_t index) { return wrap(parts->batches[index]); }

ca_schema *ca_schema_without(const ca_schema *schema, const char *columns, ca_error *error) {
    return guarded<ca_schema *>(error, nullptr, [&] {
        auto fields = schema->value->fields();
        for (const auto &name : names_of(columns)) {
            require_partition_column(name, schema->value->GetFieldByName(name));
            std::erase_if(fields, [&](const auto &field) { return field->name() == name; });
        }
        if (fields.empty()) throw Failure(CA_INVALID, "no column is left that the table is not partitioned by");
        return wrap(arrow::schema(fields, schema->value->metadata()));
    });
}

ca_batch *ca_batch_concatenate(const ca_batch *const *batches, int64_t count, ca_error *error) {
    return guarded<ca_batch *>(error, nullptr, [&] {
        arrow::RecordBatchVector all;
        for (int64_t i = 0; i < count; ++i) all.push_back(batches[i]->value);
        // One by itself would come back as it is, with all that it is a slice of.
        if (count == 1) all.push_back(all[0]->Slice(0, 0));
        return wrap(take(arrow::ConcatenateRecordBatches(all, memory())));
    });
}

}
