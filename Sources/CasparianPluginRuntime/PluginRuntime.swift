import CasparianModel
import Columnar

/// A set of plugins and the way to run them.
///
/// A worker holds one runtime (possibly a `PluginRuntimeGroup` of several) and one `PluginSlot` of it for each of its slots.
public protocol PluginRuntime: Sendable {
    /// Every plugin found, by name; what cannot be loaded is listed with its `loadError`.
    ///
    /// - Throws: `PluginError` when the place itself cannot be read.
    func discover() async throws -> [PluginDescription]

    /// One plugin; nil if there is none of that name.
    ///
    /// - Throws: `PluginError` when the place itself cannot be read.
    func describe(_ name: String) async throws -> PluginDescription?

    /// Everything it offers, each time that this has changed since `discover`. Ends when nobody listens.
    func changes() -> AsyncStream<[PluginDescription]>

    /// A place for one job at a time; made once for each slot and kept, so that interpreters stay warm.
    func makeSlot() -> any PluginSlot

    /// Ends what plugins of processes that died have left running; one text each, for the log. At start.
    func cleanUp() -> [String]
}

extension PluginRuntime {
    public func cleanUp() -> [String] { [] }

    /// For what never changes.
    public func changes() -> AsyncStream<[PluginDescription]> { AsyncStream { $0.finish() } }

    public func describe(_ name: String) async throws -> PluginDescription? {
        try await discover().first { $0.name == name }
    }
}

/// Runs one job at a time on the thread that calls `run`; `cancel` and `shutDown` may come from any thread.
public protocol PluginSlot: AnyObject, Sendable {
    /// Runs a plugin on a file and hands over what it yields and publishes, in order, on the calling thread.
    ///
    /// Blocks until the plugin has ended. A slow `output` slows the plugin: nothing is buffered without bound.
    ///
    /// - Throws: `PluginError` when the plugin failed; whatever `output` threw, after the plugin was stopped.
    func run(_ invocation: PluginInvocation, output: any PluginOutput) throws

    /// Whether a plugin's runs tell the hash of what they read (`PluginOutput.note(contentHash:)`) when it is wanted.
    /// Nobody then reads the file a second time beside it.
    func reportsContentHash(of plugin: String) -> Bool

    /// Whether a plugin may reject parts of a file (`PluginOutput.reject`).
    func mayReject(_ plugin: String) -> Bool

    /// The version of a plugin that a job which begins now is to run; nil where there is only one.
    func edition(of plugin: String) -> PluginEdition?

    /// Stops the running job, if any: `run` then throws `PluginError.cancelled` and no process of the job is left.
    func cancel()

    /// Ends warm processes; the slot is not used again.
    func shutDown()
}

extension PluginSlot {
    public func reportsContentHash(of plugin: String) -> Bool { false }
    public func edition(of plugin: String) -> PluginEdition? { nil }
    public func mayReject(_ plugin: String) -> Bool { false }
}

/// What a plugin is asked to do.
public struct PluginInvocation: Hashable, Sendable {
    public var pluginName: String
    /// SHA-256 in hex of the plugin's source, of the version to run; nil runs the one that is current then.
    public var pluginHash: String?
    /// Absolute path of the file to read.
    public var filePath: String
    public var fileVersionID: FileVersionID
    public var jobID: JobID
    /// JSON object text from the plugin's configuration, or nil.
    public var parameters: String?
    /// Columns of topic `output` that are wanted as they are written: a reader that finds out types leaves them text.
    public var textColumns: Set<String>
    /// A slot that can is to tell the hash of the bytes that it reads.
    public var wantsContentHash: Bool
    /// What a plugin with a process of its own may take of the machine.
    public var resources: ResourceLimits

    public init(
        pluginName: String, filePath: String, fileVersionID: FileVersionID, jobID: JobID, parameters: String? = nil,
        textColumns: Set<String> = [], wantsContentHash: Bool = false, resources: ResourceLimits = ResourceLimits(),
        pluginHash: String? = nil
    ) {
        self.pluginHash = pluginHash
        self.resources = resources
        self.pluginName = pluginName
        self.filePath = filePath
        self.fileVersionID = fileVersionID
        self.jobID = jobID
        self.parameters = parameters
        self.textColumns = textColumns
        self.wantsContentHash = wantsContentHash
    }
}

/// Takes what a plugin makes. Called on the slot's thread only.
public protocol PluginOutput: AnyObject {
    /// Takes a batch of a topic.
    func write(_ batch: RecordBatch, topic: String) throws

    /// Takes parts of the file that a reader of topic `output` could make no rows of: `line` (int64, from 1), `reason`,
    /// `raw` (texts). They go to the topic's quarantine.
    func reject(_ records: RecordBatch) throws

    /// True once the job was cancelled. A slot asks when it has become able to hear `cancel`: a cancel that came before
    /// that is not lost.
    var isCancelled: Bool { get }

    /// Forgets everything written so far for this job: the plugin begins anew.
    ///
    /// Native readers use it when a later part of a file shows that a column's inferred type was too narrow.
    func restart() throws

    /// Takes the most memory that the plugin's process had resident in this job, in bytes; where that is known, before
    /// `run` ends or throws.
    func note(peakBytes: Int64)

    /// Takes the SHA-256 of the whole file as the plugin read it: of the bytes that everything written since the last
    /// `restart` was made of. Before `run` ends, if at all.
    func note(contentHash: ContentHash)
}

extension PluginOutput {
    public var isCancelled: Bool { false }
    public func reject(_ records: RecordBatch) throws {}
    public func note(peakBytes: Int64) {}
    public func note(contentHash: ContentHash) {}
}
