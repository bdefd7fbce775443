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
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        precondition(text.count == 64, "a SHA-256 digest has 32 bytes")
        self.hex = String(decoding: text, as: UTF8.self)
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

    public init(
        locationID: FileLocationID, sourceRootID: SourceRootID, relativePath: String,
        lastKnownModified: Timestamp? = nil, lastKnownSizeBytes: Int64? = nil, stamp: FileStamp? = nil,
        version: FileVersion? = nil
    ) {
        self.stamp = stamp
        self.locationID = locationID
        self.sourceRootID = sourceRootID
        self.relativePath = relativePath
        self.lastKnownModified = lastKnownModified
        self.lastKnownSizeBytes = lastKnownSizeBytes
        self.version = version
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
