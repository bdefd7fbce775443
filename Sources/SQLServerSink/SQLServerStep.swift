import CasparianSinks

/// Where a process may die on the way of a job's rows into a table of SQL Server.
enum SQLServerStep: String, SinkStep {
    /// The staging table is made and locked, without rows.
    case created = "mssql.created"
    /// The first batch is on its way into staging.
    case staged = "mssql.staged"
    /// Staging got new columns or wider types.
    case widened = "mssql.widened"
    case prepared = "mssql.prepared"
    /// In the transaction: nothing is done yet.
    case promoting = "mssql.promoting"
    /// In the transaction: the rows are in, the ledger not.
    case inserted = "mssql.inserted"
    /// In the transaction: all is done but its end.
    case entered = "mssql.entered"
    /// The rows are visible, staging is still there.
    case committed = "mssql.committed"
    case cleaned = "mssql.cleaned"
}
