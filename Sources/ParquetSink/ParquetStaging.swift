import CasparianModel
import CasparianSinks
import Columnar

/// How the rows of one topic of one job are kept until their promotion, and how they are promoted.
///
/// Calls come as `ParquetSink` gets them, with columns sorted out: `begin`, then `write` and `widen`.
protocol ParquetStaging: AnyObject {
    /// Takes up what an earlier process prepared, so that only `promote` is left.
    ///
    /// - Parameter rows: How many rows it had prepared.
    /// - Returns: False if neither the job's promotion nor its whole staging is there.
    /// - Throws: `SinkError`; transient when a living process holds the staging.
    func takeUp(rows: Int64) throws -> Bool
    /// Begins with the columns of the first rows.
    func begin(_ schema: Schema) throws
    /// Adds rows that have the columns agreed on.
    func write(_ batch: RecordBatch) throws
    /// Casts what is there to wider columns.
    func widen(to schema: Schema) throws
    /// Writes and checks everything, so that it outlives the process.
    func prepare() throws
    /// Promotes, or finds that an earlier attempt did; nil if there is nothing.
    func promote() throws -> Artifact?
    func discard()
}
