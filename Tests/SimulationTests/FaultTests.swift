import CasparianCatalog
import CasparianModel
import Foundation
import Testing

@Suite("Sentinel and workers under faults") struct FaultTests {
    /// How many seeds; the gate takes more.
    static let seeds: Int = ProcessInfo.processInfo.environment["CASPARIAN_SEEDS"].flatMap { Int($0) } ?? 50

    @Test("every job ends once, as it must, with its rows in the target once", arguments: 0..<seeds)
    func seed(_ seed: Int) async throws {
        var simulation = Simulation(seed: UInt64(seed))
        try await simulation.run()
        let jobs = try await simulation.catalog.jobs(JobFilter())
        #expect(jobs.count == Simulation.jobCount)
        for listed in jobs {
            let job = listed.job
            let isPoison = Simulation.isPoison(job.id)
            #expect(job.status == (isPoison ? .failed : .completed), "job \(job.id): \(job.errorMessage ?? "")")
            #expect(simulation.conclusions[job.id] == 1, "job \(job.id): \(job.errorMessage ?? "")")
            #expect(simulation.promoted.contains(job.id) == !isPoison, "job \(job.id): \(job.errorMessage ?? "")")
        }
        #expect(simulation.scheduler?.runningCount == 0)
        #expect(simulation.faults > 10)
    }

    @Test("the same seed gives the same story")
    func repeatable() async throws {
        var first = Simulation(seed: 4711)
        var second = Simulation(seed: 4711)
        try await first.run()
        try await second.run()
        #expect(first.runs == second.runs)
        #expect(first.faults == second.faults)
    }
}
