import CasparianCatalog
import CasparianModel
import Foundation
import Testing

@Suite("Sentinel and workers under faults") struct FaultTests {
    /// Runs of seeds, so that a million of them are not a million test cases. `CASPARIAN_SEEDS` says how many (the gate
    /// takes more), `CASPARIAN_FIRST_SEED` where to begin, and `CASPARIAN_SEED` replays one.
    static let blocks: [Range<UInt64>] = {
        func number(_ name: String) -> UInt64? { ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } }
        if let only = number("CASPARIAN_SEED") { return [only..<only + 1] }
        let first = number("CASPARIAN_FIRST_SEED") ?? 0
        let end = first + (number("CASPARIAN_SEEDS") ?? 50)
        let size: UInt64 = 25
        return stride(from: first, to: end, by: Int(size)).map { $0..<min($0 + size, end) }
    }()
    static let isReplay = ProcessInfo.processInfo.environment["CASPARIAN_SEED"] != nil

    @Test("every job ends once, as it must, with its rows in the target once", arguments: blocks)
    func seeds(_ block: Range<UInt64>) async throws {
        for seed in block {
            var simulation = Simulation(seed: seed, isTraced: Self.isReplay)
            if let violation = try await simulation.run() {
                Issue.record(
                    "seed \(seed): \(violation). `CASPARIAN_SEED=\(seed) make soak` tells what led to it")
                continue
            }
            #expect(simulation.invariants.standings.count == Simulation.jobCount)
            #expect(simulation.faults > 10)
        }
    }

    @Test("an hour later every job is as it was, the cancelled ones, too", arguments: 8_000..<8_006 as Range<UInt64>)
    func later(_ seed: UInt64) async throws {
        var simulation = Simulation(seed: seed)
        try #require(try await simulation.run() == nil)
        #expect(!simulation.cancelled.isEmpty)
        #expect(try await simulation.anHourLater() == nil)
    }

    @Test("the same seed gives the same story")
    func repeatable() async throws {
        var first = Simulation(seed: 4711)
        var second = Simulation(seed: 4711)
        try await first.run()
        try await second.run()
        #expect(first.runs == second.runs)
        #expect(first.faults == second.faults)
        #expect(first.random.next() == second.random.next())
        #expect(first.agenda.now == second.agenda.now)
    }
}
