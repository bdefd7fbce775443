import CasparianModel
import Foundation
import Testing

/// Files change at any moment of scans and parses; what gets into tables is whole contents, each once.
@Suite struct ChangeModelTests {
    /// Runs of seeds. `CASPARIAN_SEEDS` says how many, `CASPARIAN_FIRST_SEED` where to begin, and `CASPARIAN_SEED` takes one.
    static let blocks: [Range<UInt64>] = {
        func number(_ name: String) -> UInt64? { ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } }
        if let only = number("CASPARIAN_SEED") { return [only..<only + 1] }
        let first = number("CASPARIAN_FIRST_SEED") ?? 0
        let end = first + (number("CASPARIAN_SEEDS") ?? 100)
        let size: UInt64 = 10
        return stride(from: first, to: end, by: Int(size)).map { $0..<min($0 + size, end) }
    }()

    @Test("Every content that stays is promoted once, whole, and nothing else is", arguments: blocks)
    func seeds(_ block: Range<UInt64>) async throws {
        for seed in block {
            var model = try await ChangeModel(seed: seed)
            if let violation = try await model.run() { Issue.record("seed \(seed): \(violation)") }
        }
    }

    @Test("The folder changes while files are parsed, so that the other test means something")
    func meaning() async throws {
        var changed = 0
        for seed in 5_000..<5_020 as Range<UInt64> {
            var model = try await ChangeModel(seed: seed)
            #expect(try await model.run() == nil)
            changed += model.causes[.changed] ?? 0
        }
        #expect(changed > 10)
    }
}
