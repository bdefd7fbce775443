// Arrow IPC streams in memory and files.

#include <arrow/buffer.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>

#include <atomic>
#include <cstring>

#include "Support.h"

using namespace casparian;

namespace {

/// Memory that belongs to the caller until nobody looks at it any more.
class ForeignBuffer : public arrow::Buffer {
   public:
    ForeignBuffer(const void *bytes, int64_t length, void (*release)(void *), void *context)
        : arrow::Buffer(static_cast<const uint8_t *>(bytes), length), release_(release), context_(context) {}
    ~ForeignBuffer() override { release_(context_); }

   private:
    void (*release_)(void *);
    void *context_;
};

class IPCSource : public Source {
   public:
    explicit IPCSource(const std::string &path) {
        auto file = take_read(arrow::io::ReadableFile::Open(path));
        // The file format begins with its magic; anything else is taken as a stream.
        auto magic = take_read(file->ReadAt(0, 6));
        check_read(file->Seek(0));
        if (magic->size() == 6 && std::memcmp(magic->data(), "ARROW1", 6) == 0) {
            reader_ = take_read(arrow::ipc::RecordBatchFileReader::Open(file));
            schema_ = reader_->schema();
        } else {
            stream_ = take_read(arrow::ipc::RecordBatchStreamReader::Open(file));
            schema_ = stream_->schema();
        }
    }
    std::shared_ptr<arrow::Schema> schema() override { return schema_; }
    std::shared_ptr<arrow::RecordBatch> next() override {
        if (cancelled_) throw Failure(CA_CANCELLED, "cancelled");
        std::shared_ptr<arrow::RecordBatch> batch;
        if (stream_) check_read(stream_->ReadNext(&batch));
        else if (index_ < reader_->num_record_batches()) batch = take_read(reader_->ReadRecordBatch(index_++));
        if (batch) check_read(batch->ValidateFull());
        return batch;
    }
    void cancel() override { cancelled_ = true; }

   private:
    std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader_;
    std::shared_ptr<arrow::RecordBatchReader> stream_;
    std::shared_ptr<arrow::Schema> schema_;
    int index_ = 0;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace

extern "C" {

bool ca_ipc_decode(
    const void *bytes, int64_t length, void (*release)(void *), void *context, ca_batch ***batches, int64_t *count,
    ca_error *error) {
    std::vector<ca_batch *> decoded;
    const bool done = guarded(error, false, [&] {
        auto buffer = std::make_shared<ForeignBuffer>(bytes, length, release, context);
        auto input = std::make_shared<arrow::io::BufferReader>(buffer);
        auto reader = take_read(arrow::ipc::RecordBatchStreamReader::Open(input));
        std::shared_ptr<arrow::RecordBatch> batch;
        while (true) {
            check_read(reader->ReadNext(&batch));
            if (!batch) break;
            check_read(batch->ValidateFull());
            decoded.push_back(wrap(std::move(batch)));
        }
        *count = static_cast<int64_t>(decoded.size());
        *batches = static_cast<ca_batch **>(std::malloc(sizeof(ca_batch *) * (decoded.size() + 1)));
        if (*batches == nullptr) throw std::bad_alloc();
        std::copy(decoded.begin(), decoded.end(), *batches);
        return true;
    });
    if (!done) {
        for (auto *batch : decoded) delete batch;
    }
    return done;
}

bool ca_ipc_encode(const ca_batch *batch, void **bytes, int64_t *length, ca_error *error) {
    return guarded(error, false, [&] {
        auto sink = take(arrow::io::BufferOutputStream::Create());
        auto writer = take(arrow::ipc::MakeStreamWriter(sink, batch->value->schema()));
        check(writer->WriteRecordBatch(*batch->value));
        check(writer->Close());
        auto buffer = take(sink->Finish());
        *bytes = std::malloc(buffer->size());
        if (*bytes == nullptr) throw std::bad_alloc();
        std::memcpy(*bytes, buffer->data(), buffer->size());
        *length = buffer->size();
        return true;
    });
}

ca_source *ca_ipc_open(const char *path, ca_error *error) {
    return guarded<ca_source *>(error, nullptr, [&] { return new ca_source{std::make_unique<IPCSource>(path)}; });
}

}
