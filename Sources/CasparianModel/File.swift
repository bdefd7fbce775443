/// SHA-256 of a file's bytes, 64 lower-case hex digits.
public struct ContentHash: Hashable, Codable, Sendable, CustomStringConvertible {
    public let hex: String

    /// Nil unless `hex` is 64 lower-case hex digits.
    public init?(hex: String) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        self.hex = hex
    }

    /// From the 32 bytes of the digest.
    public init(digest: some Sequence<UInt8>) {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
        self.hex = String(unsafeUninitializedCapacity: 64) { text in
            var count = 0
            for byte in digest {
                precondition(count < 64, "a SHA-256 digest has 32 bytes")
                text[count] = digit(byte >> 4)
                text[count + 1] = digit(byte & 15)
                count += 2
            }
            precondition(count == 64, "a SHA-256 digest has 32 bytes")
            return count
        }
    }

    public var description: String { hex }
}

/// As a text; the object `{"hex": ...}` that footers of Parquet files had before is read too.
extension ContentHash {
    private enum CodingKeys: String, CodingKey { case hex }

    public init(from decoder: any Decoder) throws {
        let text: String
        if let object = try? decoder.container(keyedBy: CodingKeys.self) {
            text = try object.decode(String.self, forKey: .hex)
        } else {
            text = try decoder.singleValueContainer().decode(String.self)
        }
        guard let hash = ContentHash(hex: text) else {
            let reason = "a content hash is 64 hex digits, not '\(text)'"
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: reason))
        }
        self = hash
    }

    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(hex)
    }
}

/// A place where a file lies, and which content it last had there: a row of `cf_file_location` with its version.
public struct KnownFile: Hashable, Sendable {
    public var locationID: FileLocationID
    public var sourceRootID: SourceRootID
    /// Path below the root, `/` between parts.
    public var relativePath: String
    public var lastKnownModified: Timestamp?
    public var lastKnownSizeBytes: Int64?
    /// When its content was last read by a scan; nil for a file of the earlier implementation, and for an output.
    public var stamp: FileStamp?
    public var version: FileVersion?
    /// When a scan found that the file is not there any more; nil while it is.
    public var goneSince: Timestamp?

    public init(
        locationID: FileLocationID, sourceRootID: SourceRootID, relativePath: String,
        lastKnownModified: Timestamp? = nil, lastKnownSizeBytes: Int64? = nil, stamp: FileStamp? = nil,
        version: FileVersion? = nil, goneSince: Timestamp? = nil
    ) {
        self.goneSince = goneSince
        self.stamp = stamp
        self.locationID = locationID
        self.sourceRootID = sourceRootID
        self.relativePath = relativePath
        self.lastKnownModified = lastKnownModified
        self.lastKnownSizeBytes = lastKnownSizeBytes
        self.version = version
    }
}

extension KnownFile {
    /// The relative path of the folder it lies in; empty for the root.
    public var folder: String { PathParts.folder(of: relativePath) }
}

/// Relative paths, `/` between parts, taken apart by bytes.
public enum PathParts {
    /// All but the last part; empty if there is only one.
    public static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(path[..<slash])
    }

    /// The last part.
    public static func name(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[path.utf8.index(after: slash)...])
    }

    /// Whether a path is a folder or lies below it; everything lies below the root, which is empty.
    public static func isPath(_ path: String, in folder: String) -> Bool {
        if folder.isEmpty { return true }
        guard path.utf8.starts(with: folder.utf8) else { return false }
        return path.utf8.count == folder.utf8.count || path.utf8.dropFirst(folder.utf8.count).first == UInt8(ascii: "/")
    }
}

/// One content of a file at a place: a row of `cf_file_version`.
public struct FileVersion: Hashable, Sendable {
    public var id: FileVersionID
    public var locationID: FileLocationID
    public var contentHash: String
    public var sizeBytes: Int64
    public var modified: Timestamp
    public var detected: Timestamp
    /// Sorted.
    public var tags: [String]

    public init(
        id: FileVersionID, locationID: FileLocationID, contentHash: String, sizeBytes: Int64, modified: Timestamp,
        detected: Timestamp, tags: [String] = []
    ) {
        self.id = id
        self.locationID = locationID
        self.contentHash = contentHash
        self.sizeBytes = sizeBytes
        self.modified = modified
        self.detected = detected
        self.tags = tags
    }
}
