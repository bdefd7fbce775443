// Parquet files, written batch by batch with bounded memory.

#include <arrow/ipc/writer.h>
#include <arrow/util/base64.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_writer.h>

#include <set>

#include "ParallelColumns.h"
#include "ParquetEncodings.h"
#include "StagingStream.h"
#include "Support.h"

using namespace casparian;

namespace {

/// Bytes of a first batch below which other threads are not worth waking for the choice of encodings.
constexpr int64_t kWorthThreadsBytes = 1 << 20;

parquet::Compression::type codec(const std::string &name) {
    if (name == "snappy") return parquet::Compression::SNAPPY;
    if (name == "zstd") return parquet::Compression::ZSTD;
    if (name == "gzip") return parquet::Compression::GZIP;
    if (name == "lz4") return parquet::Compression::LZ4;
    if (name == "brotli") return parquet::Compression::BROTLI;
    if (name == "none" || name == "uncompressed") return parquet::Compression::UNCOMPRESSED;
    throw Failure(CA_INVALID, "compression '" + name + "' is none of snappy, zstd, gzip, lz4, brotli, none");
}

std::string names_of(const arrow::Schema &schema) {
    std::string names;
    for (const auto &field : schema.fields()) names += (names.empty() ? "'" : ", '") + field->name() + "'";
    return names;
}

/// What Arrow's own writer adds so that readers get the Arrow types back exactly.
std::shared_ptr<arrow::KeyValueMetadata> arrow_schema_metadata(const arrow::Schema &schema) {
    auto metadata = schema.metadata() ? schema.metadata()->Copy() : std::make_shared<arrow::KeyValueMetadata>();
    const auto serialized = take(arrow::ipc::SerializeSchema(schema));
    metadata->Append("ARROW:schema", arrow::util::base64_encode(std::string_view(*serialized)));
    return metadata;
}

}  // namespace

struct ca_writer {
    std::shared_ptr<StagingStream> stream;
    std::shared_ptr<arrow::Schema> schema;
    ca_parquet_options options;
    parquet::WriterProperties::Builder properties;
    std::vector<std::pair<std::string, std::string>> key_values;
    std::vector<std::string> bloom_columns;
    int64_t rows = 0;
    int64_t group_rows = 0;
    int64_t group_bytes = 0;
    // One of the two, opened with the first batch: nested columns go through Arrow's writer.
    std::unique_ptr<parquet::arrow::FileWriter> nested;
    std::unique_ptr<parquet::ParquetFileWriter> flat;
    std::unique_ptr<ParallelColumns> columns;

    std::shared_ptr<arrow::KeyValueMetadata> with_key_values(std::shared_ptr<arrow::KeyValueMetadata> metadata) const;
    void open(const arrow::RecordBatch *sample, int64_t sample_bytes);
    void add_bloom_filters();
    void write(const std::shared_ptr<arrow::RecordBatch> &batch, int64_t bytes);
    void end_group();
    void finish();
};

std::shared_ptr<arrow::KeyValueMetadata> ca_writer::with_key_values(
    std::shared_ptr<arrow::KeyValueMetadata> metadata) const {
    for (const auto &[key, value] : key_values) check(metadata->Set(key, value));
    return metadata;
}

void ca_writer::open(const arrow::RecordBatch *sample, int64_t sample_bytes) {
    auto arrow_properties =
        parquet::ArrowWriterProperties::Builder().store_schema()->set_use_threads(options.threads)->build();
    std::shared_ptr<parquet::SchemaDescriptor> descriptor;
    check(parquet::arrow::ToParquetSchema(schema.get(), *properties.build(), *arrow_properties, &descriptor));
    if (sample && options.chooses_encodings) {
        const int64_t row_bytes = std::max<int64_t>(1, sample_bytes / sample->num_rows());
        const int64_t rows = std::min(options.row_group_rows_max, options.row_group_bytes_max / row_bytes);
        const bool threads = options.threads && sample_bytes >= kWorthThreadsBytes;
        choose_encodings(*sample, *descriptor, rows, threads, properties);
    }
    add_bloom_filters();
    if (!ParallelColumns::can_write(*schema)) {
        nested = take(parquet::arrow::FileWriter::Open(
            *schema, memory(), stream, properties.build(), std::move(arrow_properties)));
        check(nested->AddKeyValueMetadata(with_key_values(std::make_shared<arrow::KeyValueMetadata>())));
        return;
    }
    const auto root = std::static_pointer_cast<parquet::schema::GroupNode>(descriptor->schema_root());
    flat = parquet::ParquetFileWriter::Open(
        stream, root, properties.build(), with_key_values(arrow_schema_metadata(*schema)));
    columns = std::make_unique<ParallelColumns>(*flat, schema, std::move(arrow_properties), options.threads);
}

void ca_writer::add_bloom_filters() {
    for (const auto &name : bloom_columns) {
        const auto field = schema->GetFieldByName(name);
        if (!field) {
            throw Failure(CA_INVALID, "a bloom filter is wanted for column '" + name + "', and there is none of that name; "
                "there are " + names_of(*schema));
        }
        if (field->type()->num_fields() > 0 || field->type()->id() == arrow::Type::BOOL) {
            throw Failure(CA_INVALID, "column '" + name + "' is " + field->type()->ToString() +
                ", which a bloom filter is not made for");
        }
        properties.enable_bloom_filter(name, {});
    }
}

void ca_writer::write(const std::shared_ptr<arrow::RecordBatch> &batch, int64_t bytes) {
    if (!batch->schema()->Equals(*schema, false)) {
        throw Failure(CA_INVALID, "a batch has other columns than the file: " + batch->schema()->ToString() +
            " instead of " + schema->ToString());
    }
    if (!nested && !flat) open(batch.get(), bytes);
    for (int64_t start = 0; start < batch->num_rows();) {
        const int64_t room = options.row_group_rows_max - group_rows;
        const int64_t count = std::min(room, batch->num_rows() - start);
        const auto part = count == batch->num_rows() ? batch : batch->Slice(start, count);
        const int64_t part_bytes = bytes / batch->num_rows() * count;
        if (columns) columns->add(part, part_bytes);
        else check(nested->WriteRecordBatch(*part));
        start += count;
        rows += count;
        group_rows += count;
        group_bytes += part_bytes;
        if (group_rows < options.row_group_rows_max && group_bytes < options.row_group_bytes_max) continue;
        end_group();
    }
}

void ca_writer::end_group() {
    if (group_rows == 0) return;
    if (columns) columns->end_group();
    else check(nested->NewBufferedRowGroup());
    group_rows = 0;
    group_bytes = 0;
}

void ca_writer::finish() {
    if (!nested && !flat) open(nullptr, 0);
    if (columns) {
        columns->end_group();
        flat->Close();
    } else {
        check(nested->Close());
    }
    stream->sync();
    check(stream->Close());
}

extern "C" {

ca_writer *ca_parquet_create(
    const char *path, const ca_schema *schema, const ca_parquet_options *options, ca_error *error) {
    return guarded<ca_writer *>(error, nullptr, [&] {
        auto writer = std::make_unique<ca_writer>();
        writer->schema = schema->value;
        writer->options = *options;
        writer->options.compression = nullptr;  // the caller's memory
        writer->options.key_values = nullptr;
        writer->options.bloom_columns = nullptr;
        writer->key_values = parse_pairs(options->key_values);
        for (auto &[name, nothing] : parse_pairs(options->bloom_columns)) writer->bloom_columns.push_back(name);
        require_unique_names(*schema->value);
        if (options->row_group_rows_max < 1 || options->row_group_bytes_max < 1) {
            throw Failure(CA_INVALID, "a row group needs room for at least one row");
        }
        writer->properties.memory_pool(memory());
        writer->properties.compression(codec(options->compression));
        if (options->level != INT32_MIN) writer->properties.compression_level(options->level);
        writer->properties.max_row_group_length(options->row_group_rows_max);
        writer->properties.version(parquet::ParquetVersion::PARQUET_2_6);
        writer->properties.enable_store_decimal_as_integer();
        writer->properties.enable_write_page_index();
        writer->stream = std::make_shared<StagingStream>(path);
        return writer.release();
    });
}

bool ca_parquet_write(ca_writer *writer, const ca_batch *batch, ca_error *error) {
    return guarded(error, false, [&] {
        if (writer->stream->closed()) throw Failure(CA_INVALID, "the file is finished");
        if (batch->value->num_rows() > 0) writer->write(batch->value, ca_batch_bytes(batch));
        return true;
    });
}

bool ca_parquet_end_group(ca_writer *writer, ca_error *error) {
    return guarded(error, false, [&] {
        if (writer->stream->closed()) throw Failure(CA_INVALID, "the file is finished");
        writer->end_group();
        writer->stream->release();
        return true;
    });
}

bool ca_parquet_finish(ca_writer *writer, int64_t *rows, int64_t *bytes, ca_error *error) {
    return guarded(error, false, [&] {
        if (writer->stream->closed()) throw Failure(CA_INVALID, "the file is finished");
        writer->finish();
        *rows = writer->rows;
        *bytes = writer->stream->position();
        return true;
    });
}

void ca_parquet_release(ca_writer *writer) {
    // An unfinished writer may try to write its footer when destroyed; that may fail, and nobody reads the file.
    (void)guarded<bool>(nullptr, false, [&] {
        delete writer;
        return true;
    });
}

int ca_parquet_descriptor(const ca_writer *writer) { return writer->stream->descriptor(); }

}
