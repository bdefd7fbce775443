import CasparianModel
import Columnar

/// Where one topic's rows of one job go. Stage, then promote.
///
/// Calls come from one thread, in this order: any number of `write`, then `prepare` and `commit`, or `discard` at any
/// point before `commit`. `reset` goes back to the beginning. Nothing is visible at the target before `commit`; when
/// the process dies in between, the next attempt of the same job (same id) finds or removes what is left.
public protocol Sink: AnyObject {
    /// Stages a batch. The lineage columns are in it already, as the last two.
    ///
    /// Batches of one job may differ in their columns: the sink widens by name (docs/sinks.md) or throws.
    /// - Throws: `SinkError`.
    func write(_ batch: RecordBatch) throws

    /// Forgets what was staged; the job begins anew.
    func reset() throws

    /// Does everything that can fail, so that only the promotion is left: flush, fsync, check the target and the mode.
    /// What is staged then outlives the process, for `SinkFactory.resume`.
    ///
    /// - Throws: `SinkError`; the caller then discards every sink of the job.
    func prepare() throws

    /// Promotes. Idempotent by job id: a job whose promotion a crash interrupted or hid is promoted once.
    ///
    /// - Returns: What is now at the target, also if an earlier attempt put it there; nil if the topic received no rows
    ///   (nothing is promoted, no error).
    func commit() throws -> Artifact?

    /// Removes staging. Never throws; what cannot be removed is left for the next start's clean-up.
    func discard()
}

/// Opens sinks of one URI scheme.
public protocol SinkFactory: Sendable {
    /// Such as `parquet`.
    var scheme: String { get }

    /// Opens a sink; makes no file and no table before the first `write`.
    ///
    /// - Throws: `SinkError` when the URI means nothing here or the target cannot be reached.
    func open(_ request: SinkRequest) throws -> any Sink

    /// Removes staging that earlier processes left behind: of jobs that no longer run, at start.
    ///
    /// - Returns: What was removed, one text each, for the log.
    func removeLeftovers() throws -> [String]

    /// Opens what an earlier process prepared and did not live to commit.
    ///
    /// - Parameters:
    ///   - request: As it was opened with.
    ///   - rows: How many rows it had prepared; staging that holds another number is not it.
    /// - Returns: A sink that only `commit` is left to call on, also if the job is promoted already; nil if neither its
    ///   promotion nor its whole staging is there, so that the job has to run again.
    func resume(_ request: SinkRequest, rows: Int64) throws -> (any Sink)?

    /// The highest job id that has rows at a place, 0 if there is none: runs without a state database count from there.
    func highestJobID(at uri: SinkURI) throws -> Int64

    /// Names of the `SinkStep`s that its sinks pass.
    var steps: [String] { get }
}

extension SinkFactory {
    public func resume(_ request: SinkRequest, rows: Int64) throws -> (any Sink)? { nil }
    public func highestJobID(at uri: SinkURI) throws -> Int64 { 0 }
    public var steps: [String] { [] }
}

/// What a sink needs to know about its job.
public struct SinkRequest: Hashable, Sendable {
    public var uri: SinkURI
    public var topic: String
    public var mode: SinkMode
    public var schemaDefinition: String?
    public var jobID: JobID
    public var fileVersionID: FileVersionID
    public var pluginName: String
    /// As the plugin's manifest has it, where it is known.
    public var pluginVersion: String?
    /// SHA-256 in hex of the plugin's source, where it is known.
    public var pluginHash: String?
    /// The source file.
    public var filePath: String
    /// SHA-256 of the source file's content, where it is known.
    public var contentHash: ContentHash?

    public init(
        uri: SinkURI, topic: String, mode: SinkMode = .append, schemaDefinition: String? = nil, jobID: JobID,
        fileVersionID: FileVersionID, pluginName: String, pluginVersion: String? = nil,
        pluginHash: String? = nil, filePath: String, contentHash: ContentHash? = nil
    ) {
        self.pluginHash = pluginHash
        self.uri = uri
        self.topic = topic
        self.mode = mode
        self.schemaDefinition = schemaDefinition
        self.jobID = jobID
        self.fileVersionID = fileVersionID
        self.pluginName = pluginName
        self.pluginVersion = pluginVersion
        self.filePath = filePath
        self.contentHash = contentHash
    }
}
