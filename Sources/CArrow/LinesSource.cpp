// Plain text, one row a line.

#include <arrow/builder.h>
#include <arrow/util/utf8.h>

#include <atomic>
#include <cstring>

#include "ByteStream.h"
#include "Support.h"

using namespace casparian;

namespace {

constexpr int64_t kReadBytes = 1 << 20;
constexpr int64_t kLineBytesMax = int64_t{256} << 20;

class LinesSource : public Source {
   public:
    LinesSource(const std::string &path, bool latin1)
        : stream_(path, latin1),
          schema_(arrow::schema({arrow::field("line_number", arrow::int64(), false), arrow::field("line", arrow::utf8())})) {
        arrow::util::InitializeUTF8();
    }

    std::shared_ptr<arrow::Schema> schema() override { return schema_; }

    std::shared_ptr<arrow::RecordBatch> next() override {
        if (cancelled_) throw Failure(CA_CANCELLED, "cancelled");
        const char *end = nullptr;
        while (true) {
            if (!ended_) {
                const size_t size = buffer_.size();
                buffer_.resize(size + kReadBytes);
                const int64_t count = stream_.read(buffer_.data() + size, kReadBytes);
                buffer_.resize(size + count);
                ended_ = stream_.ended();
            }
            if (buffer_.empty()) return nullptr;
            if (ended_) {
                end = buffer_.data() + buffer_.size();
                break;
            }
            end = static_cast<const char *>(memrchr(buffer_.data(), '\n', buffer_.size()));
            if (end != nullptr) {
                ++end;
                break;
            }
            if (static_cast<int64_t>(buffer_.size()) > kLineBytesMax) {
                throw Failure(CA_MALFORMED, "a line is longer than 256 MiB", number_ + 1);
            }
        }
        auto batch = rows(end);
        buffer_.erase(0, end - buffer_.data());
        return batch;
    }

    void cancel() override { cancelled_ = true; }

   private:
    std::shared_ptr<arrow::RecordBatch> rows(const char *end) {
        arrow::Int64Builder numbers(memory());
        arrow::StringBuilder lines(memory());
        for (const char *at = buffer_.data(); at < end;) {
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
    std::string buffer_;
    int64_t number_ = 0;
    bool ended_ = false;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace

extern "C" ca_source *ca_lines_open(const char *path, bool latin1, ca_error *error) {
    return guarded<ca_source *>(error, nullptr, [&] { return new ca_source{std::make_unique<LinesSource>(path, latin1)}; });
}
