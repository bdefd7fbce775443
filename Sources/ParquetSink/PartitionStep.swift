import CasparianSinks

/// Where the output of a job into a partitioned table stands, beside `staged`, `rewritten` and `prepared`.
enum PartitionStep: String, SinkStep {
    /// Every file is whole and on the disk.
    case files = "parquet.partition.files"
    /// So is the list of them.
    case listed = "parquet.partition.listed"
    /// The job's rows are going to be there: what comes after is finished by whoever comes next.
    case decided = "parquet.partition.decided"
    /// One more file has its final name.
    case renamed = "parquet.partition.renamed"
    /// The renames would outlive a power cut.
    case synced = "parquet.partition.synced"
    /// Rows that the job's take the place of are gone.
    case replaced = "parquet.partition.replaced"
    /// The list is gone: the promotion is over.
    case ended = "parquet.partition.ended"
}
