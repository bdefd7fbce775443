#pragma once
#include <arrow/api.h>
#include <parquet/properties.h>

namespace casparian {

/// Chooses how each column is encoded, from a sample of its first rows.
///
/// A dictionary pays where values repeat. Where they do not, it is built and thrown away in every row group; integers,
/// dates and timestamps are then smaller as differences (DELTA_BINARY_PACKED, Parquet's Encodings.md), the rest plain.
void choose_encodings(
    const arrow::RecordBatch &sample, int64_t row_group_rows, parquet::WriterProperties::Builder &properties);

}  // namespace casparian
