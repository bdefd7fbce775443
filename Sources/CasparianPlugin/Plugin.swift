@_exported import CasparianModel
@_exported import Columnar
import Foundation

/// A plugin that is a program of its own: it turns a file into rows.
///
/// ```swift
/// @main struct Sales: Plugin {
///     static let manifest = PluginManifest(pattern: "*.sales", topic: "sales", version: "1.0.0")
///
///     func consume(_ event: FileEvent, _ output: Output) async throws {
///         try output.write(columns: [("id", .int64([1, 2])), ("name", .string(["a", nil]))])
///     }
/// }
/// ```
///
/// Put the built program into the plugins folder as `<name>.plugin`. It speaks the guest protocol
/// (docs/guest-protocol.md) and serves one job after another; a value of the type is made for each.
public protocol Plugin: Sendable {
    /// Which files it wants and where its topics go.
    static var manifest: PluginManifest { get }

    init()

    /// Reads the event's file and hands over its rows. Whatever is thrown fails the job, and nothing of it becomes visible.
    func consume(_ event: FileEvent, _ output: Output) async throws
}

extension Plugin {
    /// Serves the worker until it closes the channel.
    public static func main() async { await PluginRunner.run(Self.self) }
}

/// The file that a job is about.
public struct FileEvent: Hashable, Sendable {
    /// Absolute.
    public var path: String
    /// The version of the file.
    public var fileID: Int64
    public var jobID: Int64
    /// The plugin's parameters, a JSON object; nil without any.
    public var parametersJSON: String?

    public init(path: String, fileID: Int64 = 0, jobID: Int64 = 0, parametersJSON: String? = nil) {
        self.path = path
        self.fileID = fileID
        self.jobID = jobID
        self.parametersJSON = parametersJSON
    }

    /// The parameters as a type of the plugin's; without any, of `{}`.
    ///
    /// - Throws: `DecodingError`.
    public func parameters<Values: Decodable>(as type: Values.Type) throws -> Values {
        try JSONDecoder().decode(type, from: Data((parametersJSON ?? "{}").utf8))
    }
}

/// Where a job's rows go. May be used from any thread; blocks while the sinks are slower.
public final class Output: Sendable {
    /// What `write` sends to.
    public static let topic = "output"

    private let send: @Sendable (String, RecordBatch) throws -> Void

    /// - Parameter send: Takes a batch of a topic.
    public init(_ send: @escaping @Sendable (String, RecordBatch) throws -> Void) { self.send = send }

    /// Sends rows to topic `output`.
    public func write(_ batch: RecordBatch) throws { try publish(Self.topic, batch) }

    /// The same, from plain values, equally many in each column.
    ///
    /// - Throws: `ColumnarError` when columns differ in length; `PluginChannelError` when the worker is gone.
    public func write(columns: [(name: String, values: ColumnValues)]) throws {
        try write(RecordBatch(columns: columns))
    }

    /// Sends rows to a topic of that name, in the order of calls.
    public func publish(_ topic: String, _ batch: RecordBatch) throws {
        guard batch.rowCount > 0 else { return }
        try send(topic, batch)
    }
}
