/// A row id of one catalog table, so that a job's id is never passed where a file version's is meant.
///
/// Catalog ids are SQLite integer primary keys, hence signed. On the wire a job id is unsigned; see `CasparianWire`.
public protocol CatalogIdentifier: RawRepresentable, Hashable, Comparable, Codable, Sendable, CustomStringConvertible,
    ExpressibleByIntegerLiteral
where RawValue == Int64 {
    init(rawValue: Int64)
}

extension CatalogIdentifier {
    /// Wraps a bare id.
    public init(_ rawValue: Int64) { self.init(rawValue: rawValue) }
    public init(integerLiteral value: Int64) { self.init(rawValue: value) }
    public var description: String { String(rawValue) }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A job: `cf_processing_queue.id`. Stable across attempts.
public struct JobID: CatalogIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// One content of one file: `cf_file_version.id`.
public struct FileVersionID: CatalogIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// A place where a file lies: `cf_file_location.id`.
public struct FileLocationID: CatalogIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// A folder that is scanned: `cf_source_root.id`.
public struct SourceRootID: CatalogIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// A routing or ignore rule, topic configuration or manifest: the `id` of its table.
public struct RuleID: CatalogIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}
