import CasparianModel

/// One row of the ledger table that every SQL target has beside its tables: a job's rows are in a table of it.
///
/// It is written in the transaction that promotes the rows, so that rows and entry are there together or not at all.
/// Columns, in this order: `target`, `job_id`, `file_version_id`, `plugin`, `topic`, `file`, `content_hash`, `rows`,
/// `promoted_at`, `replaced_by`; the primary key is (`target`, `job_id`).
public struct LedgerEntry: Hashable, Sendable {
    /// The ledger's name, in the same database, and schema where there are schemas.
    public static let table = "_casparian_ledger"

    /// Name of the table that holds the rows, as the artifact's URI has it.
    public var target: String
    public var origin: RowOrigin
    public var rows: Int64
    public var promotedAt: Timestamp
    /// The job whose rows took these ones' place (`mode=replace`); the entry stays, so that the older job, tried again,
    /// does not bring them back.
    public var replacedBy: JobID?

    public init(
        target: String, origin: RowOrigin, rows: Int64, promotedAt: Timestamp, replacedBy: JobID? = nil
    ) {
        self.target = target
        self.origin = origin
        self.rows = rows
        self.promotedAt = promotedAt
        self.replacedBy = replacedBy
    }
}

/// What a SQL sink does with its staged rows, by what the ledger says about its table.
public enum LedgerDecision: Hashable, Sendable {
    /// Add the rows and an entry; delete the rows of these jobs and mark their entries as replaced.
    case promote(replacing: [JobID])
    /// An earlier attempt promoted this job: leave everything as it is.
    case alreadyPromoted(rows: Int64)
}

extension SinkRequest {
    /// Decides by the entries of one target.
    ///
    /// - Parameter entries: At least those of this job and of its plugin, topic and file.
    /// - Throws: `SinkError` with `.rejected`: rows of another job with this id, or what the mode forbids.
    public func decide(by entries: [LedgerEntry]) throws(SinkError) -> LedgerDecision {
        if let own = entries.first(where: { $0.origin.jobID == jobID }) {
            try checkOwn(own.origin, at: own.target)
            return .alreadyPromoted(rows: own.rows)
        }
        let present = entries.filter { $0.replacedBy == nil }
        return .promote(replacing: try replaced(among: present.map(\.origin)).map(\.jobID))
    }
}
