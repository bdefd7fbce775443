#ifndef CASPARIAN_CFREETDS_H
#define CASPARIAN_CFREETDS_H

// SQL Server through FreeTDS's db-lib: connections, statements with small results, bulk copy.
//
// db-lib's handlers of errors and messages belong to the process. Here they write into the connection that the calling
// thread is working with, so that many threads can each have connections of their own. One connection must not be used
// by two threads at once.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cf_connection cf_connection;
typedef struct cf_rows cf_rows;

enum { CF_MESSAGE_BYTES = 2048 };

/// The first error of a call.
typedef struct cf_error {
    /// SQL Server's number if the server said it, else db-lib's; 0 if there is none.
    int32_t number;
    int32_t severity;
    bool from_server;
    char text[CF_MESSAGE_BYTES];
} cf_error;

/// Whom to log in as; texts are UTF-8.
typedef struct cf_login {
    const char *user;
    const char *password;
    const char *database;
    const char *program;
} cf_login;

/// Opens a connection to the section `server` of a configuration file in FreeTDS's form; waits for other threads that
/// are opening one, as the file's name belongs to the process. NULL and `error` on failure.
cf_connection *cf_open(const char *configuration_path, const char *server, const cf_login *login, cf_error *error);
void cf_close(cf_connection *connection);

/// Whether the connection is gone and nothing can be sent any more.
bool cf_is_dead(cf_connection *connection);

/// Runs a batch and reads all its rows; NULL and `error` if any of its statements failed.
cf_rows *cf_run(cf_connection *connection, const char *sql, cf_error *error);
void cf_rows_release(cf_rows *rows);
int64_t cf_rows_count(const cf_rows *rows);
int32_t cf_rows_columns(const cf_rows *rows);
/// A cell as text; NULL for null. Valid as long as the rows.
const char *cf_rows_cell(const cf_rows *rows, int64_t row, int32_t column, size_t *length);

/// How a column's cells are given to bulk copy.
enum cf_kind {
    CF_BIT = 0,
    CF_INT = 1,
    CF_BIGINT = 2,
    CF_FLOAT = 3,
    CF_DECIMAL = 4,
    CF_DATE = 5,
    CF_TIME = 6,
    CF_DATETIME2 = 7,
    CF_DATETIMEOFFSET = 8,
    CF_NVARCHAR = 9,
    CF_VARBINARY = 10,
    CF_UNIQUEIDENTIFIER = 11,
};

/// Begins a bulk copy into a table (a name as SQL has it) whose columns are of these kinds, in order; all of them.
/// `scales` counts for CF_DECIMAL. False and `error` on failure.
bool cf_bulk_begin(
    cf_connection *connection, const char *table, const int32_t *kinds, const int32_t *scales, int32_t count,
    cf_error *error);

// The cells of the next row; a column's cell stays until it is set again.
void cf_put_null(cf_connection *connection, int32_t column);
/// CF_BIT, CF_INT, CF_BIGINT.
void cf_put_integer(cf_connection *connection, int32_t column, int64_t value);
void cf_put_float(cf_connection *connection, int32_t column, double value);
/// The digits as one integer, little-endian two's complement of 16 bytes, at most 38 digits.
void cf_put_decimal(cf_connection *connection, int32_t column, const void *value);
/// Days since 1970-01-01 and tenths of microseconds since midnight, in UTC for CF_DATETIMEOFFSET; its offset in minutes.
void cf_put_moment(cf_connection *connection, int32_t column, int32_t days, uint64_t ticks, int16_t offset);
/// UTF-8 of at most `units_max` UTF-16 units: how many, or -1 if it is not UTF-8, -2 if it is longer, -3 without memory.
int64_t cf_put_text(
    cf_connection *connection, int32_t column, const void *bytes, size_t length, size_t units_max);
/// The bytes must live until the row is sent.
void cf_put_bytes(cf_connection *connection, int32_t column, const void *bytes, size_t length);
/// 16 bytes as they are written in text.
void cf_put_identifier(cf_connection *connection, int32_t column, const void *bytes);

/// Sends the row. After a failure the connection is of no use: part of the row may be on its way.
bool cf_bulk_send(cf_connection *connection, cf_error *error);
/// Makes the rows sent until now durable; how many the server took since the last time, -1 and `error` on failure.
int64_t cf_bulk_batch(cf_connection *connection, cf_error *error);
/// Ends the bulk copy; how many rows the server took since the last batch, -1 and `error` on failure.
int64_t cf_bulk_end(cf_connection *connection, cf_error *error);

#ifdef __cplusplus
}
#endif

#endif
