import CasparianCatalog
import CasparianModel
import Testing

/// What a job's events may say, one after the other.
private struct Life {
    enum State { case new, waiting, running, lost, ended }
    private(set) var state = State.new
    private(set) var attempt = 1

    /// - Returns: Why the event cannot follow, or nil.
    mutating func take(_ event: JobEvent) -> String? {
        let before = state
        switch (state, event.kind) {
        case (.new, .queued): state = .waiting
        case (.waiting, .claimed): state = .running
        // Whatever became of its lease: its output is promoted.
        case (.waiting, .succeeded): state = .ended
        case (.running, .succeeded), (.running, .failed): state = .ended
        case (.running, .lost): state = .lost
        // After `failed`: it is tried again by itself.
        case (.waiting, .due), (.running, .cancelling): break
        case (.lost, .requeued), (.ended, .requeued):
            state = .waiting
            attempt += 1
        case (.waiting, .cancelled), (.running, .cancelled), (.lost, .cancelled), (.ended, .cancelled): state = .ended
        default: return "\(event.kind) after \(before)"
        }
        return event.attempt == attempt ? nil : "\(event.kind) of attempt \(event.attempt ?? 0), not \(attempt)"
    }
}

@Suite("The event log under faults") struct EventOrderTests {
    @Test("tells each job's life in an order that can be, up to how the job stands", arguments: 0..<10 as Range<UInt64>)
    func order(_ seed: UInt64) async throws {
        var simulation = Simulation(seed: 31_000 + seed, jumpsClock: false)
        let violation = try await simulation.run()
        try #require(violation == nil)
        let catalog = simulation.catalog
        let all = try await catalog.jobEvents(JobEventFilter(limit: .max))
        #expect(all.map(\.id) == Array(1...Int64(all.count)))
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.at <= $1.at })
        for listed in try await catalog.jobs(JobFilter()) {
            let job = listed.job
            let events = all.filter { $0.jobID == job.id }
            var life = Life()
            for event in events {
                if let problem = life.take(event) { Issue.record("job \(job.id): \(problem)") }
            }
            #expect(life.state == .ended && life.attempt == job.retryCount + 1)
            #expect(events.last?.kind == Self.last(job.status))
            let attempts = try await catalog.attempts(of: job.id)
            #expect(attempts.filter { $0.outcome == JobAttempt.lost }.count == events.count { $0.kind == .lost })
            #expect(Set(attempts.map(\.attempt)).count == attempts.count)
        }
    }

    private static func last(_ status: JobStatus) -> JobEvent.Kind {
        switch status {
        case .completed: .succeeded
        case .skipped: .cancelled
        default: .failed
        }
    }
}
