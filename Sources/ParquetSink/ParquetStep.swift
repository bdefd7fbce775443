import CasparianSinks

/// Where a job's Parquet output stands; each is passed after what it names is done.
enum ParquetStep: String, SinkStep {
    /// The first rows are in staging.
    case staged = "parquet.staged"
    /// What was staged has wider columns now.
    case rewritten = "parquet.rewritten"
    /// The footer is written and the file is on the disk.
    case footer = "parquet.footer"
    /// Nothing but the promotion is left.
    case prepared = "parquet.prepared"
    /// The file stands where the one was whose rows it replaces; that one has the staging file's name.
    case exchanged = "parquet.exchanged"
    /// The file has its final name.
    case renamed = "parquet.renamed"
    /// The rename would outlive a power cut.
    case synced = "parquet.synced"
    /// Rows that the job's take the place of are gone.
    case replaced = "parquet.replaced"
}
