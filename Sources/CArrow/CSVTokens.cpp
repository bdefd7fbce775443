#include "CSVTokens.h"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace casparian::csv {

namespace {

/// Finds delimiters, line ends and quotes, 64 bytes at a time: one bit for each byte that means something.
class Scanner {
   public:
    Scanner(const char *bytes, int64_t size, const Dialect &dialect)
        : bytes_(bytes), size_(size), delimiter_(dialect.delimiter), quote_(dialect.quote) {}

    /// The first position at or after `from` with a special byte; `size` if there is none. `from` never goes back.
    int64_t next(int64_t from) {
        if (from < base_ + 64 && base_ <= from) {
            mask_ &= ~uint64_t{0} << (from - base_);
        } else {
            base_ = from & ~int64_t{63};
            mask_ = load(base_) & (~uint64_t{0} << (from - base_));
        }
        while (mask_ == 0) {
            base_ += 64;
            if (base_ >= size_) return size_;
            mask_ = load(base_);
        }
        return base_ + std::countr_zero(mask_);
    }

   private:
    uint64_t load(int64_t at) const {
        if (at + 64 > size_) return load_slow(at);
#if defined(__SSE2__)
        const __m128i delimiter = _mm_set1_epi8(delimiter_), quote = _mm_set1_epi8(quote_ ? quote_ : '\n');
        const __m128i line = _mm_set1_epi8('\n'), carriage = _mm_set1_epi8('\r');
        uint64_t mask = 0;
        for (int part = 0; part < 4; ++part) {
            const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i *>(bytes_ + at + part * 16));
            const __m128i hits = _mm_or_si128(
                _mm_or_si128(_mm_cmpeq_epi8(chunk, delimiter), _mm_cmpeq_epi8(chunk, quote)),
                _mm_or_si128(_mm_cmpeq_epi8(chunk, line), _mm_cmpeq_epi8(chunk, carriage)));
            mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(hits))) << (part * 16);
        }
        return mask;
#else
        return load_slow(at);
#endif
    }

    uint64_t load_slow(int64_t at) const {
        uint64_t mask = 0;
        for (int64_t i = 0; i < 64 && at + i < size_; ++i) {
            const char byte = bytes_[at + i];
            if (byte == delimiter_ || byte == '\n' || byte == '\r' || (quote_ && byte == quote_)) mask |= uint64_t{1} << i;
        }
        return mask;
    }

    const char *bytes_;
    int64_t size_;
    char delimiter_, quote_;
    int64_t base_ = -64;
    uint64_t mask_ = 0;
};

/// The position of the closing quote of a field whose text begins at `from`; -1 if it never closes.
int64_t closing_quote(const char *bytes, int64_t size, int64_t from, char quote, bool &escaped) {
    while (true) {
        const void *found = from < size ? std::memchr(bytes + from, quote, size - from) : nullptr;
        if (found == nullptr) return -1;
        const int64_t at = static_cast<const char *>(found) - bytes;
        if (at + 1 < size && bytes[at + 1] == quote) {
            escaped = true;
            from = at + 2;
            continue;
        }
        return at;
    }
}

}  // namespace

Fault tokenize(const char *bytes, int64_t size, const Dialect &dialect, int64_t &columns, Tokens &tokens, int64_t rows_max) {
    Scanner scanner(bytes, size, dialect);
    const char delimiter = dialect.delimiter, quote = dialect.quote;
    auto &fields = tokens.fields;
    int64_t position = 0, record = 0;
    size_t row_start = fields.size();
    while (position < size && tokens.rows < rows_max) {
        Field field{static_cast<uint32_t>(position), 0};
        int64_t at;
        if (quote && bytes[position] == quote) {
            bool escaped = false;
            at = closing_quote(bytes, size, position + 1, quote, escaped);
            if (at < 0) return {true, record, 0, true, false};
            field.begin = static_cast<uint32_t>(position + 1);
            field.length_and_flags =
                static_cast<uint32_t>(at - position - 1) | Field::kQuoted | (escaped ? Field::kEscaped : 0);
            ++at;
            if (at < size && bytes[at] != delimiter && bytes[at] != '\n' && bytes[at] != '\r') {
                return {true, record, 0, false, true};
            }
        } else {
            at = scanner.next(position);
            // A quote inside an unquoted field is an ordinary character.
            while (at < size && quote && bytes[at] == quote) at = scanner.next(at + 1);
            field.length_and_flags = static_cast<uint32_t>(at - position);
        }
        fields.push_back(field);
        if (at < size && bytes[at] == delimiter) {
            position = at + 1;
            if (position < size) continue;
            fields.push_back({static_cast<uint32_t>(position), 0});  // the file ends with a delimiter
        }
        // The end of a record.
        int64_t after = at < size ? at + 1 : size;
        if (at < size && bytes[at] == '\r' && after < size && bytes[after] == '\n') ++after;
        const auto count = static_cast<int64_t>(fields.size() - row_start);
        const bool empty_line = count == 1 && fields.back().length_and_flags == 0;
        if (empty_line) {
            fields.pop_back();
        } else {
            if (columns == 0) columns = count;
            if (count != columns) return {true, record, count, false, false};
            ++tokens.rows;
            row_start = fields.size();
        }
        position = after;
        record = after;
    }
    return {};
}

int64_t last_record_end(const char *bytes, int64_t size, const Dialect &dialect) {
    if (dialect.quote == 0 || std::memchr(bytes, dialect.quote, size) == nullptr) {
        const void *found = memrchr(bytes, '\n', size);
        if (found == nullptr) {
            // Old Macintosh line ends: CR alone. The last byte may be the first half of CRLF.
            found = size > 1 ? memrchr(bytes, '\r', size - 1) : nullptr;
        }
        return found ? static_cast<const char *>(found) - bytes + 1 : 0;
    }
    Scanner scanner(bytes, size, dialect);
    int64_t position = 0, end = 0;
    while (position < size) {
        int64_t at;
        if (bytes[position] == dialect.quote) {
            bool escaped = false;
            at = closing_quote(bytes, size, position + 1, dialect.quote, escaped);
            // A quote in the last byte may be the first of a doubled one.
            if (at < 0 || at + 1 == size) return end;
            ++at;
        } else {
            at = scanner.next(position);
            while (at < size && bytes[at] == dialect.quote) at = scanner.next(at + 1);
        }
        if (at >= size) return end;
        position = at + 1;
        if (bytes[at] == '\n') {
            end = position;
        } else if (bytes[at] == '\r') {
            if (position == size) return end;
            if (bytes[position] == '\n') ++position;
            end = position;
        } else if (bytes[at] != dialect.delimiter) {
            // Text after a closing quote: the tokenizer will complain; go on at the next special byte.
            position = at;
            at = scanner.next(position);
            position = at < size && bytes[at] == dialect.quote ? at + 1 : at;
        }
    }
    return end;
}

}  // namespace casparian::csv
