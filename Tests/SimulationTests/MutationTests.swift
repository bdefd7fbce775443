import Testing

@Suite("Planted bugs") struct MutationTests {
    /// A bug that none of so many seeds finds is not found.
    static let seedsMax: UInt64 = 1_000

    @Test(arguments: Mutation.allCases)
    func `Each breaks an invariant within 1,000 seeds`(_ mutation: Mutation) async throws {
        for seed in 0..<Self.seedsMax {
            var simulation = Simulation(seed: seed, mutation: mutation)
            guard let violation = try await simulation.run() else { continue }
            // Says how well it bites.
            print("\(mutation): seed \(seed) \(violation)")
            return
        }
        Issue.record("no seed finds \(mutation)")
    }
}
