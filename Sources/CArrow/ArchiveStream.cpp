#include "ArchiveStream.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "Support.h"

namespace casparian {

namespace {

constexpr size_t kBlockBytes = 1 << 18;
/// Names in a message.
constexpr size_t kNamesMax = 5;

struct Closing {
    void operator()(archive *reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, Closing>;

std::string reason(archive *reader) {
    const char *text = archive_error_string(reader);
    return text != nullptr ? text : "it is no archive";
}

Reader make_reader(ArchiveKind kind) {
    Reader reader(archive_read_new());
    if (!reader) throw Failure(CA_IO, "no memory to unpack with");
    if (kind == ArchiveKind::xz) {
        archive_read_support_filter_xz(reader.get());
        archive_read_support_format_raw(reader.get());
        archive_read_support_format_empty(reader.get());
    } else {
        archive_read_support_format_zip(reader.get());
    }
    return reader;
}

/// What somebody put into a zip, without what a Mac adds.
bool is_content(archive_entry *entry) {
    if (archive_entry_filetype(entry) != AE_IFREG) return false;
    const char *name = archive_entry_pathname(entry);
    return name == nullptr || std::strncmp(name, "__MACOSX/", 9) != 0;
}

/// Which file of a zip is meant, by its directory.
void require_one_file(const std::string &path) {
    const Reader reader = make_reader(ArchiveKind::zip);
    if (archive_read_open_filename(reader.get(), path.c_str(), kBlockBytes) != ARCHIVE_OK) {
        throw Failure(CA_MALFORMED, "cannot be unpacked: " + reason(reader.get()));
    }
    std::vector<std::string> names;
    archive_entry *entry;
    int result;
    while ((result = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
        if (is_content(entry)) names.push_back(archive_entry_pathname(entry) ? archive_entry_pathname(entry) : "?");
    }
    if (result != ARCHIVE_EOF) throw Failure(CA_MALFORMED, "cannot be unpacked: " + reason(reader.get()));
    if (names.empty()) throw Failure(CA_MALFORMED, "holds no file");
    if (names.size() == 1) return;
    std::string list;
    for (size_t i = 0; i < std::min(names.size(), kNamesMax); ++i) list += (i ? ", " : "") + names[i];
    throw Failure(CA_MALFORMED, "holds " + std::to_string(names.size()) + " files (" + list +
        (names.size() > kNamesMax ? ", ..." : "") + "); unpack it, so that each is a file of its own");
}

class ArchiveStream : public arrow::io::InputStream {
   public:
    ArchiveStream(std::shared_ptr<arrow::io::InputStream> file, ArchiveKind kind)
        : file_(std::move(file)), block_(kBlockBytes), reader_(make_reader(kind)) {
        const auto read = [](archive *, void *context, const void **bytes) -> la_ssize_t {
            auto &self = *static_cast<ArchiveStream *>(context);
            auto count = self.file_->Read(static_cast<int64_t>(kBlockBytes), self.block_.data());
            if (!count.ok()) {
                self.failure_ = count.status();
                return ARCHIVE_FATAL;
            }
            *bytes = self.block_.data();
            return *count;
        };
        if (archive_read_open(reader_.get(), this, nullptr, read, nullptr) != ARCHIVE_OK) {
            throw Failure(CA_MALFORMED, "cannot be unpacked: " + reason(reader_.get()));
        }
        archive_entry *entry;
        int result;
        do result = archive_read_next_header(reader_.get(), &entry);
        while (result == ARCHIVE_OK && kind == ArchiveKind::zip && !is_content(entry));
        // An empty file has no content, compressed or not.
        ended_ = result == ARCHIVE_EOF;
        if (result != ARCHIVE_OK && !ended_) throw Failure(CA_MALFORMED, "cannot be unpacked: " + reason(reader_.get()));
    }

    arrow::Result<int64_t> Read(int64_t capacity, void *into) override {
        if (ended_) return 0;
        const la_ssize_t count = archive_read_data(reader_.get(), into, static_cast<size_t>(capacity));
        if (!failure_.ok()) return failure_;
        if (count < 0) return arrow::Status::Invalid("cannot be unpacked: ", reason(reader_.get()));
        position_ += count;
        return count;
    }
    arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t capacity) override {
        ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(capacity, memory()));
        ARROW_ASSIGN_OR_RAISE(const int64_t count, Read(capacity, buffer->mutable_data()));
        ARROW_RETURN_NOT_OK(buffer->Resize(count));
        return std::shared_ptr<arrow::Buffer>(std::move(buffer));
    }
    arrow::Status Close() override { return file_->Close(); }
    arrow::Result<int64_t> Tell() const override { return position_; }
    bool closed() const override { return file_->closed(); }

   private:
    std::shared_ptr<arrow::io::InputStream> file_;
    std::vector<char> block_;
    arrow::Status failure_;
    int64_t position_ = 0;
    bool ended_ = false;
    Reader reader_;
};

}  // namespace

std::shared_ptr<arrow::io::InputStream> open_archive(
    const std::string &path, std::shared_ptr<arrow::io::InputStream> file, ArchiveKind kind) {
    if (kind == ArchiveKind::zip) require_one_file(path);
    return std::make_shared<ArchiveStream>(std::move(file), kind);
}

}  // namespace casparian
