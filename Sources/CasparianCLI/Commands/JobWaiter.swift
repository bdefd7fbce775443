import CasparianCatalog
import CasparianModel

/// Waits for jobs to end, woken by changes of the catalog.
struct JobWaiter {
    let catalog: any Catalog
    /// None means every job.
    let ids: [JobID]

    /// Longest time between two looks at the catalog when nothing tells of a change.
    static let pollInterval = Duration.milliseconds(500)

    /// - Throws: `ExitStatus`: 1 when a job failed or the timeout passed, 64 for an unknown id.
    func wait(timeout: Duration?) async throws {
        let start = ContinuousClock.now
        let progress = ProgressLine()
        defer { progress.clear() }
        while true {
            let open = try await openJobs()
            if open == 0 { break }
            if let timeout, ContinuousClock.now - start > timeout {
                throw ExitStatus.failed("\(Format.count(open, "job")) had not ended after \(Format.duration(timeout))")
            }
            progress.show("waiting for \(Format.count(open, "job"))")
            await catalog.waitForChange(timeout: Self.pollInterval)
            try Task.checkCancellation()
        }
        let failed = try await failedJobs()
        if failed > 0 {
            throw ExitStatus.failed("\(Format.count(failed, "job")) failed; `casparian jobs list --status FAILED`")
        }
    }

    private func openJobs() async throws -> Int {
        if ids.isEmpty {
            let summary = try await catalog.queueSummary()
            return summary.count(.pending) + summary.count(.queued) + summary.count(.running)
        }
        var open = 0
        for id in ids {
            guard let found = try await catalog.job(id: id) else { throw JobsCommand.unknown(id.rawValue) }
            if !found.job.status.isTerminal { open += 1 }
        }
        return open
    }

    private func failedJobs() async throws -> Int {
        if ids.isEmpty { return try await catalog.queueSummary().count(.failed) }
        var failed = 0
        for id in ids where try await catalog.job(id: id)?.job.status == .failed { failed += 1 }
        return failed
    }
}
