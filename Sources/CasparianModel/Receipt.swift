/// One thing a job made: a file or the rows it put into a table.
public struct Artifact: Hashable, Sendable {
    public var topic: String
    public var uri: String
    /// Rows and bytes in it, where the worker said so (a plain v4 worker does not).
    public var rows: Int64?
    public var sizeBytes: Int64?
    /// SHA-256 in hex, where the worker said so.
    public var contentHash: String?

    public init(topic: String, uri: String, rows: Int64? = nil, sizeBytes: Int64? = nil, contentHash: String? = nil) {
        self.topic = topic
        self.uri = uri
        self.rows = rows
        self.sizeBytes = sizeBytes
        self.contentHash = contentHash
    }
}

/// A worker's account of one finished attempt: the payload of CONCLUDE.
public struct JobReceipt: Hashable, Sendable {
    public enum Status: String, Codable, Sendable {
        case success = "SUCCESS"
        case failed = "FAILED"
    }

    public var status: Status
    /// At least `rows` and `size_bytes`; see `rows`, `sizeBytes`.
    public var metrics: [String: Int64]
    public var artifacts: [Artifact]
    /// Why it failed: the whole traceback, exit status or signal. Nil on success.
    public var errorMessage: String?
    /// Which attempt this concludes, where the worker knows.
    public var attempt: Int?
    /// The kind of failure, where the worker said so. Nil on success.
    public var cause: FailureCause?
    /// The signal that ended the plugin's process, where one did and the worker said so.
    public var exitSignal: Int?
    /// SHA-256 in hex of the plugin's source, of the version that ran; nil for built-in readers and plain workers.
    public var pluginHash: String?

    public init(
        status: Status, metrics: [String: Int64] = [:], artifacts: [Artifact] = [], errorMessage: String? = nil,
        attempt: Int? = nil, cause: FailureCause? = nil, exitSignal: Int? = nil, pluginHash: String? = nil
    ) {
        self.pluginHash = pluginHash
        self.status = status
        self.metrics = metrics
        self.artifacts = artifacts
        self.errorMessage = errorMessage
        self.attempt = attempt
        self.cause = cause
        self.exitSignal = exitSignal
    }

    public static let rowsMetric = "rows"
    public static let sizeBytesMetric = "size_bytes"
    /// Rows that did not fit their topic's contract; there if a topic of the job has one.
    public static let quarantinedMetric = "quarantined"
    /// Microseconds from the job's start in a slot to its end; only our workers give it.
    public static let elapsedMetric = "elapsed_us"
    /// Most resident memory of the plugin's process in bytes, where it is known.
    public static let peakBytesMetric = "peak_bytes"
    public var rows: Int64 { metrics[Self.rowsMetric] ?? 0 }
    public var sizeBytes: Int64 { metrics[Self.sizeBytesMetric] ?? 0 }
    public var quarantined: Int64 { metrics[Self.quarantinedMetric] ?? 0 }
    /// The attempt ended since the file was not the version that it was about; the job ends SKIPPED.
    public var isOfChangedFile: Bool { status == .failed && cause == .changed }
    /// In bytes.
    public var peakBytes: Int64? { metrics[Self.peakBytesMetric] }
}
