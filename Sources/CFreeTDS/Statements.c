#include "Connection.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 1000000, NUMBER_BYTES = 64 };

typedef struct cf_part {
    size_t start;
    size_t length;
    bool is_null;
} cf_part;

struct cf_rows {
    int64_t count;
    int32_t columns;
    cf_part *parts;
    size_t part_count, part_capacity;
    char *text;
    size_t text_length, text_capacity;
};

void cf_rows_release(cf_rows *rows) {
    if (!rows) return;
    free(rows->parts);
    free(rows->text);
    free(rows);
}

int64_t cf_rows_count(const cf_rows *rows) { return rows->count; }
int32_t cf_rows_columns(const cf_rows *rows) { return rows->columns; }

const char *cf_rows_cell(const cf_rows *rows, int64_t row, int32_t column, size_t *length) {
    *length = 0;
    if (row >= rows->count || column >= rows->columns) return NULL;
    const cf_part *part = &rows->parts[row * rows->columns + column];
    if (part->is_null) return NULL;
    *length = part->length;
    return rows->text + part->start;
}

static bool reserve(void **memory, size_t *capacity, size_t wanted, size_t size) {
    if (wanted <= *capacity) return true;
    size_t larger = wanted * 2;
    void *moved = realloc(*memory, larger * size);
    if (!moved) return false;
    *memory = moved;
    *capacity = larger;
    return true;
}

static bool add_cell(cf_rows *rows, DBPROCESS *process, int column) {
    if (!reserve((void **)&rows->parts, &rows->part_capacity, rows->part_count + 1, sizeof(cf_part))) return false;
    cf_part *part = &rows->parts[rows->part_count++];
    const BYTE *data = dbdata(process, column);
    DBINT length = dbdatlen(process, column);
    int type = dbcoltype(process, column);
    part->start = rows->text_length;
    part->length = 0;
    // An empty text has a length of 0 as a null has, but an address.
    part->is_null = !data;
    if (!data) return reserve((void **)&rows->text, &rows->text_capacity, rows->text_length + 1, 1);
    bool is_text = type == SYBCHAR || type == SYBVARCHAR || type == SYBTEXT;
    size_t wanted = rows->text_length + (is_text ? (size_t)length : NUMBER_BYTES) + 1;
    if (!reserve((void **)&rows->text, &rows->text_capacity, wanted, 1)) return false;
    char *text = rows->text + rows->text_length;
    if (is_text) {
        memcpy(text, data, (size_t)length);
    } else {
        length = dbconvert(process, type, data, length, SYBCHAR, (BYTE *)text, NUMBER_BYTES);
        if (length < 0) return false;
    }
    part->length = (size_t)length;
    rows->text_length += (size_t)length;
    return true;
}

static bool read_rows(cf_rows *rows, DBPROCESS *process) {
    int columns = dbnumcols(process);
    if (columns > 0) {
        // Rows of the last result that has any.
        rows->count = 0;
        rows->columns = columns;
        rows->part_count = 0;
        rows->text_length = 0;
    }
    STATUS status;
    while ((status = dbnextrow(process)) == REG_ROW) {
        if (rows->count >= ROWS_MAX) return false;
        for (int column = 1; column <= columns; column++) {
            if (!add_cell(rows, process, column)) return false;
        }
        rows->count++;
    }
    return status == NO_MORE_ROWS;
}

static bool run(cf_rows *rows, DBPROCESS *process, const char *sql) {
    dbfreebuf(process);
    if (dbcmd(process, sql) != SUCCEED || dbsqlexec(process) != SUCCEED) return false;
    RETCODE code;
    while ((code = dbresults(process)) == SUCCEED) {
        if (!read_rows(rows, process)) return false;
    }
    return code == NO_MORE_RESULTS;
}

cf_rows *cf_run(cf_connection *connection, const char *sql, cf_error *error) {
    cf_enter(connection);
    cf_rows *rows = calloc(1, sizeof *rows);
    bool is_done = rows && run(rows, connection->process, sql);
    // A statement that fails after others of its batch did not fail tells so by its message alone.
    if (is_done && !connection->error.number) {
        cf_leave();
        return rows;
    }
    if (!dbdead(connection->process)) dbcancel(connection->process);
    cf_fail(connection, error, "the statement failed");
    cf_rows_release(rows);
    return NULL;
}
