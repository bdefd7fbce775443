import CasparianModel
import Foundation
import Testing

@Suite struct ValueTests {
    @Test func `A content hash is a text in JSON, and the object of before is read`() throws {
        let hex = String(repeating: "0a", count: 32)
        let hash = try #require(ContentHash(hex: hex))
        #expect(try JSONEncoder().encode([hash]) == Data("[\"\(hex)\"]".utf8))
        for text in ["[\"\(hex)\"]", "[{\"hex\": \"\(hex)\"}]"] {
            #expect(try JSONDecoder().decode([ContentHash].self, from: Data(text.utf8)) == [hash])
        }
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([ContentHash].self, from: Data("[\"0a\"]".utf8))
        }
    }

    @Test func `A content hash is 64 lower-case hex digits`() {
        let hex = String(repeating: "0123456789abcdef", count: 4)
        #expect(ContentHash(hex: hex)?.description == hex)
        for text in ["", hex.dropLast() + "", hex + "0", hex.uppercased(), hex.dropLast() + "g", hex.dropLast() + "é"] {
            #expect(ContentHash(hex: String(text)) == nil, "\(text)")
        }
        #expect(ContentHash(digest: (0..<32).map { UInt8($0 * 8) }).hex.hasPrefix("0008101820283038"))
        #expect(ContentHash(digest: Array(repeating: 0xff, count: 32)).hex == String(repeating: "f", count: 64))
    }

    @Test(arguments: [
        (-1_000_000, 100), (0, 100), (86_399, 100), (86_400, 50), (7 * 86_400 - 1, 50), (7 * 86_400, 10), (1 << 33, 10),
    ])
    func `A job's priority falls with the age of its file, at a day and at a week`(_ ageSeconds: Int, _ priority: Int) {
        let now = Timestamp(secondsSinceEpoch: 1_750_000_000)
        #expect(JobPriority.forFile(modified: now.advanced(by: .seconds(-ageSeconds)), now: now) == priority)
    }

    @Test func `A file that is a microsecond short of a day is fresh`() {
        let now = Timestamp(secondsSinceEpoch: 1_750_000_000)
        let modified = now.advanced(by: .zero - .seconds(86_400) + .microseconds(1))
        #expect(JobPriority.forFile(modified: modified, now: now) == 100)
    }

    @Test func `Only jobs that ended are terminal`() {
        #expect(JobStatus.allCases.filter(\.isTerminal) == [.completed, .failed, .skipped])
        #expect(
            JobStatus.allCases.map(\.rawValue) == ["PENDING", "QUEUED", "RUNNING", "COMPLETED", "FAILED", "SKIPPED"])
    }

    @Test func `A manifest that leaves out or nulls its fields has the defaults`() throws {
        let defaults = PluginManifest(
            pattern: nil, topic: nil, priority: 50, subscriptions: [], sinks: [:], version: "1.0.0", description: nil)
        for text in ["{}", #"{"priority": null, "sinks": null, "version": null, "subscriptions": null, "new": 1}"#] {
            #expect(try JSONDecoder().decode(PluginManifest.self, from: Data(text.utf8)) == defaults)
        }
        for text in [#"{"priority": "high"}"#, #"{"subscriptions": "a"}"#, #"{"sinks": {"a": 1}}"#, "[]"] {
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(PluginManifest.self, from: Data(text.utf8)) }
        }
    }

    @Test func `A topic nobody configured goes to a Parquet file of plugin and topic`() {
        let sink = SinkConfig.fallback(plugin: "p", topic: "errors")
        #expect(sink == SinkConfig(topic: "errors", uri: "parquet://p_errors.parquet", mode: .append))
    }

    @Test func `A receipt without metrics counts nothing`() {
        #expect(JobReceipt(status: .failed).rows == 0 && JobReceipt(status: .failed).sizeBytes == 0)
        let receipt = JobReceipt(status: .success, metrics: ["rows": 3, "size_bytes": 9])
        #expect(receipt.rows == 3 && receipt.sizeBytes == 9)
    }
}
