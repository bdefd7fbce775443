#include "ByteStream.h"

#include <arrow/util/compression.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "ArchiveStream.h"
#include "Support.h"
#include "UTF16Decoder.h"

namespace casparian {

namespace {

bool ends_with(const std::string &text, const char *suffix) {
    const size_t length = std::strlen(suffix);
    return text.size() >= length && text.compare(text.size() - length, length, suffix) == 0;
}

/// Bytes read at once that nobody but the observer wants.
constexpr int64_t kRestBytes = 1 << 20;

}  // namespace

/// A file that shows an observer what is read from it.
class ObservedFile : public arrow::io::InputStream {
   public:
    ObservedFile(std::shared_ptr<arrow::io::InputStream> file, ca_observer observer)
        : file_(std::move(file)), observer_(observer) {}

    arrow::Result<int64_t> Read(int64_t capacity, void *into) override {
        ARROW_ASSIGN_OR_RAISE(const int64_t count, file_->Read(capacity, into));
        see(into, count);
        return count;
    }
    arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t capacity) override {
        ARROW_ASSIGN_OR_RAISE(auto buffer, file_->Read(capacity));
        see(buffer->data(), buffer->size());
        return buffer;
    }
    arrow::Status Close() override { return file_->Close(); }
    arrow::Result<int64_t> Tell() const override { return file_->Tell(); }
    bool closed() const override { return file_->closed(); }

   private:
    void see(const void *bytes, int64_t count) {
        if (count > 0) observer_.see(observer_.context, static_cast<const uint8_t *>(bytes), count);
    }
    std::shared_ptr<arrow::io::InputStream> file_;
    ca_observer observer_;
};

ByteStream::~ByteStream() = default;

ByteStream::ByteStream(const std::string &path, bool latin1, const ca_observer *observer)
    : path_(path), latin1_(latin1) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) throw Failure(CA_IO, std::strerror(errno));
    if (S_ISDIR(status.st_mode)) throw Failure(CA_IO, "is a folder, not a file");
    auto file = arrow::io::ReadableFile::Open(path);
    stream_ = take_read(std::move(file));
    if (observer != nullptr) {
        observed_ = std::make_shared<ObservedFile>(std::move(stream_), *observer);
        stream_ = observed_;
    }
    if (ends_with(path, ".xz")) stream_ = open_archive(path, stream_, ArchiveKind::xz);
    if (ends_with(path, ".zip")) stream_ = open_archive(path, stream_, ArchiveKind::zip);
    arrow::Compression::type type = arrow::Compression::UNCOMPRESSED;
    if (ends_with(path, ".gz")) type = arrow::Compression::GZIP;
    if (ends_with(path, ".zst")) type = arrow::Compression::ZSTD;
    if (ends_with(path, ".bz2")) type = arrow::Compression::BZ2;
    if (ends_with(path, ".lz4")) type = arrow::Compression::LZ4_FRAME;
    if (type != arrow::Compression::UNCOMPRESSED) {
        codec_ = take(arrow::util::Codec::Create(type));
        stream_ = take(arrow::io::CompressedInputStream::Make(codec_.get(), stream_));
    }
}

int64_t ByteStream::read_raw(char *into, int64_t capacity) {
    int64_t total = 0;
    while (total < capacity) {
        const int64_t count = take_read(stream_->Read(capacity - total, into + total));
        if (count == 0) {
            ended_ = true;
            break;
        }
        total += count;
    }
    return total;
}

void ByteStream::read_rest() {
    if (!observed_) return;
    std::vector<char> block(kRestBytes);
    while (take_read(observed_->Read(kRestBytes, block.data())) > 0) {
    }
}

int64_t ByteStream::read(char *into, int64_t capacity) {
    if (latin1_) {
        const int64_t count = read_raw(into, capacity / 2);
        const int64_t high = std::count_if(into, into + count, [](char c) { return c & 0x80; });
        char *to = into + count + high;
        for (const char *from = into + count; from != into && to != from;) {
            const auto byte = static_cast<unsigned char>(*--from);
            if (byte < 0x80) {
                *--to = static_cast<char>(byte);
            } else {
                *--to = static_cast<char>(0x80 | (byte & 0x3f));
                *--to = static_cast<char>(0xc0 | (byte >> 6));
            }
        }
        return count + high;
    }
    if (utf16_) return read_utf16(into, capacity);
    int64_t count = read_raw(into, capacity);
    if (at_start_) {
        at_start_ = false;
        const auto *bytes = reinterpret_cast<const unsigned char *>(into);
        if (count >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf) {
            std::memmove(into, into + 3, count - 3);
            count -= 3;
            count += read_raw(into + count, 3);
        } else if (count >= 2 && ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff))) {
            utf16_ = std::make_unique<UTF16Decoder>(bytes[0] == 0xfe);
            first_units_.assign(into + 2, into + count);
            return read_utf16(into, capacity);
        }
    }
    return count;
}

int64_t ByteStream::read_utf16(char *into, int64_t capacity) {
    // Two bytes become three at most, and a high surrogate may wait from before.
    const auto room = static_cast<size_t>(std::max<int64_t>((capacity - 4) / 3 * 2, 0));
    std::string units;
    int64_t written = 0;
    while (written == 0 && room > 0 && !(ended_ && first_units_.empty())) {
        if (first_units_.empty()) {
            units.resize(room);
            units.resize(read_raw(units.data(), room));
        } else {
            units = first_units_.substr(0, room);
            first_units_.erase(0, room);
        }
        written = utf16_->decode(units, into);
    }
    if (ended()) utf16_->finish();
    return written;
}

int64_t line_of(const std::string &path, bool latin1, int64_t offset) {
    ByteStream stream(path, latin1);
    std::vector<char> block(1 << 20);
    int64_t line = 1, position = 0;
    bool after_carriage_return = false;  // CRLF is one line end, CR alone is one too
    while (position < offset) {
        const int64_t count = stream.read(block.data(), block.size());
        if (count == 0) break;
        const int64_t end = std::min(count, offset - position);
        for (int64_t i = 0; i < end; ++i) {
            line += block[i] == '\r' || (block[i] == '\n' && !after_carriage_return);
            after_carriage_return = block[i] == '\r';
        }
        position += count;
    }
    return line;
}

}  // namespace casparian
