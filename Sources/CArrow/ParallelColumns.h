#pragma once
// The columns of a Parquet row group, encoded side by side: a slow column does not hold up the others, and the reader
// goes on meanwhile.

#include <arrow/api.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_writer.h>

#include <memory>

namespace casparian {

class ParallelColumns {
   public:
    /// Whether every column is a plain one; lists and structs need levels that only Arrow's own writer makes.
    static bool can_write(const arrow::Schema &schema);

    ParallelColumns(
        parquet::ParquetFileWriter &file, std::shared_ptr<arrow::Schema> schema,
        std::shared_ptr<parquet::ArrowWriterProperties> properties, bool threads);
    /// Waits for what runs; what is only queued is dropped.
    ~ParallelColumns();

    /// Queues a batch; waits while too much is queued. Throws what went wrong earlier.
    void add(std::shared_ptr<arrow::RecordBatch> batch, int64_t bytes);
    /// Everything queued so far is encoded, and the row group is written to the file.
    void end_group();

   private:
    class State;
    parquet::ParquetFileWriter &file_;
    std::shared_ptr<State> state_;
    parquet::RowGroupWriter *group_ = nullptr;
};

}  // namespace casparian
