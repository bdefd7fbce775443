#include "Connection.h"

#include <stdlib.h>
#include <string.h>

enum {
    // Of the server, not in db-lib's header: uniqueidentifier.
    TYPE_UNIQUE = 36,
    DECIMAL_DIGITS_MAX = 38,
    DECIMAL_BYTES = 16,
    // From 1900-01-01, db-lib's day 0, to 1970-01-01.
    DAYS_1900_TO_1970 = 25567,
    TICK_DIGITS = 7,
    LENGTH_OF_NULL = 0,
    // Fixed types, and texts that end with a zero.
    LENGTH_BY_TYPE = -1,
};

static const uint16_t nothing[1] = {0};

void cf_cells_release(cf_connection *connection) {
    for (int32_t column = 0; column < connection->cell_count; column++) free(connection->cells[column].units);
    free(connection->cells);
    connection->cells = NULL;
    connection->cell_count = 0;
}

static int type_of(int32_t kind) {
    switch (kind) {
    case CF_BIT: return SYBBIT;
    case CF_INT: return SYBINT4;
    case CF_BIGINT: return SYBINT8;
    case CF_FLOAT: return SYBFLT8;
    case CF_DECIMAL: return SYBDECIMAL;
    case CF_DATE: return SYBMSDATE;
    case CF_TIME: return SYBMSTIME;
    case CF_DATETIME2: return SYBMSDATETIME2;
    case CF_DATETIMEOFFSET: return SYBMSDATETIMEOFFSET;
    // UTF-16 goes through as it is.
    case CF_NVARCHAR: return SYBCHAR;
    case CF_VARBINARY: return SYBVARBINARY;
    default: return TYPE_UNIQUE;
    }
}

static DBINT length_of(int32_t kind) {
    switch (kind) {
    case CF_DECIMAL: return sizeof(DBDECIMAL);
    case CF_NVARCHAR:
    case CF_VARBINARY: return LENGTH_OF_NULL;
    default: return LENGTH_BY_TYPE;
    }
}

static void prepare(cf_cell *cell, int32_t kind, int32_t scale) {
    cell->kind = kind;
    cell->length = length_of(kind);
    DBDATETIMEALL *moment = &cell->value.moment;
    switch (kind) {
    case CF_DECIMAL:
        cell->value.decimal.precision = DECIMAL_DIGITS_MAX;
        cell->value.decimal.scale = (unsigned char)scale;
        break;
    case CF_DATE:
    case CF_TIME:
    case CF_DATETIME2:
    case CF_DATETIMEOFFSET:
        moment->time_prec = TICK_DIGITS;
        moment->has_date = kind != CF_TIME;
        moment->has_time = kind != CF_DATE;
        moment->has_offset = kind == CF_DATETIMEOFFSET;
        break;
    default: break;
    }
}

static bool bind(cf_connection *connection, int32_t column) {
    cf_cell *cell = &connection->cells[column];
    return bcp_bind(
               connection->process, (BYTE *)&cell->value, 0, cell->length, NULL, 0, type_of(cell->kind), column + 1)
        == SUCCEED;
}

bool cf_bulk_begin(
    cf_connection *connection, const char *table, const int32_t *kinds, const int32_t *scales, int32_t count,
    cf_error *error) {
    cf_enter(connection);
    cf_cells_release(connection);
    connection->has_failed = false;
    if (bcp_init(connection->process, table, NULL, NULL, DB_IN) != SUCCEED) {
        return cf_fail(connection, error, "bulk copy could not begin");
    }
    connection->cells = calloc((size_t)count, sizeof(cf_cell));
    if (!connection->cells) return cf_fail(connection, error, "out of memory");
    connection->cell_count = count;
    for (int32_t column = 0; column < count; column++) {
        prepare(&connection->cells[column], kinds[column], scales[column]);
        if (!bind(connection, column)) return cf_fail(connection, error, "a column could not be bound");
    }
    cf_leave();
    return true;
}

static void set_length(cf_connection *connection, int32_t column, DBINT length) {
    cf_cell *cell = &connection->cells[column];
    if (cell->length == length) return;
    cell->length = length;
    if (bcp_collen(connection->process, length, column + 1) != SUCCEED) connection->has_failed = true;
}

static void set_address(cf_connection *connection, int32_t column, const void *address) {
    if (bcp_colptr(connection->process, (BYTE *)address, column + 1) != SUCCEED) connection->has_failed = true;
}

void cf_put_null(cf_connection *connection, int32_t column) { set_length(connection, column, LENGTH_OF_NULL); }

void cf_put_integer(cf_connection *connection, int32_t column, int64_t value) {
    cf_cell *cell = &connection->cells[column];
    switch (cell->kind) {
    case CF_BIT: cell->value.bit = value != 0; break;
    case CF_INT: cell->value.integer = (DBINT)value; break;
    default: cell->value.big = value; break;
    }
    set_length(connection, column, LENGTH_BY_TYPE);
}

void cf_put_float(cf_connection *connection, int32_t column, double value) {
    connection->cells[column].value.number = value;
    set_length(connection, column, LENGTH_BY_TYPE);
}

void cf_put_decimal(cf_connection *connection, int32_t column, const void *value) {
    const unsigned char *digits = value;
    DBDECIMAL *decimal = &connection->cells[column].value.decimal;
    bool is_negative = digits[DECIMAL_BYTES - 1] >= 0x80;
    // A sign, then the magnitude, the highest byte first.
    decimal->array[0] = is_negative;
    unsigned carry = 1;
    for (int index = 0; index < DECIMAL_BYTES; index++) {
        unsigned byte = digits[index];
        if (is_negative) {
            byte = (byte ^ 0xFF) + carry;
            carry = byte >> 8;
        }
        decimal->array[DECIMAL_BYTES - index] = (unsigned char)byte;
    }
    set_length(connection, column, sizeof(DBDECIMAL));
}

void cf_put_moment(cf_connection *connection, int32_t column, int32_t days, uint64_t ticks, int16_t offset) {
    DBDATETIMEALL *moment = &connection->cells[column].value.moment;
    moment->date = days + DAYS_1900_TO_1970;
    moment->time = ticks;
    moment->offset = offset;
    set_length(connection, column, LENGTH_BY_TYPE);
}

void cf_put_bytes(cf_connection *connection, int32_t column, const void *bytes, size_t length) {
    cf_cell *cell = &connection->cells[column];
    bool is_empty = length == 0;
    if (is_empty != cell->is_empty_text) {
        // Without bytes a binary is null to the library; an empty text becomes an empty binary.
        DBINT bound = is_empty ? LENGTH_BY_TYPE : (DBINT)length;
        int type = is_empty ? SYBCHAR : SYBVARBINARY;
        if (bcp_bind(connection->process, (BYTE *)nothing, 0, bound, NULL, 0, type, column + 1) != SUCCEED) {
            connection->has_failed = true;
        }
        cell->is_empty_text = is_empty;
        cell->length = bound;
    }
    set_address(connection, column, is_empty ? (const void *)nothing : bytes);
    set_length(connection, column, is_empty ? LENGTH_BY_TYPE : (DBINT)length);
}

void cf_put_identifier(cf_connection *connection, int32_t column, const void *bytes) {
    // The first three groups are little-endian on the wire.
    static const int order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    unsigned char *identifier = connection->cells[column].value.identifier;
    for (int index = 0; index < 16; index++) identifier[index] = ((const unsigned char *)bytes)[order[index]];
    set_length(connection, column, LENGTH_BY_TYPE);
}

bool cf_bulk_send(cf_connection *connection, cf_error *error) {
    cf_enter(connection);
    if (connection->has_failed || bcp_sendrow(connection->process) != SUCCEED) {
        return cf_fail(connection, error, "a row could not be sent");
    }
    cf_leave();
    return true;
}

static int64_t taken(cf_connection *connection, DBINT count, cf_error *error) {
    // A count and an error together mean that the rows are not there.
    if (count >= 0 && !connection->error.number) {
        cf_leave();
        return count;
    }
    cf_fail(connection, error, "the server did not take the rows");
    return -1;
}

int64_t cf_bulk_batch(cf_connection *connection, cf_error *error) {
    cf_enter(connection);
    return taken(connection, bcp_batch(connection->process), error);
}

int64_t cf_bulk_end(cf_connection *connection, cf_error *error) {
    cf_enter(connection);
    DBINT count = bcp_done(connection->process);
    cf_cells_release(connection);
    return taken(connection, count, error);
}

// Texts

/// Decodes one character at `*position`, which more than one byte makes; 0xFFFFFFFF if they make none.
static uint32_t decode(const unsigned char *bytes, size_t length, size_t *position) {
    static const uint32_t lowest[5] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = bytes[*position];
    size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || *position + size > length) return 0xFFFFFFFF;
    uint32_t scalar = first & (0xFF >> (size + 1));
    for (size_t index = 1; index < size; index++) {
        unsigned char next = bytes[*position + index];
        if ((next & 0xC0) != 0x80) return 0xFFFFFFFF;
        scalar = scalar << 6 | (next & 0x3F);
    }
    bool is_surrogate = scalar >= 0xD800 && scalar < 0xE000;
    if (scalar < lowest[size] || scalar > 0x10FFFF || is_surrogate) return 0xFFFFFFFF;
    *position += size;
    return scalar;
}

int64_t cf_put_text(cf_connection *connection, int32_t column, const void *text, size_t length, size_t units_max) {
    cf_cell *cell = &connection->cells[column];
    const unsigned char *bytes = text;
    // A unit takes at most three bytes: far too long texts are known before memory is taken.
    if (length / 3 > units_max) return -2;
    if (length > cell->capacity) {
        // Bytes are never fewer than units.
        size_t wanted = length < 64 ? 64 : length + length / 2;
        uint16_t *units = realloc(cell->units, wanted * sizeof(uint16_t));
        if (!units) return -3;
        cell->units = units;
        cell->capacity = wanted;
    }
    size_t count = 0, position = 0;
    while (position < length) {
        if (bytes[position] < 0x80) {
            cell->units[count++] = bytes[position++];
            continue;
        }
        uint32_t scalar = decode(bytes, length, &position);
        if (scalar == 0xFFFFFFFF) return -1;
        if (scalar >= 0x10000) {
            cell->units[count++] = (uint16_t)(0xD7C0 + (scalar >> 10));
            scalar = 0xDC00 | (scalar & 0x3FF);
        }
        cell->units[count++] = (uint16_t)scalar;
    }
    if (count > units_max) return -2;
    set_address(connection, column, count ? cell->units : nothing);
    // A length of 0 is null to the library; a text that ends at once is empty.
    set_length(connection, column, count ? (DBINT)(count * sizeof(uint16_t)) : LENGTH_BY_TYPE);
    return (int64_t)count;
}
