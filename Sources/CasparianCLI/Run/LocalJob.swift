import CasparianModel
import CasparianWorker

/// One file of `casparian run`.
struct LocalJob: Sendable {
    var order: JobOrder
    var inputBytes: Int64
}

/// What became of it.
struct LocalJobResult: Sendable {
    var job: LocalJob
    var receipt: JobReceipt
    /// From the first look at the file to the promoted output.
    var elapsed: Duration
    /// The plugin's part of it; the rest is writing.
    var reading: Duration
    /// Empty unless asked for.
    var previews: [TopicPreview]
    /// Reading ended when the preview was full: counts are of what was read.
    var isCutShort: Bool

    var writing: Duration { max(elapsed - reading, .zero) }
    var hasFailed: Bool { receipt.status == .failed }
    var rows: Int64 { isCutShort ? previews.reduce(0) { $0 + $1.rows } : receipt.rows }
}
