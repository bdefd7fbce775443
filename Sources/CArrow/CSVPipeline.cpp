#include "CSVPipeline.h"

#include <algorithm>
#include <system_error>

#include "Support.h"

namespace casparian::csv {

void BlockReader::push_front(const char *bytes, int64_t size, int64_t offset) {
    carry_.insert(carry_.begin(), bytes, bytes + size);
    offset_ = offset;
}

bool BlockReader::next(RawBlock &block) {
    int64_t wanted = block_bytes_;
    while (true) {
        if (wanted < static_cast<int64_t>(carry_.size()) + block_bytes_ / 2) wanted = carry_.size() + block_bytes_;
        if (block.capacity < wanted) {
            block.bytes = std::make_unique_for_overwrite<char[]>(wanted);
            block.capacity = wanted;
        }
        std::copy(carry_.begin(), carry_.end(), block.bytes.get());
        int64_t size = carry_.size();
        if (!at_end_) {
            size += stream_.read(block.bytes.get() + size, wanted - size);
            at_end_ = stream_.ended();
        }
        if (size == 0) return false;
        const int64_t whole = at_end_ ? size : last_record_end(block.bytes.get(), size, dialect_);
        if (whole == 0) {
            if (size > kRecordBytesMax) {
                throw Failure(CA_MALFORMED, "a record is longer than 256 MiB; is a quote never closed?",
                    line_of(stream_.path(), false, offset_));
            }
            carry_.assign(block.bytes.get(), block.bytes.get() + size);
            wanted = size * 2;
            continue;
        }
        carry_.assign(block.bytes.get() + whole, block.bytes.get() + size);
        block.size = whole;
        block.offset = offset_;
        offset_ += whole;
        return true;
    }
}

Pipeline::Pipeline(BlockReader &reader, int threads, Work work) : reader_(reader), work_(std::move(work)) {
    slots_.resize(2 * threads + 2);
    try {
        threads_.emplace_back([this] { read_blocks(); });
        for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work_blocks(); });
    } catch (const std::system_error &error) {
        stop();
        throw Failure(CA_IO, std::string("no thread to read with: ") + error.what());
    }
}

Pipeline::~Pipeline() { stop(); }

void Pipeline::stop() {
    {
        std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    slot_free_.notify_all();
    slot_filled_.notify_all();
    for (auto &thread : threads_) thread.join();
    threads_.clear();
}

void Pipeline::cancel() {
    {
        std::lock_guard lock(mutex_);
        cancelled_ = stopped_ = true;
    }
    slot_free_.notify_all();
    slot_filled_.notify_all();
    slot_done_.notify_all();
}

void Pipeline::read_blocks() {
    while (true) {
        Slot *slot;
        {
            std::unique_lock lock(mutex_);
            slot_free_.wait(lock, [&] { return stopped_ || slots_[read_ % slots_.size()].state == State::empty; });
            if (stopped_) return;
            slot = &slots_[read_ % slots_.size()];
        }
        bool more = false;
        std::exception_ptr failure;
        try {
            more = reader_.next(slot->block);
        } catch (...) {
            failure = std::current_exception();
        }
        std::lock_guard lock(mutex_);
        if (failure) {
            slot->state = State::failed;
            slot->failure = failure;
            ++read_;
        } else if (more) {
            slot->state = State::filled;
            ++read_;
        }
        if (!more) reader_ended_ = true;
        slot_filled_.notify_all();
        slot_done_.notify_all();
        if (!more) return;
    }
}

void Pipeline::work_blocks() {
    Tokens tokens;
    while (true) {
        Slot *slot;
        {
            std::unique_lock lock(mutex_);
            const auto waiting = [&] {
                while (taken_ < read_ && slots_[taken_ % slots_.size()].state == State::failed) ++taken_;
                return taken_ < read_ && slots_[taken_ % slots_.size()].state == State::filled;
            };
            slot_filled_.wait(lock, [&] { return stopped_ || waiting() || reader_ended_; });
            if (stopped_ || !waiting()) return;
            slot = &slots_[taken_++ % slots_.size()];
            slot->state = State::working;
        }
        Result result;
        std::exception_ptr failure;
        try {
            tokens.fields.clear();
            tokens.rows = 0;
            tokens.bad.clear();
            result = work_(slot->block, tokens);
        } catch (...) {
            failure = std::current_exception();
        }
        std::lock_guard lock(mutex_);
        slot->result = std::move(result);
        slot->failure = failure;
        slot->state = failure ? State::failed : State::done;
        slot_done_.notify_all();
    }
}

Pipeline::Result Pipeline::next(bool &ended) {
    std::unique_lock lock(mutex_);
    Slot &slot = slots_[handed_ % slots_.size()];
    const auto ready = [&] { return slot.state == State::done || slot.state == State::failed; };
    slot_done_.wait(lock, [&] { return cancelled_ || ready() || (reader_ended_ && handed_ == read_); });
    if (cancelled_) throw Failure(CA_CANCELLED, "cancelled");
    if (!ready()) {
        ended = true;
        return nullptr;
    }
    if (slot.state == State::failed) std::rethrow_exception(slot.failure);
    ++handed_;
    slot.state = State::empty;
    Result result = std::move(slot.result);
    lock.unlock();
    slot_free_.notify_one();
    return result;
}

}  // namespace casparian::csv
