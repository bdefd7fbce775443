#ifndef CASPARIAN_PLAIN_COLUMNS_H
#define CASPARIAN_PLAIN_COLUMNS_H

// A batch's cells in few layouts, for who reads them one by one: databases.

#include "CArrow.h"

#ifdef __cplusplus
extern "C" {
#endif

enum ca_kind {
    CA_NULL = 0,
    CA_BOOL = 1,
    CA_INTEGER = 2,
    CA_FLOAT = 3,
    CA_DECIMAL = 4,
    CA_TEXT = 5,
    CA_BINARY = 6,
    CA_UUID = 7,
    CA_DATE = 8,
    CA_TIME = 9,
    CA_TIMESTAMP = 10,
    CA_DURATION = 11,
    CA_JSON = 12,
};

typedef struct ca_plain ca_plain;

/// One column; everything is valid while its `ca_plain` lives.
typedef struct ca_plain_column {
    const char *name;  // UTF-8
    int32_t kind;      // ca_kind
    bool is_nullable;
    bool is_signed;     // CA_INTEGER
    int32_t bits;       // CA_INTEGER 8, 16, 32, 64; CA_FLOAT 16, 32, 64; CA_DECIMAL 128, 256
    int32_t precision;  // CA_DECIMAL
    int32_t scale;      // CA_DECIMAL; may be negative
    int32_t unit;       // CA_TIME, CA_TIMESTAMP, CA_DURATION: 0 s, 1 ms, 2 us, 3 ns
    const char *zone;   // CA_TIMESTAMP; NULL without
    /// A bit for each row, the lowest first, from bit `offset` on; NULL if no cell is null.
    const uint8_t *validity;
    int64_t offset;
    /// Row 0's cell: int64_t (CA_INTEGER signed and unsigned up to 32 bits, CA_DATE in days, CA_TIME, CA_TIMESTAMP,
    /// CA_DURATION in units), uint64_t (CA_INTEGER unsigned with 64 bits), double (CA_FLOAT), little-endian integer of
    /// `bits` (CA_DECIMAL). CA_BOOL: a bitmap as `validity`. NULL for the rest.
    const void *values;
    /// CA_TEXT, CA_BINARY, CA_UUID, CA_JSON: row i lies in `data` from offsets[i] to offsets[i + 1]; one of the two is
    /// NULL.
    const int32_t *offsets;
    const int64_t *large_offsets;
    const uint8_t *data;
} ca_plain_column;

/// Shares what has one of these layouts already and casts the rest, without loss.
ca_plain *ca_batch_plain(const ca_batch *batch, ca_error *error);
void ca_plain_release(ca_plain *plain);
int32_t ca_plain_count(const ca_plain *plain);
const ca_plain_column *ca_plain_column_at(const ca_plain *plain, int32_t index);
enum { CA_DECIMAL_TEXT_BYTES = 160 };
/// Digits with a point where the scale is positive, never an exponent; returns the length.
int32_t ca_plain_decimal_text(const ca_plain_column *column, int64_t row, char *text);

#ifdef __cplusplus
}
#endif
#endif
