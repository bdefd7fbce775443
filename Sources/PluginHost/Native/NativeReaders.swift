import CasparianModel
import CasparianPluginRuntime
import Columnar

/// The built-in plugins: `csv`, `jsonl`, `parquet`, `lines`. A folder of files becomes tables with no code at all.
public struct NativeReaders: PluginRuntime {
    public static let version = "1.0.0"

    public init() {}

    public func discover() async throws -> [PluginDescription] {
        NativeFormat.allCases.map { format in
            PluginDescription(
                name: format.rawValue, contentHash: nil,
                manifest: PluginManifest(version: Self.version, description: format.summary))
        }
    }

    public func makeSlot() -> any PluginSlot { NativeSlot() }
}

/// What a built-in plugin reads.
enum NativeFormat: String, CaseIterable {
    case csv, jsonl, lines, parquet

    /// Whether the pass that makes the rows reads the file once from its beginning to its end.
    var isReadInOrder: Bool { self != .parquet }

    var summary: String {
        switch self {
        case .csv: "Built in: delimited text; types are found out"
        case .jsonl: "Built in: JSON lines, or one array of objects"
        case .lines: "Built in: plain text, one row a line"
        case .parquet: "Built in: Parquet files"
        }
    }
}
