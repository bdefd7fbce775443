import Foundation
import Testing

@testable import CasparianWire

/// What libFuzzer found worth keeping (`make fuzz`), without libFuzzer.
@Suite struct CorpusTests {
    @Test func `Every kept input is refused, or means the same after it was encoded`() throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = tests.appendingPathComponent("fuzz/corpus").path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        var taken: [WireOperation: Int] = [:]
        for name in names {
            let input = Array(try #require(FileManager.default.contents(atPath: folder + "/" + name)))
            let payload = Array(input.dropFirst(WireMessage.headerBytes))
            for operation in WireOperation.allCases {
                guard let body = try? WireMessage.decodeBody(operation, payload) else { continue }
                taken[operation, default: 0] += 1
                let message = WireMessage(jobID: 1, body)
                #expect(try WireMessage.decode(message.encode()) == message, "\(name)")
            }
        }
        // The inputs reach what they are kept for.
        #expect(taken.count == WireOperation.allCases.count)
    }
}
