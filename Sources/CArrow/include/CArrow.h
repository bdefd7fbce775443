#ifndef CASPARIAN_CARROW_H
#define CASPARIAN_CARROW_H

// C face of Apache Arrow C++. No C++ exception crosses it: every call that can fail returns false and fills `error`.
// Handles are made by the callee and released by the caller with the matching `_release`; passing one never gives it away.
// A handle is used by one thread at a time, except batches and schemas (immutable) and `ca_source_cancel`.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ca_code {
    CA_OK = 0,
    CA_IO = 1,
    CA_MALFORMED = 2,
    CA_TYPE_CONFLICT = 3,
    CA_UNSUPPORTED = 4,
    CA_INVALID = 5,
    CA_CANCELLED = 6,
};

/// Why a call failed. `line` is 1-based, 0 where there is none. `types` holds `name\x1ftype\x1e` pairs to restart with
/// after CA_TYPE_CONFLICT.
typedef struct ca_error {
    int32_t code;
    int64_t line;
    char message[4096];
    char *types;  // malloc'ed or NULL; free with ca_error_clear
} ca_error;

void ca_error_clear(ca_error *error);

typedef struct ca_schema ca_schema;
typedef struct ca_batch ca_batch;
typedef struct ca_source ca_source;
typedef struct ca_writer ca_writer;

// Schemas
void ca_schema_release(ca_schema *schema);
int32_t ca_schema_field_count(const ca_schema *schema);
/// UTF-8, valid while the schema lives.
const char *ca_schema_field_name(const ca_schema *schema, int32_t index);
const char *ca_schema_field_type(const ca_schema *schema, int32_t index);
bool ca_schema_field_nullable(const ca_schema *schema, int32_t index);
bool ca_schema_equals(const ca_schema *left, const ca_schema *right);
/// The narrowest schema that both fit, matched by name; NULL names the column and both types.
ca_schema *ca_schema_unify(const ca_schema *left, const ca_schema *right, ca_error *error);

// Batches
void ca_batch_release(ca_batch *batch);
int64_t ca_batch_rows(const ca_batch *batch);
int32_t ca_batch_columns(const ca_batch *batch);
int64_t ca_batch_bytes(const ca_batch *batch);
ca_schema *ca_batch_schema(const ca_batch *batch);
ca_batch *ca_batch_slice(const ca_batch *batch, int64_t offset, int64_t length);
/// Adds `_job_id` and `_file_version_id` (int64, not null) as the last columns.
ca_batch *ca_batch_append_lineage(const ca_batch *batch, int64_t job, int64_t version, ca_error *error);
ca_batch *ca_batch_conform(const ca_batch *batch, const ca_schema *schema, ca_error *error);
/// Text of one cell, malloc'ed; NULL for a null cell. `length` gets its bytes.
char *ca_batch_cell(const ca_batch *batch, int32_t column, int64_t row, size_t *length, ca_error *error);
/// Arrow C data interface (arrow/c/abi.h): both structs are filled and owned by the caller.
bool ca_batch_export(const ca_batch *batch, void *arrow_array, void *arrow_schema, ca_error *error);
/// Takes over both structs, also when it fails.
ca_batch *ca_batch_import(void *arrow_array, void *arrow_schema, ca_error *error);

// Rows by the values of some columns. `columns`: "name\x1e...".
typedef struct ca_parts ca_parts;
/// The rows of each combination of values, in the order of first rows, without those columns; slices of one batch.
ca_parts *ca_batch_partition(const ca_batch *batch, const char *columns, ca_error *error);
void ca_parts_release(ca_parts *parts);
int32_t ca_parts_count(const ca_parts *parts);
/// `column=value/...`, percent-encoded as readers of Hive folders decode it; valid while the parts live.
const char *ca_parts_folder(const ca_parts *parts, int32_t index);
ca_batch *ca_parts_batch(const ca_parts *parts, int32_t index);
/// The schema of such rows; NULL when a table cannot be partitioned by one of the columns.
ca_schema *ca_schema_without(const ca_schema *schema, const char *columns, ca_error *error);
/// The rows of several batches of one schema as one, copied.
ca_batch *ca_batch_concatenate(const ca_batch *const *batches, int64_t count, ca_error *error);

// Batches from plain values. `valid` holds a byte for each row, 0 where it is null.
typedef struct ca_columns ca_columns;
ca_columns *ca_columns_create(void);
void ca_columns_release(ca_columns *columns);
bool ca_columns_add_int64(
    ca_columns *columns, const char *name, const int64_t *values, const uint8_t *valid, int64_t count,
    ca_error *error);
bool ca_columns_add_double(
    ca_columns *columns, const char *name, const double *values, const uint8_t *valid, int64_t count,
    ca_error *error);
bool ca_columns_add_bool(
    ca_columns *columns, const char *name, const uint8_t *values, const uint8_t *valid, int64_t count,
    ca_error *error);
/// Row `i` lies in `bytes` from `offsets[i]` to `offsets[i + 1]`.
bool ca_columns_add_string(
    ca_columns *columns, const char *name, const char *bytes, const int64_t *offsets, const uint8_t *valid,
    int64_t count, ca_error *error);
ca_batch *ca_columns_finish(const ca_columns *columns, ca_error *error);

// IPC
/// Decodes one complete IPC stream without copying; `release(context)` is called when the last batch is gone, or before
/// returning false. `batches` gets a malloc'ed array of `count` handles.
bool ca_ipc_decode(
    const void *bytes, int64_t length, void (*release)(void *), void *context, ca_batch ***batches, int64_t *count,
    ca_error *error);
/// One complete IPC stream, malloc'ed.
bool ca_ipc_encode(const ca_batch *batch, void **bytes, int64_t *length, ca_error *error);

// Sources
/// Sees every byte that a source reads from its file, as it lies there, in order, before it is decompressed or decoded.
/// Called on whichever thread reads, one call at a time; `context` must live as long as the source.
typedef struct ca_observer {
    void (*see)(void *context, const uint8_t *bytes, int64_t count);
    void *context;
} ca_observer;

typedef struct ca_csv_options {
    char delimiter;           // 0: found out
    char quote;               // 0: none
    char comment;             // lines that begin with it are passed over; 0: none
    /// Records with another number of fields than the first, or broken quotes: 0 ends with CA_MALFORMED, 1 puts them aside
    /// for ca_source_take_rejected, 2 does that and gives short ones empty fields at their end instead.
    int8_t bad_records;
    bool decimal_comma;       // numbers are written 1,5, and what holds a point is none
    bool has_header;
    bool latin1;              // bytes are ISO 8859-1, not UTF-8
    int32_t threads;          // 0: as many as there are processors
    int64_t block_bytes;      // 0: default
    const char *types;        // "name\x1ftype\x1e..." or NULL
    const char *null_values;  // "text\x1e..." beside the empty field, or NULL
} ca_csv_options;

/// `observer` NULL: none. It sees the pass that makes the rows, not those that only look for types or for a line.
ca_source *ca_csv_open(
    const char *path, const ca_csv_options *options, const ca_observer *observer, ca_error *error);
/// `types` as in ca_csv_options, or NULL; types: string only. `block_bytes` 0: default. `observer` as for CSV.
ca_source *ca_json_open(
    const char *path, const char *types, int64_t block_bytes, const ca_observer *observer, ca_error *error);
ca_source *ca_parquet_open(const char *path, ca_error *error);
ca_source *ca_ipc_open(const char *path, ca_error *error);
ca_source *ca_lines_open(const char *path, bool latin1, const ca_observer *observer, ca_error *error);
void ca_source_release(ca_source *source);
/// Without columns if the source cannot be read; `next` then says why.
ca_schema *ca_source_schema(ca_source *source);
/// True with a batch, or with NULL at the end.
bool ca_source_next(ca_source *source, ca_batch **batch, ca_error *error);
/// Records that are no rows, of what was read since this was asked last: `line` (int64, from 1), `reason`, `raw` (texts);
/// NULL if there are none. Between two `next` and after the last one.
bool ca_source_take_rejected(ca_source *source, ca_batch **batch, ca_error *error);
/// After the last batch: reads on to the end of the file, so that the observer has seen all of it.
bool ca_source_read_rest(ca_source *source, ca_error *error);
/// From any thread: the running and every later `next` fails with CA_CANCELLED.
void ca_source_cancel(ca_source *source);

// Parquet
typedef struct ca_parquet_options {
    const char *compression;  // snappy, zstd, gzip, lz4, brotli, none
    int32_t level;            // INT32_MIN: the codec's own
    int64_t row_group_rows_max;
    int64_t row_group_bytes_max;
    bool threads;
    bool chooses_encodings;  // false: dictionary, then plain, for every column
    const char *key_values;     // "key\x1fvalue\x1e..." for the footer, or NULL
    const char *bloom_columns;  // "name\x1e..." of columns that get a bloom filter, or NULL
} ca_parquet_options;

ca_writer *ca_parquet_create(
    const char *path, const ca_schema *schema, const ca_parquet_options *options, ca_error *error);
bool ca_parquet_write(ca_writer *writer, const ca_batch *batch, ca_error *error);
/// Ends the row group and lets go of the file until the next write, so that little but the index stays in memory.
bool ca_parquet_end_group(ca_writer *writer, ca_error *error);
/// Writes the footer, syncs and closes the file.
bool ca_parquet_finish(ca_writer *writer, int64_t *rows, int64_t *bytes, ca_error *error);
/// Also closes the file, if `finish` has not; what was written stays on disk for the caller to remove.
void ca_parquet_release(ca_writer *writer);
/// What a file's footer says, without its rows: how many there are, and its keys and values ("key\x1fvalue\x1e...",
/// malloc'ed).
bool ca_parquet_footer(const char *path, int64_t *rows, char **key_values, ca_error *error);
/// The file descriptor; -1 after finish.
int ca_parquet_descriptor(const ca_writer *writer);

// Object stores. Paths are `bucket/key`. Handles of a store may be used from any thread.
typedef struct ca_store ca_store;
typedef struct ca_upload ca_upload;
/// `s3://bucket?region=...`; credentials and endpoint come from the environment, as for any AWS client.
ca_store *ca_store_open(const char *uri, ca_error *error);
void ca_store_release(ca_store *store);
/// Bytes of an object; 0 for a bucket or a folder, -1 if there is none.
bool ca_store_size(const ca_store *store, const char *path, int64_t *size, ca_error *error);
/// Names of the objects right below a folder ("name\x1e...", malloc'ed).
bool ca_store_names(const ca_store *store, const char *folder, char **names, ca_error *error);
/// As ca_parquet_footer.
bool ca_store_footer(const ca_store *store, const char *path, int64_t *rows, char **key_values, ca_error *error);
/// No error if there is no such object.
bool ca_store_remove(const ca_store *store, const char *path, ca_error *error);
/// Sends all of a local file; the object is not there before `complete`.
ca_upload *ca_upload_begin(const ca_store *store, const char *file, const char *path, ca_error *error);
/// Makes the object, in the place of one that is there.
bool ca_upload_complete(ca_upload *upload, ca_error *error);
/// Takes back what was sent, if it is not complete; releases the handle.
void ca_upload_abort(ca_upload *upload);

#ifdef __cplusplus
}
#endif

#include "Contract.h"
#include "PlainColumns.h"

#endif
