#include "ParallelColumns.h"

#include <arrow/util/thread_pool.h>
#include <parquet/column_writer.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>

#include "Support.h"

namespace casparian {

namespace {

/// Bytes queued at which the caller waits (and helps).
constexpr int64_t kQueuedBytesMax = 16 << 20;
/// Bytes below which other threads are not worth waking.
constexpr int64_t kWorthThreadsBytes = 256 << 10;

}  // namespace

/// Shared with tasks in the thread pool, which may start after the writer is gone.
class ParallelColumns::State : public std::enable_shared_from_this<State> {
   public:
    State(
        std::shared_ptr<arrow::Schema> schema, std::shared_ptr<parquet::ArrowWriterProperties> properties, bool threads)
        : schema_(std::move(schema)), properties_(std::move(properties)), threads_(threads) {
        for (int i = 0; i < schema_->num_fields(); ++i) columns_.emplace_back(properties_.get());
    }

    void begin(parquet::RowGroupWriter *group) {
        std::lock_guard lock(mutex_);
        group_ = group;
    }

    void add(std::shared_ptr<arrow::RecordBatch> batch, int64_t bytes) {
        std::unique_lock lock(mutex_);
        if (failure_) std::rethrow_exception(failure_);
        queue_.push_back({std::move(batch), bytes, static_cast<int>(columns_.size())});
        queued_bytes_ += bytes;
        if (threads_ && queued_bytes_ >= kWorthThreadsBytes) spawn();
        while (queued_bytes_ > kQueuedBytesMax && !failure_) help_or_wait(lock);
        if (failure_) std::rethrow_exception(failure_);
    }

    void drain() {
        std::unique_lock lock(mutex_);
        if (threads_ && queued_bytes_ >= kWorthThreadsBytes) spawn();
        while (!queue_.empty() && !failure_) help_or_wait(lock);
        if (failure_) std::rethrow_exception(failure_);
    }

    void close() {
        std::unique_lock lock(mutex_);
        closed_ = true;
        progressed_.wait(lock, [&] { return running_ == 0; });
        queue_.clear();
    }

   private:
    struct Column {
        explicit Column(parquet::ArrowWriterProperties *properties)
            : context(memory(), properties) {}
        int64_t next = 0;  // number of the batch to encode next
        bool is_running = false;
        bool is_spawned = false;
        std::vector<int16_t> levels;
        parquet::ArrowWriteContext context;
    };
    struct Item {
        std::shared_ptr<arrow::RecordBatch> batch;
        int64_t bytes;
        int columns_left;
    };

    bool has_work(const Column &column) const {
        return column.next < first_ + static_cast<int64_t>(queue_.size());
    }

    void spawn() {
        for (size_t i = 0; i < columns_.size(); ++i) {
            Column &column = columns_[i];
            if (column.is_spawned || column.is_running || !has_work(column)) continue;
            auto task = [self = shared_from_this(), i] {
                std::unique_lock lock(self->mutex_);
                self->columns_[i].is_spawned = false;
                self->run(i, lock);
            };
            // Without a thread for it, the caller encodes the column when it waits.
            column.is_spawned = arrow::internal::GetCpuThreadPool()->Spawn(std::move(task)).ok();
        }
    }

    /// Encodes the column that is furthest behind, or waits for those who do.
    void help_or_wait(std::unique_lock<std::mutex> &lock) {
        size_t furthest = columns_.size();
        for (size_t i = 0; i < columns_.size(); ++i) {
            if (columns_[i].is_running || !has_work(columns_[i])) continue;
            if (furthest == columns_.size() || columns_[i].next < columns_[furthest].next) furthest = i;
        }
        if (furthest < columns_.size()) run(furthest, lock);
        else progressed_.wait(lock);
    }

    /// Encodes what is queued for a column. Holds the lock on entry and on return, not in between.
    void run(size_t index, std::unique_lock<std::mutex> &lock) {
        Column &column = columns_[index];
        if (column.is_running) return;
        column.is_running = true;
        ++running_;
        while (has_work(column) && !failure_ && !closed_) {
            const auto batch = queue_[column.next - first_].batch;
            lock.unlock();
            std::exception_ptr failure;
            try {
                encode(*batch, static_cast<int>(index));
            } catch (...) {
                failure = std::current_exception();
            }
            lock.lock();
            if (failure) {
                failure_ = failure;
                break;
            }
            --queue_[column.next++ - first_].columns_left;
            while (!queue_.empty() && queue_.front().columns_left == 0) {
                queued_bytes_ -= queue_.front().bytes;
                queue_.pop_front();
                ++first_;
                progressed_.notify_all();
            }
        }
        column.is_running = false;
        --running_;
        progressed_.notify_all();
    }

    void encode(const arrow::RecordBatch &batch, int index) {
        const auto &array = *batch.column(index);
        const auto &field = *schema_->field(index);
        auto &levels = columns_[index].levels;
        if (field.nullable()) {
            levels.assign(array.length(), 1);
            if (array.null_count() > 0) {
                for (int64_t i = 0; i < array.length(); ++i) levels[i] = array.IsValid(i);
            }
        } else if (array.null_count() > 0) {
            throw Failure(CA_INVALID, "column '" + field.name() + "' is declared not null and holds nulls");
        }
        check(group_->column(index)->WriteArrow(
            field.nullable() ? levels.data() : nullptr, nullptr, array.length(), array, &columns_[index].context,
            field.nullable()));
    }

    const std::shared_ptr<arrow::Schema> schema_;
    const std::shared_ptr<parquet::ArrowWriterProperties> properties_;
    const bool threads_;
    parquet::RowGroupWriter *group_ = nullptr;
    std::mutex mutex_;
    std::condition_variable progressed_;
    std::deque<Column> columns_;
    std::deque<Item> queue_;
    int64_t first_ = 0;  // number of the batch at the queue's front
    int64_t queued_bytes_ = 0;
    int running_ = 0;
    bool closed_ = false;
    std::exception_ptr failure_;
};

bool ParallelColumns::can_write(const arrow::Schema &schema) {
    for (const auto &field : schema.fields()) {
        const auto *type = field->type().get();
        if (type->id() == arrow::Type::DICTIONARY) {
            type = static_cast<const arrow::DictionaryType *>(type)->value_type().get();
        }
        if (type->num_fields() > 0 || type->id() == arrow::Type::EXTENSION) return false;
    }
    return true;
}

ParallelColumns::ParallelColumns(
    parquet::ParquetFileWriter &file, std::shared_ptr<arrow::Schema> schema,
    std::shared_ptr<parquet::ArrowWriterProperties> properties, bool threads)
    : file_(file), state_(std::make_shared<State>(std::move(schema), std::move(properties), threads)) {}

ParallelColumns::~ParallelColumns() { state_->close(); }

void ParallelColumns::add(std::shared_ptr<arrow::RecordBatch> batch, int64_t bytes) {
    if (group_ == nullptr) {
        group_ = file_.AppendBufferedRowGroup();
        state_->begin(group_);
    }
    state_->add(std::move(batch), bytes);
}

void ParallelColumns::end_group() {
    if (group_ == nullptr) return;
    state_->drain();
    group_->Close();
    group_ = nullptr;
}

}  // namespace casparian
