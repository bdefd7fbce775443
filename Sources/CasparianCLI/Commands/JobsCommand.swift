import ArgumentParser
import CasparianCatalog
import CasparianModel

struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "The queue and what came of it.",
        discussion: """
            Examples:
              casparian jobs list --status FAILED
              casparian jobs --dead
              casparian jobs show 17
              casparian jobs retry 17
              casparian jobs cancel 17
              casparian jobs wait --timeout 600
            """,
        subcommands: [List.self, Show.self, Retry.self, Cancel.self, Wait.self], defaultSubcommand: List.self)

    static let columns: [Column<JobListing>] = [
        Column("job_id", "JOB", numeric: true) { .integer($0.job.id.rawValue) },
        Column("status") { .text($0.job.status.rawValue) },
        Column("plugin") { .text($0.job.pluginName) },
        Column("file") { .text($0.filePath) },
        Column("rows", numeric: true) { .integer($0.rows) },
        Column("size_bytes", "BYTES", numeric: true) { .integer($0.sizeBytes) },
        Column("error") { .text($0.job.errorMessage.map(lastLine)) },
        Column("quarantined", numeric: true) { .integer($0.quarantined) },
        Column("not_before") { .text($0.course.notBefore?.description) },
    ]

    /// The line of a traceback that names the reason.
    static func lastLine(_ text: String) -> String { FailureText.lastLine(text) }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List jobs, newest last.",
            discussion: "Example:\n  casparian jobs list --status FAILED --json")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @Option(help: "Only jobs in this state.") var status: JobStatus?
        @Option(help: "Only jobs of this plugin.") var plugin: String?
        @Flag(help: "Only jobs that failed after every attempt they had.") var dead = false
        @Option(help: "At most so many.") var limit = 10_000

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            let filter = JobFilter(status: status, plugin: plugin, isDead: dead, limit: limit)
            let jobs = try await catalog.jobs(filter)
            Listing(columns: JobsCommand.columns, whenEmpty: "No jobs.").print(jobs, json: listing.json)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything about one job, the whole error included.",
            discussion: "Example:\n  casparian jobs show 17")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @Argument(help: "The job's id.") var id: Int64

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            guard let found = try await catalog.job(id: JobID(id)) else { throw JobsCommand.unknown(id) }
            let artifacts = try await catalog.artifacts(ArtifactFilter(job: JobID(id)))
            let events = try await catalog.jobEvents(JobEventFilter(job: JobID(id)))
            let job = found.job
            let pairs: [(String, JSONLine.Value)] = [
                ("job_id", .integer(job.id.rawValue)), ("status", .text(job.status.rawValue)),
                ("plugin", .text(job.pluginName)), ("file", .text(found.filePath)),
                ("file_version_id", .integer(job.fileVersionID.rawValue)), ("content_hash", .text(found.contentHash)),
                ("priority", .integer(Int64(job.priority))), ("retry_count", .integer(Int64(job.retryCount))),
                ("worker_host", .text(job.workerHost)), ("worker_pid", .integer(job.workerPID)),
                ("claim_time", .text(job.claimTime?.description)), ("end_time", .text(job.endTime?.description)),
                ("rows", .integer(found.rows)), ("size_bytes", .integer(found.sizeBytes)),
                ("result", .text(job.resultSummary)), ("error", .text(job.errorMessage)),
                ("artifacts", .list(artifacts.map { JSONLine.Value.artifact($0.artifact) })),
                ("quarantined", .integer(found.quarantined)), ("strikes", .integer(Int64(found.course.strikes))),
                ("not_before", .text(found.course.notBefore?.description)), ("dead", .flag(found.course.isDead)),
                ("cancelled_by", .text(found.course.cancelledBy)),
            ]
            if listing.json {
                let all = pairs + [("events", .list(events.map(EventsCommand.value)))]
                return Terminal.line(JSONLine.encode(all))
            }
            for (key, value) in pairs { Terminal.line("\(key): \(TextTable.text(value))") }
            for event in events { Terminal.line("event: \(EventsCommand.line(event))") }
        }
    }

    static func unknown(_ id: Int64) -> ExitStatus {
        ExitStatus.misuse("there is no job \(id); `casparian jobs list` shows them")
    }
}

extension JobStatus: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}
