// Plain text, one row a line.

#include <arrow/builder.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>

#include "ByteStream.h"
#include "Support.h"

using namespace casparian;

namespace {

constexpr int64_t kReadBytes = 1 << 20;
constexpr int64_t kLineBytesMax = int64_t{256} << 20;

class LinesSource : public Source {
   public:
    LinesSource(const std::string &path, bool latin1, const ca_observer *observer)
        : stream_(path, latin1, observer),
          schema_(arrow::schema({arrow::field("line_number", arrow::int64(), false), arrow::field("line", arrow::utf8())})) {
        arrow::util::InitializeUTF8();
    }

    std::shared_ptr<arrow::Schema> schema() override { return schema_; }

    std::shared_ptr<arrow::RecordBatch> next() override {
        if (cancelled_) throw Failure(CA_CANCELLED, "cancelled");
        const char *end = nullptr;
        while (true) {
            if (!ended_) {
                make_room();
                size_ += stream_.read(buffer_.get() + size_, kReadBytes);
                ended_ = stream_.ended();
            }
            if (size_ == 0) return nullptr;
            if (ended_) {
                end = buffer_.get() + size_;
                break;
            }
            end = static_cast<const char *>(memrchr(buffer_.get(), '\n', size_));
            if (end != nullptr) {
                ++end;
                break;
            }
            if (size_ > kLineBytesMax) {
                throw Failure(CA_MALFORMED, "a line is longer than 256 MiB", number_ + 1);
            }
        }
        auto batch = rows(end);
        size_ -= end - buffer_.get();
        std::memmove(buffer_.get(), end, size_);
        return batch;
    }

    void read_rest() override { stream_.read_rest(); }

    void cancel() override { cancelled_ = true; }

   private:
    // For one more read. Not cleared: a small file touches only the pages that it fills.
    void make_room() {
        if (capacity_ - size_ >= kReadBytes) return;
        const int64_t capacity = std::max(2 * capacity_, size_ + kReadBytes);
        std::unique_ptr<char[]> larger(new char[capacity]);
        if (size_ > 0) std::memcpy(larger.get(), buffer_.get(), size_);
        buffer_ = std::move(larger);
        capacity_ = capacity;
    }

    std::shared_ptr<arrow::RecordBatch> rows(const char *end) {
        arrow::Int64Builder numbers(memory());
        arrow::StringBuilder lines(memory());
        for (const char *at = buffer_.get(); at < end;) {
            const char *stop = static_cast<const char *>(std::memchr(at, '\n', end - at));
            const char *line_end = stop ? stop : end;
            const char *after = stop ? stop + 1 : end;
            if (line_end > at && line_end[-1] == '\r') --line_end;
            ++number_;
            if (!arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t *>(at), line_end - at)) {
                throw Failure(CA_MALFORMED,
                    "bytes that are not UTF-8; set the parameter \"encoding\" to \"latin1\" if that is what they are", number_);
            }
            check(numbers.Append(number_));
            check(lines.Append(at, static_cast<int32_t>(line_end - at)));
            at = after;
        }
        std::shared_ptr<arrow::Array> first, second;
        check(numbers.Finish(&first));
        check(lines.Finish(&second));
        const int64_t count = first->length();
        return arrow::RecordBatch::Make(schema_, count, {first, second});
    }

    ByteStream stream_;
    std::shared_ptr<arrow::Schema> schema_;
    std::unique_ptr<char[]> buffer_;
    int64_t size_ = 0, capacity_ = 0;
    int64_t number_ = 0;
    bool ended_ = false;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace

extern "C" ca_source *ca_lines_open(const char *path, bool latin1, const ca_observer *observer, ca_error *error) {
    return guarded<ca_source *>(error, nullptr, [&] {
        return new ca_source{std::make_unique<LinesSource>(path, latin1, observer)};
    });
}
