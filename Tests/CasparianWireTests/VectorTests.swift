import CasparianModel
import Foundation
import Testing

@testable import CasparianWire

/// The vectors that a plain v4 peer encoded.
struct Vectors: Decodable {
    struct Valid: Decodable {
        let name, op, job_id, header_hex, payload_utf8: String
    }
    struct Invalid: Decodable {
        let name: String
        let frames_hex: [String]
    }
    let valid: [Valid]
    let invalid: [Invalid]

    static func load() throws -> Vectors {
        let url = try #require(
            Bundle.module.url(forResource: "protocol_v4", withExtension: "json", subdirectory: "Vectors"))
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: url))
    }

    static func bytes(hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).map { index in
            UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
        }
    }
}

@Suite struct VectorTests {
    @Test("every valid vector decodes to its operation and job, and encodes to the same header and JSON")
    func validVectors() throws {
        let vectors = try Vectors.load().valid
        #expect(vectors.count == 15)
        for vector in vectors {
            let header = Vectors.bytes(hex: vector.header_hex)
            let payload = Array(vector.payload_utf8.utf8)
            let message = try WireMessage.decode([header, payload])
            #expect(message.operation.name == vector.op, "\(vector.name)")
            #expect(String(message.jobID) == vector.job_id, "\(vector.name)")
            let frames = message.encode()
            #expect(Array(frames[0].prefix(12)) == Array(header.prefix(12)), "\(vector.name)")
            if payload.isEmpty {
                #expect(frames[1].isEmpty)
            } else {
                #expect(try JSONValue(parsing: frames[1]) == JSONValue(parsing: payload), "\(vector.name)")
            }
        }
    }

    @Test("every invalid vector is rejected with a typed error")
    func invalidVectors() throws {
        let vectors = try Vectors.load().invalid
        #expect(vectors.count == 16)
        for vector in vectors {
            #expect(throws: WireError.self, "\(vector.name)") {
                _ = try WireMessage.decode(vector.frames_hex.map(Vectors.bytes(hex:)))
            }
        }
    }

    @Test("booleans, fractions and texts are not taken for integers")
    func strictTypes() {
        for metric in ["true", "1.0", "\"1\"", "null"] {
            let payload = Array("{\"status\":\"SUCCESS\",\"metrics\":{\"rows\":\(metric)},\"artifacts\":[]}".utf8)
            #expect(throws: WireError.self) { _ = try WireMessage.decodeBody(.conclude, payload) }
        }
    }

    @Test("unknown fields are ignored")
    func unknownFields() throws {
        let payload = Array("{\"status\":\"IDLE\",\"current_job_id\":null,\"mood\":{\"x\":[1,2]}}".utf8)
        #expect(try WireMessage.decodeBody(.heartbeat, payload) == .heartbeat(HeartbeatPayload(status: .idle)))
    }

    @Test("extensions survive a round trip")
    func extensions() throws {
        var identify = IdentifyPayload(capabilities: ["a"], workerID: "w")
        identify.protocolExtensions = ["lease"]
        identify.slots = 2
        identify.backlog = 8
        identify.host = "h"
        identify.pid = 7
        identify.plugins = [
            PluginDescription(
                name: "a", contentHash: "x",
                manifest: PluginManifest(
                    pattern: "*.csv", topic: "t", subscriptions: ["s"], sinks: ["o": "parquet://o"]),
                loadError: "no")
        ]
        let message = WireMessage(.identify(identify))
        #expect(try WireMessage.decode(message.encode()) == message)
        let receipt = JobReceipt(
            status: .success, metrics: ["rows": 3], artifacts: [Artifact(topic: "o", uri: "u", rows: 3, sizeBytes: 9)],
            attempt: 2)
        let conclude = WireMessage(jobID: 5, .conclude(receipt))
        #expect(try WireMessage.decode(conclude.encode()) == conclude)
    }

    @Test("random bytes never crash the decoder", arguments: 0..<8)
    func randomBytes(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        let alphabet = Array("{}[]\":,\\u0123eE+-.truefalsn ".utf8) + [0, 0xFF, 0xC3]
        for _ in 0..<5000 {
            let payload = (0..<Int(next() % 64)).map { _ in alphabet[Int(next() % UInt64(alphabet.count))] }
            for operation in WireOperation.allCases { _ = try? WireMessage.decodeBody(operation, payload) }
            _ = try? WireMessage.decode([payload, payload])
        }
    }
}

extension WireOperation {
    var name: String { self == .error ? "ERR" : "\(self)".uppercased() }
}
