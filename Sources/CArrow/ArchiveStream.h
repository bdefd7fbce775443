#pragma once
// What lies compressed in a file that Arrow's codecs do not know: xz, and zip with one file in it. By libarchive.

#include <arrow/io/api.h>

#include <memory>
#include <string>

namespace casparian {

enum class ArchiveKind { xz, zip };

/// The bytes inside; `file` is read from its beginning to its end. Throws `Failure` for a zip that holds no file or several.
std::shared_ptr<arrow::io::InputStream> open_archive(
    const std::string &path, std::shared_ptr<arrow::io::InputStream> file, ArchiveKind kind);

}  // namespace casparian
