import Columnar

/// Follows the columns of one job's batches for one target.
public struct StagedSchema {
    /// What a batch asks of staging.
    public enum Step {
        /// Write it as it is.
        case same
        /// Nothing is staged yet: begin with this schema.
        case begin(Schema)
        /// Cast the batch to what is staged.
        case cast(Schema)
        /// What is staged must be cast to this schema first, then the batch.
        case widen(Schema)
    }

    public private(set) var schema: Schema?

    public init() {}

    /// Decides about one batch; remembers the outcome.
    ///
    /// - Throws: `ColumnarError`: `.typeConflict` that names the column and both types, `.invalid` when a column stands
    ///   twice.
    public mutating func step(for batch: Schema) throws(ColumnarError) -> Step {
        guard let current = schema else {
            // Columns go by name, so each needs its own.
            _ = try batch.unified(with: batch)
            schema = batch
            return .begin(batch)
        }
        if current == batch { return .same }
        let unified = try current.unified(with: batch)
        if unified == current { return .cast(current) }
        schema = unified
        return .widen(unified)
    }

    public mutating func reset() { schema = nil }
}
