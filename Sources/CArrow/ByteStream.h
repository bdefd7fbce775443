#pragma once
#include <arrow/io/api.h>
#include <arrow/util/compression.h>

#include <memory>
#include <string>

#include "CArrow.h"

namespace casparian {

class ObservedFile;
class UTF16Decoder;

/// A file's bytes from its beginning, decompressed if its name ends in .gz, .zst, .bz2, .lz4, .xz or .zip (with one file in
/// it); a UTF-8 byte order mark is dropped, and UTF-16 that begins with one comes out as UTF-8.
class ByteStream {
   public:
    /// `latin1`: bytes are ISO 8859-1 and come out as UTF-8. `observer` NULL: none.
    ByteStream(const std::string &path, bool latin1, const ca_observer *observer = nullptr);
    ~ByteStream();
    /// Fills up to `capacity` bytes; fewer only at the end of the file.
    int64_t read(char *into, int64_t capacity);
    /// Nothing comes after what was read.
    bool ended() const { return ended_ && first_units_.empty(); }
    /// Shows the observer what was not read: bytes behind the end of what is compressed, say.
    void read_rest();
    const std::string &path() const { return path_; }

   private:
    int64_t read_raw(char *into, int64_t capacity);
    int64_t read_utf16(char *into, int64_t capacity);
    std::string path_;
    bool latin1_;
    bool at_start_ = true;
    bool ended_ = false;
    std::unique_ptr<UTF16Decoder> utf16_;
    std::string first_units_;  // read before it was known that they are UTF-16
    std::unique_ptr<arrow::util::Codec> codec_;
    std::shared_ptr<ObservedFile> observed_;  // null without observer
    std::shared_ptr<arrow::io::InputStream> stream_;
};

/// The 1-based number of the line that the byte at `offset` (counted after decompression) is on. Reads the file again.
int64_t line_of(const std::string &path, bool latin1, int64_t offset);

}  // namespace casparian
