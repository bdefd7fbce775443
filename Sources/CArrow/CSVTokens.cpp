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

/// Where a field ends whose closing quote is followed by text: at the next delimiter or line end.
int64_t end_after_quote(Scanner &scanner, const char *bytes, int64_t size, int64_t at, char quote) {
    at = scanner.next(at);
    while (at < size && bytes[at] == quote) at = scanner.next(at + 1);
    return at;
}

/// Just after the line end at or after `from`; `size` if there is none.
int64_t next_line(const char *bytes, int64_t size, int64_t from) {
    for (int64_t at = from; at < size; ++at) {
        if (bytes[at] == '\n') return at + 1;
        if (bytes[at] == '\r') return at + 1 < size && bytes[at + 1] == '\n' ? at + 2 : at + 1;
    }
    return size;
}

/// Splits a block, record by record.
class Tokenizer {
   public:
    Tokenizer(
        const char *bytes, int64_t size, const Dialect &dialect, int64_t &columns, Tokens &tokens, BadRecords bad)
        : bytes_(bytes), size_(size), delimiter_(dialect.delimiter), quote_(dialect.quote), comment_(dialect.comment),
          columns_(columns), tokens_(tokens), bad_(bad), scanner_(bytes, size, dialect) {}

    Fault run(int64_t rows_max) {
        row_start_ = tokens_.fields.size();
        while (position_ < size_ && tokens_.rows < rows_max) {
            if (comment_ && position_ == record_ && bytes_[position_] == comment_) {
                position_ = record_ = next_line(bytes_, size_, position_);
                continue;
            }
            const int64_t at = field();
            if (at < 0) {
                if (!puts_aside()) return {true, record_, 0, Badness::open_quote};
                // Where it was to be closed nobody knows: the line is bad, and the next one is looked at anew.
                put_aside(Badness::open_quote, next_line(bytes_, size_, position_));
                continue;
            }
            if (badness_ != Badness::none && !puts_aside()) return {true, record_, 0, badness_};
            if (at < size_ && bytes_[at] == delimiter_) {
                position_ = at + 1;
                if (position_ < size_) continue;
                tokens_.fields.push_back({static_cast<uint32_t>(position_), 0});  // the file ends with a delimiter
            }
            const Fault fault = end_record(at);
            if (fault.found) return fault;
        }
        return {};
    }

   private:
    /// Takes a field; its end, or -1 for a quote that never closes.
    int64_t field() {
        Field field{static_cast<uint32_t>(position_), 0};
        int64_t at;
        if (quote_ && bytes_[position_] == quote_) {
            bool escaped = false;
            at = closing_quote(bytes_, size_, position_ + 1, quote_, escaped);
            if (at < 0) return -1;
            field.begin = static_cast<uint32_t>(position_ + 1);
            field.length_and_flags =
                static_cast<uint32_t>(at - position_ - 1) | Field::kQuoted | (escaped ? Field::kEscaped : 0);
            ++at;
            if (at < size_ && bytes_[at] != delimiter_ && bytes_[at] != '\n' && bytes_[at] != '\r') {
                badness_ = Badness::text_after_quote;
                at = end_after_quote(scanner_, bytes_, size_, at, quote_);
            }
        } else {
            at = scanner_.next(position_);
            // A quote inside an unquoted field is an ordinary character.
            while (at < size_ && quote_ && bytes_[at] == quote_) at = scanner_.next(at + 1);
            field.length_and_flags = static_cast<uint32_t>(at - position_);
        }
        tokens_.fields.push_back(field);
        return at;
    }

    Fault end_record(int64_t at) {
        int64_t after = at < size_ ? at + 1 : size_;
        if (at < size_ && bytes_[at] == '\r' && after < size_ && bytes_[after] == '\n') ++after;
        auto &fields = tokens_.fields;
        const auto count = static_cast<int64_t>(fields.size() - row_start_);
        if (count == 1 && fields.back().length_and_flags == 0) {  // an empty line
            fields.pop_back();
            position_ = record_ = after;
            return {};
        }
        if (columns_ == 0) columns_ = count;
        if (badness_ == Badness::none && count < columns_ && bad_ == BadRecords::fill) {
            fields.resize(row_start_ + columns_, {static_cast<uint32_t>(at), 0});
        } else if (badness_ != Badness::none || count != columns_) {
            if (!puts_aside()) return {true, record_, count, Badness::field_count};
            put_aside(badness_ == Badness::none ? Badness::field_count : badness_, after);
            return {};
        }
        ++tokens_.rows;
        row_start_ = fields.size();
        position_ = record_ = after;
        return {};
    }

    bool puts_aside() const { return bad_ != BadRecords::fail && columns_ > 0; }

    void put_aside(Badness badness, int64_t end) {
        const auto count = static_cast<int64_t>(tokens_.fields.size() - row_start_);
        tokens_.bad.push_back({static_cast<uint32_t>(record_), static_cast<uint32_t>(end - record_), badness, count});
        tokens_.fields.resize(row_start_);
        badness_ = Badness::none;
        position_ = record_ = end;
    }

    const char *bytes_;
    const int64_t size_;
    const char delimiter_, quote_, comment_;
    int64_t &columns_;
    Tokens &tokens_;
    const BadRecords bad_;
    Scanner scanner_;
    int64_t position_ = 0, record_ = 0;
    size_t row_start_ = 0;
    Badness badness_ = Badness::none;
};

}  // namespace

std::string words_for(Badness badness, int64_t fields, int64_t columns) {
    switch (badness) {
        case Badness::open_quote: return "a quote is opened and never closed";
        case Badness::text_after_quote: return "text follows a closing quote";
        default: return "expected " + std::to_string(columns) + " fields and found " + std::to_string(fields);
    }
}

Fault tokenize(
    const char *bytes, int64_t size, const Dialect &dialect, int64_t &columns, Tokens &tokens, int64_t rows_max,
    BadRecords bad) {
    return Tokenizer(bytes, size, dialect, columns, tokens, bad).run(rows_max);
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
        if (dialect.comment && position == end && bytes[position] == dialect.comment) {
            const int64_t next = next_line(bytes, size, position);
            // The last byte may be the first half of CRLF.
            if (next == size) return bytes[size - 1] == '\n' ? size : end;
            position = end = next;
            continue;
        }
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
            // Text after a closing quote: its field goes on as the tokenizer has it.
            position = end_after_quote(scanner, bytes, size, at, dialect.quote);
        }
    }
    return end;
}

}  // namespace casparian::csv
