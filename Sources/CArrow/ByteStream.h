#pragma once
#include <arrow/io/api.h>
#include <arrow/util/compression.h>

#include <memory>
#include <string>

namespace casparian {

/// A file's bytes from its beginning, decompressed if its name ends in .gz, .zst, .bz2 or .lz4; a UTF-8 byte order
/// mark is dropped.
class ByteStream {
   public:
    /// `latin1`: bytes are ISO 8859-1 and come out as UTF-8.
    ByteStream(const std::string &path, bool latin1);
    /// Fills up to `capacity` bytes; fewer only at the end of the file.
    int64_t read(char *into, int64_t capacity);
    /// Nothing comes after what was read.
    bool ended() const { return ended_; }
    const std::string &path() const { return path_; }

   private:
    int64_t read_raw(char *into, int64_t capacity);
    std::string path_;
    bool latin1_;
    bool at_start_ = true;
    bool ended_ = false;
    std::unique_ptr<arrow::util::Codec> codec_;
    std::shared_ptr<arrow::io::InputStream> stream_;
};

/// The 1-based number of the line that the byte at `offset` (counted after decompression) is on. Reads the file again.
int64_t line_of(const std::string &path, bool latin1, int64_t offset);

}  // namespace casparian
