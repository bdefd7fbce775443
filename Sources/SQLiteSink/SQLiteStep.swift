import CasparianSinks

/// Where a process may die on the way of a job's rows into a SQLite table.
enum SQLiteStep: String, SinkStep {
    /// The first batch is staged.
    case staged = "sqlite.staged"
    /// Staging got new columns or wider types.
    case widened = "sqlite.widened"
    case prepared = "sqlite.prepared"
    /// In the transaction: nothing is done yet.
    case promoting = "sqlite.promoting"
    /// In the transaction: the rows are in, the ledger not.
    case inserted = "sqlite.inserted"
    /// In the transaction: all is done but its end.
    case entered = "sqlite.entered"
    /// The rows are visible, staging is still there.
    case committed = "sqlite.committed"
    case cleaned = "sqlite.cleaned"
}
