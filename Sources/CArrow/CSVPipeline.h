#pragma once
// Blocks of a CSV file, cut at record ends, worked on by several threads and handed out in order.

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ByteStream.h"
#include "CSVTypes.h"

namespace casparian::csv {

/// Bytes of whole records.
struct RawBlock {
    std::unique_ptr<char[]> bytes;
    int64_t capacity = 0;
    int64_t size = 0;
    /// Where in the file (decompressed) the first byte lies.
    int64_t offset = 0;
};

/// A record that is no row.
struct RejectedRecord {
    /// Of its first line in the block, from 0.
    int64_t line;
    std::string reason;
    std::string text;
};

/// What became of a block.
struct BlockResult {
    std::shared_ptr<arrow::RecordBatch> batch;
    std::vector<RejectedRecord> rejected;
    /// Line ends in it; counted where records may be rejected.
    int64_t lines = 0;
};

/// Cuts a stream into blocks of whole records.
class BlockReader {
   public:
    /// Longest record, in bytes: an unclosed quote would otherwise take the whole file into memory.
    static constexpr int64_t kRecordBytesMax = int64_t{256} << 20;

    BlockReader(ByteStream &stream, const Dialect &dialect, int64_t block_bytes)
        : stream_(stream), dialect_(dialect), block_bytes_(block_bytes) {}

    /// Fills `block`; false at the end of the file.
    bool next(RawBlock &block);
    bool at_end() const { return at_end_; }
    /// Puts bytes back in front of what comes next.
    void push_front(const char *bytes, int64_t size, int64_t offset);
    void set_dialect(const Dialect &dialect) { dialect_ = dialect; }

   private:
    ByteStream &stream_;
    Dialect dialect_;
    int64_t block_bytes_;
    std::vector<char> carry_;
    int64_t offset_ = 0;
    bool at_end_ = false;
};

/// Runs `work` on every block on several threads; results come out in the order of the blocks.
class Pipeline {
   public:
    using Result = std::shared_ptr<BlockResult>;
    using Work = std::function<Result(const RawBlock &, Tokens &)>;

    Pipeline(BlockReader &reader, int threads, Work work);
    ~Pipeline();
    /// The next result; `ended` is set after the last. Throws what `work` or the reader threw, in order.
    Result next(bool &ended);
    /// Whoever waits gets CA_CANCELLED.
    void cancel();
    /// Ends the work; the results are dropped.
    void stop();

   private:
    enum class State { empty, filled, working, done, failed };
    struct Slot {
        State state = State::empty;
        RawBlock block;
        Result result;
        std::exception_ptr failure;
    };

    void read_blocks();
    void work_blocks();

    BlockReader &reader_;
    Work work_;
    std::vector<Slot> slots_;
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable slot_free_, slot_filled_, slot_done_;
    int64_t read_ = 0;     // blocks read
    int64_t taken_ = 0;    // blocks taken by workers
    int64_t handed_ = 0;   // results handed out
    bool reader_ended_ = false;
    bool stopped_ = false;
    bool cancelled_ = false;
};

}  // namespace casparian::csv
