import CasparianModel
import Columnar
import Foundation

/// What a guest says (docs/guest-protocol.md).
enum GuestFrame {
    case hello(Hello)
    case data(topic: String, batches: [RecordBatch])
    case done(Done)
    case failed(Failed)
    case plugin(Plugin)

    struct Hello: Decodable {
        var `protocol`: Int
        var language: String?
        /// It knows the order to load a plugin ahead.
        var loads: Bool?
        var version: String?
    }

    struct Done: Decodable {
        var rows: Int64?
        var residentBytes: Int64?
        enum CodingKeys: String, CodingKey {
            case rows
            case residentBytes = "resident_bytes"
        }
    }

    struct Failed: Decodable {
        var code: String?
        var message: String
        var residentBytes: Int64?
        enum CodingKeys: String, CodingKey {
            case code, message
            case residentBytes = "resident_bytes"
        }
    }

    /// A file in discovery: its manifest, or why it cannot be loaded.
    struct Plugin: Decodable {
        var manifest: PluginManifest?
        var contentHash: String?
        var error: String?
        enum CodingKeys: String, CodingKey {
            case manifest, error
            case contentHash = "content_hash"
        }
    }
}

/// First byte of a frame.
enum GuestFrameType {
    static let hello = UInt8(ascii: "H")
    static let data = UInt8(ascii: "B")
    static let done = UInt8(ascii: "E")
    static let failed = UInt8(ascii: "F")
    static let plugin = UInt8(ascii: "P")
    static let job = UInt8(ascii: "J")
    static let describe = UInt8(ascii: "D")
    static let load = UInt8(ascii: "L")
}

/// What the host asks for.
enum GuestOrder {
    struct Job: Encodable {
        var plugin: String
        var module: String
        var contentHash: String?
        /// Its bytes; sent to a guest once for each version.
        var source: Data?
        var filePath: String
        var fileID: Int64
        var jobID: Int64
        var parameters: String?
        enum CodingKeys: String, CodingKey {
            case plugin, module, source, parameters
            case contentHash = "content_hash"
            case filePath = "file_path"
            case fileID = "file_id"
            case jobID = "job_id"
        }
    }

    struct Describe: Encodable {
        var module: String
        /// Its bytes; nil of a program, which is the module itself.
        var source: Data?
    }

    /// Answered like `Describe`; the module stays loaded.
    struct Load: Encodable {
        var module: String
        var contentHash: String
        var source: Data
        enum CodingKeys: String, CodingKey {
            case module, source
            case contentHash = "content_hash"
        }
    }
}
