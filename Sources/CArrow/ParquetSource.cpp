// Parquet files as a stream of batches.

#include <parquet/arrow/reader.h>

#include <atomic>
#include <cstring>

#include "Support.h"

using namespace casparian;

namespace {

constexpr int64_t kReadBatchRows = 64 * 1024;
/// Bytes read ahead for one column; without it a whole column chunk is read at once.
constexpr int64_t kColumnBufferBytes = 1 << 20;

class ParquetSource : public Source {
   public:
    explicit ParquetSource(const std::string &path) {
        parquet::ReaderProperties file_properties(memory());
        file_properties.enable_buffered_stream();
        file_properties.set_buffer_size(kColumnBufferBytes);
        parquet::ArrowReaderProperties properties(true);
        properties.set_batch_size(kReadBatchRows);
        properties.set_pre_buffer(false);
        parquet::arrow::FileReaderBuilder builder;
        check_read(builder.OpenFile(path, false, file_properties));
        builder.properties(properties)->memory_pool(memory());
        reader_ = take_read(builder.Build());
        batches_ = take_read(reader_->GetRecordBatchReader());
    }
    std::shared_ptr<arrow::Schema> schema() override { return batches_->schema(); }
    std::shared_ptr<arrow::RecordBatch> next() override {
        if (cancelled_) throw Failure(CA_CANCELLED, "cancelled");
        std::shared_ptr<arrow::RecordBatch> batch;
        check_read(batches_->ReadNext(&batch));
        return batch;
    }
    void cancel() override { cancelled_ = true; }

   private:
    std::unique_ptr<parquet::arrow::FileReader> reader_;
    std::unique_ptr<arrow::RecordBatchReader> batches_;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace

extern "C" ca_source *ca_parquet_open(const char *path, ca_error *error) {
    return guarded<ca_source *>(error, nullptr, [&] { return new ca_source{std::make_unique<ParquetSource>(path)}; });
}

extern "C" bool ca_parquet_footer(const char *path, int64_t *rows, char **key_values, ca_error *error) {
    return guarded(error, false, [&] {
        parquet::arrow::FileReaderBuilder builder;
        check_read(builder.OpenFile(path, false, parquet::ReaderProperties(memory())));
        const auto footer = builder.raw_reader()->metadata();
        std::string text;
        if (footer->key_value_metadata()) text = format_pairs(footer->key_value_metadata()->sorted_pairs());
        *key_values = strdup(text.c_str());
        if (*key_values == nullptr) throw std::bad_alloc();
        *rows = footer->num_rows();
        return true;
    });
}
