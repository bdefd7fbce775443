import CasparianSinks

/// Where the output of a job into an object store stands, beside `staged`, `rewritten`, `footer` and `prepared`.
enum ObjectStep: String, SinkStep {
    /// Every byte is sent; the object is not there yet.
    case uploaded = "parquet.s3.uploaded"
    /// The object is there.
    case completed = "parquet.s3.completed"
    /// Rows that the job's take the place of are gone.
    case replaced = "parquet.s3.replaced"
    /// So is the staging file.
    case ended = "parquet.s3.ended"
}
