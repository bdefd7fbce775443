/// A batch of rows.
public final class RecordBatch: Sendable {}
