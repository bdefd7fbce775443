#include "ParquetEncodings.h"

#include <arrow/io/memory.h>
#include <parquet/arrow/writer.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "Support.h"

namespace casparian {

namespace {

constexpr int64_t kSampleRowsMax = 8 * 1024;
/// With fewer rows a sample says nothing.
constexpr int64_t kSampleRowsMin = 1024;
/// With fewer that are not null a column keeps its dictionary, which Arrow gives up where it does not pay.
constexpr int64_t kSampleValuesMin = 256;
constexpr int64_t kSampleCellsMax = 2 << 20;
constexpr int64_t kSampleBytesMax = 16 << 20;
/// Arrow gives a dictionary up beyond this.
constexpr double kDictionaryBytesMax = 1 << 20;
/// A way that costs more time must take less than this share of the best so far, one that fewer readers know of this.
constexpr double kWorthwhileShare = 0.97;
constexpr double kWorthwhileShareOfNew = 0.9;
/// And it must save this much.
constexpr double kWorthwhileBytesOfRow = 1.0 / 16;

using parquet::Encoding;

/// One column of the file; a struct has several.
struct Leaf {
    int field;  // the column of the batch that it is of
    std::string path;
    std::vector<Encoding::type> ways;  // in the order in which they are preferred
    Encoding::type best = Encoding::RLE_DICTIONARY;
    double best_bytes = INFINITY;  // of a row group

    void compare(Encoding::type way, double bytes, double rows) {
        // Integers split into bytes are in the format since 2024.
        const bool is_new = way == Encoding::BYTE_STREAM_SPLIT && ways.size() > 3;
        if (bytes >= best_bytes * (is_new ? kWorthwhileShareOfNew : kWorthwhileShare)) return;
        if (bytes > best_bytes - rows * kWorthwhileBytesOfRow) return;
        best = way;
        best_bytes = bytes;
    }
};

/// How values of a type can be written, a dictionary first. What is written in one way only has none.
std::vector<Encoding::type> ways_of(const parquet::ColumnDescriptor &column) {
    switch (column.physical_type()) {
        case parquet::Type::INT32:
        case parquet::Type::INT64:
            return {
                Encoding::RLE_DICTIONARY, Encoding::PLAIN, Encoding::DELTA_BINARY_PACKED, Encoding::BYTE_STREAM_SPLIT};
        case parquet::Type::FLOAT:
        case parquet::Type::DOUBLE: return {Encoding::RLE_DICTIONARY, Encoding::PLAIN, Encoding::BYTE_STREAM_SPLIT};
        case parquet::Type::BYTE_ARRAY:
            return {
                Encoding::RLE_DICTIONARY, Encoding::PLAIN, Encoding::DELTA_LENGTH_BYTE_ARRAY,
                Encoding::DELTA_BYTE_ARRAY};
        // DuckDB and polars know no other for these.
        case parquet::Type::FIXED_LEN_BYTE_ARRAY: return {Encoding::RLE_DICTIONARY, Encoding::PLAIN};
        default: return {};
    }
}

bool holds_dictionary(const arrow::DataType &type) {
    if (type.id() == arrow::Type::DICTIONARY) return true;
    return std::ranges::any_of(type.fields(), [](const auto &field) { return holds_dictionary(*field->type()); });
}

std::vector<Leaf> leaves_of(const arrow::Schema &schema, const parquet::SchemaDescriptor &columns) {
    std::vector<Leaf> leaves;
    std::map<std::string, int> times;
    for (int i = 0; i < columns.num_columns(); ++i) {
        const auto *column = columns.Column(i);
        Leaf leaf{columns.group_node()->FieldIndex(*columns.GetColumnRoot(i)), column->path()->ToDotString(), {}};
        ++times[leaf.path];
        // Values that come as a dictionary are written as one.
        if (!holds_dictionary(*schema.field(leaf.field)->type())) leaf.ways = ways_of(*column);
        if (!leaf.ways.empty()) leaves.push_back(std::move(leaf));
    }
    // Arrow's properties go by the path as a text: 'a.b' may be a column, and a field of the struct 'a'.
    std::erase_if(leaves, [&](const Leaf &leaf) { return times[leaf.path] > 1; });
    return leaves;
}

/// How many distinct values there are, when a sample of `count` holds `distinct` of them: count(1 - e^(-D/count)) turned
/// round by bisection.
double estimate_distinct(int64_t distinct, int64_t count) {
    if (distinct >= count) return 1e18;
    double low = static_cast<double>(distinct), high = 1e12;
    for (int i = 0; i < 64; ++i) {
        const double middle = std::sqrt(low * high);
        const double expected = -middle * std::expm1(-static_cast<double>(count) / middle);
        (expected < static_cast<double>(distinct) ? low : high) = middle;
    }
    return low;
}

double index_bits(double distinct) { return std::max(1.0, std::ceil(std::log2(distinct))); }

/// A sample, written to memory in one way.
class Trial {
   public:
    Trial(const arrow::RecordBatch &sample, bool threads, std::shared_ptr<parquet::WriterProperties> properties) {
        const auto arrow_properties =
            parquet::ArrowWriterProperties::Builder().set_use_threads(threads)->build();
        const auto stream = take(arrow::io::BufferOutputStream::Create(1 << 16, memory()));
        const auto writer = take(parquet::arrow::FileWriter::Open(
            *sample.schema(), memory(), stream, std::move(properties), arrow_properties));
        check(writer->WriteRecordBatch(sample));
        check(writer->Close());
        file_ = parquet::ParquetFileReader::Open(
            std::make_shared<arrow::io::BufferReader>(take(stream->Finish())), parquet::ReaderProperties(memory()));
        group_ = file_->RowGroup(0);
    }

    /// Bytes that a column takes in a row group of `share` samples.
    double row_group_bytes(const Leaf &leaf, size_t turn, double share) const {
        const int column = file_->metadata()->schema()->ColumnIndex(leaf.path);
        if (leaf.ways[turn] == Encoding::RLE_DICTIONARY) return dictionary_bytes(column, share);
        return bytes(column) * share;
    }

   private:
    double bytes(int column) const {
        return static_cast<double>(group_->metadata()->ColumnChunk(column)->total_compressed_size());
    }

    /// Infinite where Arrow would give the dictionary up.
    double dictionary_bytes(int column, double share) const {
        const auto chunk = group_->metadata()->ColumnChunk(column);
        const auto statistics = chunk->statistics();
        const int64_t count = chunk->num_values() - (statistics ? statistics->null_count() : 0);
        if (count < kSampleValuesMin) return 0;
        if (!chunk->has_dictionary_page()) return INFINITY;
        const auto reader = group_->GetColumnPageReader(column);
        const auto page = reader->NextPage();
        if (!page || page->type() != parquet::PageType::DICTIONARY_PAGE) return INFINITY;
        const auto &dictionary = static_cast<const parquet::DictionaryPage &>(*page);
        const int64_t distinct = dictionary.num_values();
        const double all = std::min(estimate_distinct(distinct, count), static_cast<double>(count) * share);
        if (all / static_cast<double>(distinct) * static_cast<double>(dictionary.size()) > kDictionaryBytesMax) {
            return INFINITY;
        }
        const double page_bytes = static_cast<double>(chunk->data_page_offset() - chunk->dictionary_page_offset());
        const double wider = index_bits(all) / index_bits(static_cast<double>(distinct));
        return page_bytes * all / static_cast<double>(distinct) + (bytes(column) - page_bytes) * wider * share;
    }

    std::unique_ptr<parquet::ParquetFileReader> file_;
    std::shared_ptr<parquet::RowGroupReader> group_;
};

void set(parquet::WriterProperties::Builder &properties, const std::string &path, Encoding::type way) {
    if (way == Encoding::RLE_DICTIONARY) {
        properties.enable_dictionary(path);
    } else {
        properties.disable_dictionary(path);
        properties.encoding(path, way);
    }
}

std::shared_ptr<arrow::RecordBatch> sample_of(const arrow::RecordBatch &batch) {
    const int64_t cells = std::max(1, batch.num_columns());
    int64_t rows = std::min({batch.num_rows(), kSampleRowsMax, kSampleCellsMax / cells});
    ca_batch measured{batch.Slice(0, rows)};
    const int64_t bytes = ca_batch_bytes(&measured);
    if (bytes > kSampleBytesMax) rows = rows * kSampleBytesMax / bytes;
    return rows < kSampleRowsMin ? nullptr : batch.Slice(0, rows);
}

}  // namespace

void choose_encodings(
    const arrow::RecordBatch &batch, const parquet::SchemaDescriptor &columns, int64_t rows, bool threads,
    parquet::WriterProperties::Builder &properties) {
    const auto sample = sample_of(batch);
    if (!sample) return;
    auto leaves = leaves_of(*batch.schema(), columns);
    const double group_rows = static_cast<double>(std::max(rows, sample->num_rows()));
    const double share = group_rows / static_cast<double>(sample->num_rows());
    for (size_t turn = 0;; ++turn) {
        parquet::WriterProperties::Builder trial_properties(*properties.build());
        std::vector<int> fields;
        for (const auto &leaf : leaves) {
            if (leaf.ways.size() <= turn) continue;
            set(trial_properties, leaf.path, leaf.ways[turn]);
            if (fields.empty() || fields.back() != leaf.field) fields.push_back(leaf.field);
        }
        if (fields.empty()) break;
        const Trial trial(*take(sample->SelectColumns(fields)), threads, trial_properties.build());
        for (auto &leaf : leaves) {
            if (leaf.ways.size() <= turn) continue;
            leaf.compare(leaf.ways[turn], trial.row_group_bytes(leaf, turn, share), group_rows);
        }
    }
    for (const auto &leaf : leaves) set(properties, leaf.path, leaf.best);
}

}  // namespace casparian
