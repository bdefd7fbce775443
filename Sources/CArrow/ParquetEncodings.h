#pragma once
#include <arrow/api.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

namespace casparian {

/// Chooses how each column is encoded, by writing a sample of its first rows to memory in every way that its type allows
/// and comparing what that takes.
///
/// A dictionary pays where values repeat. Where they do not, it is built and thrown away in every row group; integers,
/// dates and times are then smaller as differences (DELTA_BINARY_PACKED), texts without the lengths between them
/// (DELTA_LENGTH_BYTE_ARRAY) or without what they share with the one before (DELTA_BYTE_ARRAY), floating-point numbers
/// byte by byte (BYTE_STREAM_SPLIT). All of them: Parquet's Encodings.md.
///
/// `rows` is how many a row group will have; `properties` holds the codec, and gets the choices.
void choose_encodings(
    const arrow::RecordBatch &sample, const parquet::SchemaDescriptor &columns, int64_t rows, bool threads,
    parquet::WriterProperties::Builder &properties);

}  // namespace casparian
