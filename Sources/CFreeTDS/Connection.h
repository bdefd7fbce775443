#ifndef CASPARIAN_CFREETDS_CONNECTION_H
#define CASPARIAN_CFREETDS_CONNECTION_H

#include "CFreeTDS.h"

#include <sqlfront.h>
#include <sybdb.h>

/// What a column of a bulk copy has bound.
typedef struct cf_cell {
    int32_t kind;
    /// What bcp_collen was last told.
    DBINT length;
    /// Whether an empty text is bound where binary usually is.
    bool is_empty_text;
    union {
        DBBIT bit;
        DBINT integer;
        DBBIGINT big;
        DBFLT8 number;
        DBDECIMAL decimal;
        DBDATETIMEALL moment;
        unsigned char identifier[16];
    } value;
    /// UTF-16 of a text.
    uint16_t *units;
    size_t capacity;
} cf_cell;

struct cf_connection {
    DBPROCESS *process;
    cf_error error;
    cf_cell *cells;
    int32_t cell_count;
    /// Whether binding a cell failed since the last row.
    bool has_failed;
};

/// Makes a connection the one that this thread's errors go to, with none yet.
void cf_enter(cf_connection *connection);
/// Ends what `cf_enter` began.
void cf_leave(void);
/// Copies the first error out, or a text of ours where the library gave none, and leaves; always false.
bool cf_fail(cf_connection *connection, cf_error *error, const char *otherwise);
/// Frees what a bulk copy bound.
void cf_cells_release(cf_connection *connection);

#endif
