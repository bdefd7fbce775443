#pragma once
#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <string>

namespace casparian {

/// A new file that hands its pages to the disk as it grows, so that the last fsync finds little left to do.
class StagingStream : public arrow::io::OutputStream {
   public:
    /// Creates or empties the file.
    explicit StagingStream(const std::string &path);
    ~StagingStream() override;
    arrow::Status Close() override;
    bool closed() const override { return closed_; }
    arrow::Result<int64_t> Tell() const override { return position_; }
    arrow::Status Write(const void *data, int64_t length) override;
    arrow::Status Flush() override { return arrow::Status::OK(); }
    using arrow::io::OutputStream::Write;

    /// Waits until the bytes are on the disk.
    void sync();
    /// Lets go of the descriptor until the next write: there may be more such files than a process can hold open.
    void release();
    int descriptor() const { return descriptor_; }
    int64_t position() const { return position_; }

   private:
    void reopen();

    std::string path_;
    int descriptor_ = -1;
    bool closed_ = false;
    int64_t position_ = 0;
    int64_t flushed_ = 0;
};

}  // namespace casparian
