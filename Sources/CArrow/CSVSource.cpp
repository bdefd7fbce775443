// CSV as a stream of batches: header, delimiter and types from the first block, the rest in parallel.

#include <arrow/builder.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>

#include "CSVHeader.h"
#include "CSVPipeline.h"
#include "CellText.h"
#include "Support.h"

using namespace casparian;
using namespace casparian::csv;

namespace {

constexpr int64_t kBlockBytes = 2 << 20;
constexpr int64_t kBlockBytesMin = 16;
constexpr int64_t kBlockBytesMax = 64 << 20;
constexpr int kThreadsMax = 16;
constexpr int64_t kAllRows = INT64_MAX;
/// Rejected records that are held until they are asked for.
constexpr size_t kRejectedMax = 10000;

std::string_view without_line_end(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

/// Line ends, however they are written: LF, else CR.
class LineCounter {
   public:
    LineCounter(const char *bytes, int64_t size)
        : bytes_(bytes), end_(std::memchr(bytes, '\n', size) != nullptr ? '\n' : '\r') {}
    int64_t count(int64_t from, int64_t to) const { return std::count(bytes_ + from, bytes_ + to, end_); }

   private:
    const char *bytes_;
    char end_;
};

struct Settings {
    std::string path;
    Dialect dialect;
    bool finds_delimiter;
    bool has_header;
    bool latin1;
    BadRecords bad;
    bool decimal_comma;
    int threads;
    int64_t block_bytes;
    std::map<std::string, Kind> types;
    std::vector<std::string> nulls;
};

class CSVSource : public Source {
   public:
    CSVSource(Settings settings, const ca_observer *observer)
        : settings_(std::move(settings)),
          stream_(settings_.path, settings_.latin1, observer),
          reader_(stream_, settings_.dialect, settings_.block_bytes) {
        start();
    }

    std::shared_ptr<arrow::Schema> schema() override { return schema_; }

    std::shared_ptr<arrow::RecordBatch> next() override {
        if (cancelled_) throw Failure(CA_CANCELLED, "cancelled");
        if (failure_) std::rethrow_exception(failure_);
        try {
            return next_batch();
        } catch (Failure &failure) {
            if (failure.code == CA_TYPE_CONFLICT) failure.types = wider_types();
            failure_ = std::current_exception();
            throw;
        }
    }

    std::shared_ptr<arrow::RecordBatch> take_rejected() override {
        if (rejected_.empty()) return nullptr;
        arrow::Int64Builder lines(memory());
        arrow::StringBuilder reasons(memory()), raws(memory());
        for (const auto &record : rejected_) {
            check(lines.Append(record.line + 1));
            check(reasons.Append(record.reason));
            check(raws.Append(record.text));
        }
        const auto count = static_cast<int64_t>(rejected_.size());
        rejected_.clear();
        return arrow::RecordBatch::Make(
            arrow::schema({
                arrow::field("line", arrow::int64(), false), arrow::field("reason", arrow::utf8(), false),
                arrow::field("raw", arrow::utf8(), false),
            }),
            count, {take(lines.Finish()), take(reasons.Finish()), take(raws.Finish())});
    }

    void read_rest() override { stream_.read_rest(); }

    void cancel() override {
        std::lock_guard lock(mutex_);
        cancelled_ = true;
        if (pipeline_) pipeline_->cancel();
    }

   private:
    std::shared_ptr<arrow::RecordBatch> next_batch() {
        if (!pipeline_ && !ended_ && !reader_.at_end()) start_pipeline();  // works while the first block is converted
        if (first_) {
            auto batch = hand_out(*take_first());
            if (batch) return batch;
        }
        if (!pipeline_) return nullptr;
        while (true) {
            const auto result = pipeline_->next(ended_);
            if (ended_) return nullptr;
            auto batch = hand_out(*result);
            if (batch) return batch;
        }
    }

    /// In the order of blocks; null if it is to be passed over.
    std::shared_ptr<arrow::RecordBatch> hand_out(BlockResult &result) {
        for (auto &record : result.rejected) {
            record.line += lines_;
            rejected_.push_back(std::move(record));
        }
        lines_ += result.lines;
        return result.batch->num_rows() > 0 || rejected_.size() > kRejectedMax ? result.batch : nullptr;
    }

    void start_pipeline() {
        auto work = [this](const RawBlock &block, Tokens &tokens) { return convert_bytes(block, 0, tokens); };
        auto pipeline = std::make_unique<Pipeline>(reader_, settings_.threads, work);
        std::lock_guard lock(mutex_);
        pipeline_ = std::move(pipeline);
        if (cancelled_) pipeline_->cancel();
    }

    /// Reads the first block: dialect, names, types.
    void start() {
        first_ = std::make_unique<RawBlock>();
        if (!reader_.next(*first_)) {
            first_.reset();
            schema_ = arrow::schema({});
            ended_ = true;
            return;
        }
        skip_blocks_without_records();
        if (settings_.finds_delimiter) {
            settings_.dialect.delimiter = find_delimiter(first_->bytes.get(), first_->size, settings_.dialect);
            reader_.set_dialect(settings_.dialect);
            if (settings_.dialect.delimiter != ',') {  // where records end may be elsewhere than thought
                reader_.push_front(first_->bytes.get(), first_->size, first_->offset);
                (void)reader_.next(*first_);
            }
        }
        Tokens header;
        const Fault fault = tokenize(first_->bytes.get(), first_->size, settings_.dialect, columns_, header, 1);
        if (fault.found) complain(fault, *first_);
        if (header.rows == 0) {  // nothing but empty lines
            first_.reset();
            schema_ = arrow::schema({});
            ended_ = true;
            return;
        }
        first_offset_ = first_->offset;
        name_columns(header);
        if (settings_.has_header) skip_header(header);
        infer_first();
        make_schema();
    }

    /// A file may begin with any number of empty lines and comments.
    void skip_blocks_without_records() {
        while (!reader_.at_end()) {
            Tokens tokens;
            int64_t columns = 0;
            const Fault fault =
                tokenize(first_->bytes.get(), first_->size, settings_.dialect, columns, tokens, 1);
            if (fault.found || tokens.rows > 0) return;
            lines_ += LineCounter(first_->bytes.get(), first_->size).count(0, first_->size);
            RawBlock next;
            if (!reader_.next(next)) return;
            *first_ = std::move(next);
        }
    }

    void name_columns(const Tokens &header) {
        std::vector<std::string> raw(columns_);
        std::string scratch;
        const Block block(first_->bytes.get(), header, columns_, settings_.nulls, settings_.decimal_comma);
        for (int64_t i = 0; settings_.has_header && i < columns_; ++i) {
            raw[i] = std::string(block.text(block.field(0, i), settings_.dialect.quote, scratch));
        }
        names_ = unique_names(raw);
        for (const auto &[name, kind] : settings_.types) {
            if (std::find(names_.begin(), names_.end(), name) == names_.end()) {
                throw Failure(CA_INVALID, "a type is given for column '" + name + "', but the file has no such column");
            }
        }
    }

    /// Moves the start of the first block behind its header.
    void skip_header(const Tokens &header) {
        const Field &last = header.fields.back();
        int64_t end = last.begin + last.length() + (last.quoted() ? 1 : 0);
        const char *bytes = first_->bytes.get();
        if (end < first_->size && bytes[end] == '\r') ++end;
        if (end < first_->size && bytes[end] == '\n') ++end;
        data_start_ = end;
    }

    void infer_first() {
        Tokens tokens;
        int64_t columns = columns_;
        // A fault is told when the block is converted, with the rows before it known to be good.
        (void)tokenize(
            first_->bytes.get() + data_start_, first_->size - data_start_, settings_.dialect, columns, tokens, kAllRows,
            settings_.bad);
        tokens.fields.resize(tokens.rows * columns_);
        const Block block(first_->bytes.get() + data_start_, tokens, columns_, settings_.nulls, settings_.decimal_comma);
        kinds_.clear();
        for (int64_t i = 0; i < columns_; ++i) {
            Inference inference;
            infer(block, i, settings_.dialect.quote, inference);
            const auto given = settings_.types.find(names_[i]);
            kinds_.push_back(given == settings_.types.end() ? inference.settled() : given->second);
        }
    }

    void make_schema() {
        arrow::FieldVector fields;
        for (int64_t i = 0; i < columns_; ++i) fields.push_back(arrow::field(names_[i], arrow_type(kinds_[i])));
        schema_ = arrow::schema(std::move(fields));
    }

    std::shared_ptr<BlockResult> take_first() {
        RawBlock block = std::move(*first_);
        first_.reset();
        Tokens tokens;
        return convert_bytes(block, data_start_, tokens);
    }

    std::shared_ptr<BlockResult> convert_bytes(const RawBlock &raw, int64_t start, Tokens &tokens) {
        const char *bytes = raw.bytes.get() + start;
        int64_t columns = columns_;
        const Fault fault =
            tokenize(bytes, raw.size - start, settings_.dialect, columns, tokens, kAllRows, settings_.bad);
        if (fault.found) {
            Fault moved = fault;
            moved.offset += start;
            complain(moved, raw);
        }
        const Block block(bytes, tokens, columns_, settings_.nulls, settings_.decimal_comma);
        arrow::ArrayVector arrays;
        arrays.reserve(columns_);
        for (int64_t i = 0; i < columns_; ++i) {
            Conflict conflict;
            auto array = convert(block, i, kinds_[i], settings_.dialect.quote, conflict);
            if (conflict.found) complain(conflict, i, block, raw, start);
            arrays.push_back(std::move(array));
        }
        auto result = std::make_shared<BlockResult>();
        result->batch = arrow::RecordBatch::Make(schema_, block.rows(), std::move(arrays));
        if (settings_.bad != BadRecords::fail) reject(raw, start, tokens, *result);
        return result;
    }

    void reject(const RawBlock &raw, int64_t start, const Tokens &tokens, BlockResult &result) const {
        const char *bytes = raw.bytes.get();
        const LineCounter lines(bytes, raw.size);
        int64_t counted = 0;
        for (const auto &record : tokens.bad) {
            const int64_t begin = start + record.begin;
            result.lines += lines.count(counted, begin);
            counted = begin;
            result.rejected.push_back({
                result.lines, words_for(record.badness, record.fields, columns_),
                readable_text(without_line_end({bytes + begin, record.size})),
            });
        }
        result.lines += lines.count(counted, raw.size);
    }

    [[noreturn]] void complain(const Fault &fault, const RawBlock &raw) {
        const int64_t line = line_of(settings_.path, settings_.latin1, raw.offset + fault.offset);
        throw Failure(CA_MALFORMED, words_for(fault.badness, fault.fields, columns_), line);
    }

    [[noreturn]] void complain(
        const Conflict &conflict, int64_t column, const Block &block, const RawBlock &raw, int64_t start) {
        const Field &record = block.field(conflict.row, 0);
        const int64_t offset = raw.offset + start + record.begin - (record.quoted() ? 1 : 0);
        const int64_t line = line_of(settings_.path, settings_.latin1, offset);
        const std::string where = "column '" + names_[column] + "'";
        if (conflict.invalid_utf8) {
            throw Failure(CA_MALFORMED, where + " holds bytes that are not UTF-8; set the parameter \"encoding\" to "
                "\"latin1\" if that is what the file is written in", line);
        }
        std::string cell(block.raw(block.field(conflict.row, column)).substr(0, 100));
        const std::string message = where + ": '" + cell + "' is not " + name_of(kinds_[column]);
        if (settings_.types.count(names_[column])) throw Failure(CA_MALFORMED, message, line);
        throw Failure(CA_TYPE_CONFLICT, message, line);
    }

    /// Looks through the whole file for the kinds that hold every cell, so that one new start is enough.
    std::string wider_types() {
        {
            std::lock_guard lock(mutex_);
            if (pipeline_) pipeline_->stop();
        }
        ByteStream stream(settings_.path, settings_.latin1);
        BlockReader reader(stream, settings_.dialect, settings_.block_bytes);
        std::vector<Inference> all(columns_);
        std::mutex mutex;
        const auto look = [&](const RawBlock &raw, Tokens &tokens) -> Pipeline::Result {
            if (cancelled_) throw Failure(CA_CANCELLED, "cancelled");
            const int64_t start = raw.offset == first_offset_ ? data_start_ : 0;
            int64_t columns = columns_;
            Fault fault = tokenize(
                raw.bytes.get() + start, raw.size - start, settings_.dialect, columns, tokens, kAllRows,
                settings_.bad);
            if (fault.found) {
                fault.offset += start;
                complain(fault, raw);
            }
            const Block block(raw.bytes.get() + start, tokens, columns_, settings_.nulls, settings_.decimal_comma);
            for (int64_t i = 0; i < columns_; ++i) {
                Inference inference;
                infer(block, i, settings_.dialect.quote, inference);
                std::lock_guard lock(mutex);
                all[i].merge(inference);
            }
            return nullptr;
        };
        Pipeline pipeline(reader, settings_.threads, look);
        for (bool ended = false; !ended;) (void)pipeline.next(ended);
        std::vector<std::pair<std::string, std::string>> types;
        for (int64_t i = 0; i < columns_; ++i) {
            const auto given = settings_.types.find(names_[i]);
            types.emplace_back(names_[i], name_of(given == settings_.types.end() ? all[i].settled() : given->second));
        }
        return format_pairs(types);
    }

    Settings settings_;
    ByteStream stream_;
    BlockReader reader_;
    std::unique_ptr<RawBlock> first_;
    /// Of the block with the header.
    int64_t first_offset_ = 0;
    int64_t data_start_ = 0;
    int64_t columns_ = 0;
    std::vector<std::string> names_;
    std::vector<Kind> kinds_;
    std::vector<RejectedRecord> rejected_;
    /// Line ends of the blocks that were handed out.
    int64_t lines_ = 0;
    std::shared_ptr<arrow::Schema> schema_;
    bool ended_ = false;
    std::exception_ptr failure_;
    std::mutex mutex_;
    std::atomic<bool> cancelled_ = false;
    std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace

extern "C" ca_source *ca_csv_open(
    const char *path, const ca_csv_options *options, const ca_observer *observer, ca_error *error) {
    return guarded<ca_source *>(error, nullptr, [&] {
        Settings settings;
        settings.path = path;
        settings.dialect = {options->delimiter ? options->delimiter : ',', options->quote, options->comment};
        settings.bad = static_cast<BadRecords>(options->bad_records);
        settings.decimal_comma = options->decimal_comma;
        settings.finds_delimiter = options->delimiter == 0;
        settings.has_header = options->has_header;
        settings.latin1 = options->latin1;
        settings.threads = options->threads > 0 ? options->threads : static_cast<int>(std::thread::hardware_concurrency());
        settings.threads = std::clamp(settings.threads, 1, kThreadsMax);
        settings.block_bytes = options->block_bytes > 0 ?
            std::clamp(options->block_bytes, kBlockBytesMin, kBlockBytesMax) : kBlockBytes;
        struct stat status;
        // A small file needs no large buffer.
        if (::stat(path, &status) == 0 && status.st_size < settings.block_bytes / 8 && options->block_bytes == 0) {
            settings.block_bytes = std::max<int64_t>(status.st_size * 4, 4096);
        }
        for (const auto &[name, type] : parse_pairs(options->types)) settings.types[name] = kind_named(type);
        for (const auto &[word, unused] : parse_pairs(options->null_values)) settings.nulls.push_back(word);
        return new ca_source{std::make_unique<CSVSource>(std::move(settings), observer)};
    });
}
