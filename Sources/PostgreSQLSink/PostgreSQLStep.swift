import CasparianSinks

/// Where a process may die on the way of rows into PostgreSQL.
enum PostgreSQLStep: String, SinkStep {
    /// The staging table is made.
    case staged = "postgresql.staged"
    /// All rows are staged and checked.
    case prepared = "postgresql.prepared"
    /// In the promotion's transaction, its lock held, the ledger read.
    case promoting = "postgresql.promoting"
    /// In it, the rows in the target.
    case inserted = "postgresql.inserted"
    /// In it, the ledger written; only COMMIT is left.
    case recorded = "postgresql.recorded"
    case committed = "postgresql.committed"
    /// Nothing is held any more.
    case cleaned = "postgresql.cleaned"
}
