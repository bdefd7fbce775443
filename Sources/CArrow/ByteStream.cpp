#include "ByteStream.h"

#include <arrow/util/compression.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "Support.h"

namespace casparian {

namespace {

bool ends_with(const std::string &text, const char *suffix) {
    const size_t length = std::strlen(suffix);
    return text.size() >= length && text.compare(text.size() - length, length, suffix) == 0;
}

}  // namespace

ByteStream::ByteStream(const std::string &path, bool latin1) : path_(path), latin1_(latin1) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) throw Failure(CA_IO, std::strerror(errno));
    if (S_ISDIR(status.st_mode)) throw Failure(CA_IO, "is a folder, not a file");
    auto file = arrow::io::ReadableFile::Open(path);
    if (!file.ok()) throw Failure(CA_IO, file.status().message());
    stream_ = *file;
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
        auto count = stream_->Read(capacity - total, into + total);
        if (!count.ok()) throw Failure(CA_IO, count.status().message());
        if (*count == 0) {
            ended_ = true;
            break;
        }
        total += *count;
    }
    return total;
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
    int64_t count = read_raw(into, capacity);
    if (at_start_) {
        at_start_ = false;
        const auto *bytes = reinterpret_cast<const unsigned char *>(into);
        if (count >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf) {
            std::memmove(into, into + 3, count - 3);
            count -= 3;
            count += read_raw(into + count, 3);
        } else if (count >= 2 && ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff))) {
            throw Failure(CA_MALFORMED, "the file is UTF-16; convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)", 1);
        }
    }
    return count;
}

int64_t line_of(const std::string &path, bool latin1, int64_t offset) {
    ByteStream stream(path, latin1);
    std::vector<char> block(1 << 20);
    int64_t line = 1, position = 0;
    while (position < offset) {
        const int64_t count = stream.read(block.data(), block.size());
        if (count == 0) break;
        line += std::count(block.begin(), block.begin() + std::min(count, offset - position), '\n');
        position += count;
    }
    return line;
}

}  // namespace casparian
