// Parquet: reading as a stream of batches, writing with bounded memory.

#include <arrow/io/file.h>
#include <arrow/util/thread_pool.h>
#include <fcntl.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "Support.h"

using namespace casparian;

namespace {

constexpr int64_t kReadBatchRows = 64 * 1024;
/// Dirty bytes after which the kernel is asked to begin writing, so that the last fsync finds little left to do.
constexpr int64_t kWritebackBytes = 8 << 20;

class ParquetSource : public Source {
   public:
    explicit ParquetSource(const std::string &path) {
        parquet::arrow::FileReaderBuilder builder;
        check(builder.OpenFile(path, false));
        parquet::ArrowReaderProperties properties(true);
        properties.set_batch_size(kReadBatchRows);
        properties.set_pre_buffer(false);
        builder.properties(properties);
        reader_ = take(builder.Build());
        batches_ = take(reader_->GetRecordBatchReader());
    }
    std::shared_ptr<arrow::Schema> schema() const override { return batches_->schema(); }
    std::shared_ptr<arrow::RecordBatch> next() override {
        if (cancelled_) throw Failure(CA_CANCELLED, "cancelled");
        std::shared_ptr<arrow::RecordBatch> batch;
        check(batches_->ReadNext(&batch));
        return batch;
    }
    void cancel() override { cancelled_ = true; }

   private:
    std::unique_ptr<parquet::arrow::FileReader> reader_;
    std::unique_ptr<arrow::RecordBatchReader> batches_;
    std::atomic<bool> cancelled_ = false;
};

/// A file that hands its pages to the disk as it grows.
class StagingStream : public arrow::io::OutputStream {
   public:
    explicit StagingStream(const std::string &path) : path_(path) {
        descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (descriptor_ < 0) throw Failure(CA_IO, path + ": " + std::strerror(errno));
    }
    ~StagingStream() override { (void)StagingStream::Close(); }
    arrow::Status Close() override {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = -1;
        return arrow::Status::OK();
    }
    bool closed() const override { return descriptor_ < 0; }
    arrow::Result<int64_t> Tell() const override { return position_; }
    arrow::Status Write(const void *data, int64_t length) override {
        const char *bytes = static_cast<const char *>(data);
        while (length > 0) {
            const ssize_t count = ::write(descriptor_, bytes, length);
            if (count < 0) {
                if (errno == EINTR) continue;
                return arrow::Status::IOError(path_, ": ", std::strerror(errno));
            }
            bytes += count;
            length -= count;
            position_ += count;
        }
        if (position_ - flushed_ >= kWritebackBytes) {
            ::sync_file_range(descriptor_, flushed_, position_ - flushed_, SYNC_FILE_RANGE_WRITE);
            flushed_ = position_;
        }
        return arrow::Status::OK();
    }
    arrow::Status Flush() override { return arrow::Status::OK(); }
    using arrow::io::OutputStream::Write;
    void sync() {
        if (::fsync(descriptor_) != 0) throw Failure(CA_IO, path_ + ": fsync: " + std::strerror(errno));
    }
    int descriptor() const { return descriptor_; }
    int64_t position() const { return position_; }

   private:
    std::string path_;
    int descriptor_ = -1;
    int64_t position_ = 0;
    int64_t flushed_ = 0;
};

parquet::Compression::type codec(const std::string &name) {
    if (name == "snappy") return parquet::Compression::SNAPPY;
    if (name == "zstd") return parquet::Compression::ZSTD;
    if (name == "gzip") return parquet::Compression::GZIP;
    if (name == "lz4") return parquet::Compression::LZ4;
    if (name == "brotli") return parquet::Compression::BROTLI;
    if (name == "none" || name == "uncompressed") return parquet::Compression::UNCOMPRESSED;
    throw Failure(CA_INVALID, "compression '" + name + "' is none of snappy, zstd, gzip, lz4, brotli, none");
}

}  // namespace

struct ca_writer {
    std::shared_ptr<StagingStream> stream;
    std::unique_ptr<parquet::arrow::FileWriter> writer;
    std::shared_ptr<arrow::Schema> schema;
    int64_t row_group_rows_max;
    int64_t row_group_bytes_max;
    int64_t rows = 0;
    int64_t group_rows = 0;
    int64_t group_bytes = 0;
};

extern "C" {

ca_source *ca_parquet_open(const char *path, ca_error *error) {
    return guarded<ca_source *>(error, nullptr, [&] { return new ca_source{std::make_unique<ParquetSource>(path)}; });
}

ca_writer *ca_parquet_create(
    const char *path, const ca_schema *schema, const ca_parquet_options *options, ca_error *error) {
    return guarded<ca_writer *>(error, nullptr, [&] {
        auto writer = std::make_unique<ca_writer>();
        parquet::WriterProperties::Builder properties;
        properties.compression(codec(options->compression));
        if (options->level != INT32_MIN) properties.compression_level(options->level);
        properties.max_row_group_length(options->row_group_rows_max);
        properties.version(parquet::ParquetVersion::PARQUET_2_6);
        parquet::ArrowWriterProperties::Builder arrow_properties;
        arrow_properties.store_schema();
        arrow_properties.set_use_threads(options->threads);
        writer->schema = schema->value;
        writer->row_group_rows_max = options->row_group_rows_max;
        writer->row_group_bytes_max = options->row_group_bytes_max;
        writer->stream = std::make_shared<StagingStream>(path);
        writer->writer = take(parquet::arrow::FileWriter::Open(
            *schema->value, arrow::default_memory_pool(), writer->stream, properties.build(),
            arrow_properties.build()));
        return writer.release();
    });
}

bool ca_parquet_write(ca_writer *writer, const ca_batch *batch, ca_error *error) {
    return guarded(error, false, [&] {
        const auto &value = batch->value;
        if (writer->group_rows > 0 && (writer->group_rows + value->num_rows() > writer->row_group_rows_max ||
                                       writer->group_bytes > writer->row_group_bytes_max)) {
            check(writer->writer->NewBufferedRowGroup());
            writer->group_rows = 0;
            writer->group_bytes = 0;
        }
        check(writer->writer->WriteRecordBatch(*value));
        writer->rows += value->num_rows();
        writer->group_rows += value->num_rows();
        writer->group_bytes += ca_batch_bytes(batch);
        return true;
    });
}

bool ca_parquet_finish(ca_writer *writer, int64_t *rows, int64_t *bytes, ca_error *error) {
    return guarded(error, false, [&] {
        check(writer->writer->Close());
        writer->stream->sync();
        *rows = writer->rows;
        *bytes = writer->stream->position();
        check(writer->stream->Close());
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
