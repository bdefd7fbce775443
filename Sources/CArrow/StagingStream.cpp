#include "StagingStream.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "Support.h"

namespace casparian {

namespace {

/// Dirty bytes after which the kernel is asked to begin writing.
constexpr int64_t kWritebackBytes = 8 << 20;

}  // namespace

StagingStream::StagingStream(const std::string &path) : path_(path) {
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (descriptor_ < 0) throw Failure(CA_IO, std::strerror(errno));
}

StagingStream::~StagingStream() { (void)StagingStream::Close(); }

arrow::Status StagingStream::Close() {
    release();
    closed_ = true;
    return arrow::Status::OK();
}

void StagingStream::release() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

void StagingStream::reopen() {
    if (descriptor_ >= 0) return;
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor_ < 0) throw Failure(CA_IO, std::strerror(errno));
}

arrow::Status StagingStream::Write(const void *data, int64_t length) {
    if (closed_) return arrow::Status::Invalid("the file is closed");
    reopen();
    const char *bytes = static_cast<const char *>(data);
    while (length > 0) {
        const ssize_t count = ::write(descriptor_, bytes, length);
        if (count < 0) {
            if (errno == EINTR) continue;
            return arrow::Status::IOError(std::strerror(errno));
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

void StagingStream::sync() {
    reopen();
    if (::fsync(descriptor_) != 0) throw Failure(CA_IO, std::string("fsync: ") + std::strerror(errno));
}

}  // namespace casparian
