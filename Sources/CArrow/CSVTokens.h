#pragma once
// Where the fields of a block of CSV lie. RFC 4180, with LF, CRLF and CR line ends.

#include <cstdint>
#include <string>
#include <vector>

namespace casparian::csv {

struct Dialect {
    char delimiter = ',';
    char quote = '"';  // 0: none
    char comment = 0;   // lines that begin with it are passed over; 0: none
};

/// What becomes of records that are not as they should be.
enum class BadRecords : uint8_t {
    fail,  // the first one is a fault
    keep,  // they are put aside
    fill,  // the same, but short ones get empty fields at their end
};

/// Why a record is bad.
enum class Badness : uint8_t { none, field_count, open_quote, text_after_quote };

/// A record that was put aside.
struct BadRecord {
    uint32_t begin;
    uint32_t size;  // with its line end
    Badness badness;
    int64_t fields;
};

/// One field: where its bytes begin and how many they are, without the outer quotes.
struct Field {
    static constexpr uint32_t kQuoted = 1u << 31;
    static constexpr uint32_t kEscaped = 1u << 30;  // holds doubled quotes
    uint32_t begin;
    uint32_t length_and_flags;

    uint32_t length() const { return length_and_flags & ~(kQuoted | kEscaped); }
    bool quoted() const { return length_and_flags & kQuoted; }
    bool escaped() const { return length_and_flags & kEscaped; }
};

/// Fields row by row; `columns` in each row.
struct Tokens {
    std::vector<Field> fields;
    int64_t rows = 0;
    std::vector<BadRecord> bad;
};

/// Why a block is not CSV.
struct Fault {
    bool found = false;
    /// Byte offset in the block where the bad record begins.
    int64_t offset = 0;
    int64_t fields = 0;
    Badness badness = Badness::none;
};

/// In words; `columns` is how many fields there should be.
std::string words_for(Badness badness, int64_t fields, int64_t columns);

/// Splits a block that begins at a record and ends with a record's end (or the file's).
///
/// `columns` 0 takes the number from the first record, which is never put aside. Empty lines are passed over. Stops at the
/// first fault.
Fault tokenize(
    const char *bytes, int64_t size, const Dialect &dialect, int64_t &columns, Tokens &tokens, int64_t rows_max,
    BadRecords bad = BadRecords::fail);

/// The end of the last whole record in the block: just after its line end; 0 if there is none.
int64_t last_record_end(const char *bytes, int64_t size, const Dialect &dialect);

}  // namespace casparian::csv
