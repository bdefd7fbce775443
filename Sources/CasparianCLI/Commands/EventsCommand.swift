import ArgumentParser
import CasparianCatalog
import CasparianModel

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "What happened to jobs, in order.",
        discussion: """
            The newest events, oldest of them first. With --follow it goes on with each new one until SIGINT.

            Examples:
              casparian events --limit 20
              casparian events --follow --json
              casparian events --job 17
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions
    @Flag(help: "Go on with what happens from now on.") var follow = false
    @Option(help: "Only of this job.") var job: Int64?
    @Option(help: "At most so many of those that are there.") var limit = 1000

    static let columns: [Column<JobEvent>] = [
        Column("id", numeric: true) { .integer($0.id) },
        Column("at") { .text($0.at.description) },
        Column("job_id", "JOB", numeric: true) { .integer($0.jobID.rawValue) },
        Column("kind") { .text($0.kind.rawValue) },
        Column("attempt", numeric: true) { .integer($0.attempt.map(Int64.init)) },
        Column("worker") { .text($0.worker) },
        Column("detail") { .text($0.detail) },
    ]

    /// Longest wait for a change before looking by itself.
    static let pollInterval = Duration.seconds(1)
    /// Events read at once while following.
    static let pageSize = 10_000

    func validate() throws {
        if limit < 0 { throw ValidationError("--limit is 0 or more") }
    }

    func run() async throws {
        let catalog = try await project.openExistingCatalog()
        let id = job.map { JobID($0) }
        if let id, try await catalog.job(id: id) == nil { throw JobsCommand.unknown(id.rawValue) }
        // Before the list: what comes between the two is shown once, by the list.
        var last = try await catalog.jobEvents(JobEventFilter(limit: 1)).last?.id ?? 0
        let events = try await catalog.jobEvents(JobEventFilter(job: id, limit: limit))
        Listing(columns: Self.columns, whenEmpty: follow ? "" : "No events.").print(events, json: listing.json)
        last = max(last, events.last?.id ?? 0)
        while follow {
            let new = try await catalog.jobEvents(JobEventFilter(job: id, after: last, limit: Self.pageSize))
            for event in new { Terminal.line(listing.json ? Self.json(event) : Self.line(event)) }
            last = new.last?.id ?? last
            if new.count < Self.pageSize { await catalog.waitForChange(timeout: Self.pollInterval) }
            try Task.checkCancellation()
        }
    }

    private static func json(_ event: JobEvent) -> String {
        JSONLine.encode(columns.map { ($0.key, $0.value(event)) })
    }

    /// An event inside another object of `--json`.
    static func value(_ event: JobEvent) -> JSONLine.Value {
        .object(columns.map { ($0.key, $0.value(event)) })
    }

    /// `2026-01-02 03:04:05.000000  job 17  failed  attempt 1  4711@host  ValueError: no`
    static func line(_ event: JobEvent) -> String {
        var parts = [event.at.description, "job \(event.jobID)", event.kind.rawValue]
        if let attempt = event.attempt { parts.append("attempt \(attempt)") }
        parts += [event.worker, event.detail].compactMap { $0 }
        return parts.joined(separator: "  ")
    }
}
