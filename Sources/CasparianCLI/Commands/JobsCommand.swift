import ArgumentParser
import CasparianCatalog
import CasparianModel

struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "The queue and what came of it.",
        discussion: """
            Examples:
              casparian jobs list --status FAILED
              casparian jobs show 17
              casparian jobs retry 17
              casparian jobs wait --timeout 600
            """,
        subcommands: [List.self, Show.self, Retry.self, Wait.self], defaultSubcommand: List.self)

    static let columns: [Column<JobListing>] = [
        Column("job_id", "JOB", numeric: true) { .integer($0.job.id.rawValue) },
        Column("status") { .text($0.job.status.rawValue) },
        Column("plugin") { .text($0.job.pluginName) },
        Column("file") { .text($0.filePath) },
        Column("rows", numeric: true) { .integer($0.rows) },
        Column("size_bytes", "BYTES", numeric: true) { .integer($0.sizeBytes) },
        Column("error") { .text($0.job.errorMessage.map(lastLine)) },
        Column("quarantined", numeric: true) { .integer($0.quarantined) },
    ]

    /// The line of a traceback that names the reason.
    static func lastLine(_ text: String) -> String {
        let lines = text.split(separator: "\n").filter { !$0.allSatisfy(\.isWhitespace) }
        let body = lines.prefix { !$0.hasPrefix("--- last output") }
        return String(body.last ?? lines.last ?? "")
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List jobs, newest last.",
            discussion: "Example:\n  casparian jobs list --status FAILED --json")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @Option(help: "Only jobs in this state.") var status: JobStatus?
        @Option(help: "Only jobs of this plugin.") var plugin: String?
        @Option(help: "At most so many.") var limit = 10_000

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            let jobs = try await catalog.jobs(JobFilter(status: status, plugin: plugin, limit: limit))
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
                ("quarantined", .integer(found.quarantined)),
            ]
            if listing.json { return Terminal.line(JSONLine.encode(pairs)) }
            for (key, value) in pairs { Terminal.line("\(key): \(TextTable.text(value))") }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Queue failed jobs again, under the same ids.",
            discussion: "Examples:\n  casparian jobs retry 17 18\n  casparian jobs retry --all-failed")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The jobs' ids.") var ids: [Int64] = []
        @Flag(help: "Every failed job.") var allFailed = false

        func validate() throws {
            if ids.isEmpty != allFailed { throw ValidationError("name job ids, or --all-failed") }
        }

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            let wanted =
                allFailed
                ? try await catalog.jobs(JobFilter(status: .failed)).map(\.job.id) : ids.map { JobID($0) }
            for id in wanted {
                guard let found = try await catalog.job(id: id) else { throw JobsCommand.unknown(id.rawValue) }
                guard try await catalog.retry(job: id, now: Clock.now()) else {
                    throw ExitStatus.misuse(
                        "job \(id) is \(found.job.status.rawValue); only FAILED and SKIPPED jobs are retried")
                }
                Terminal.line("Job \(id) is queued again")
            }
            if wanted.isEmpty { Terminal.line("No job has failed.") }
        }
    }

    struct Wait: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Wait until jobs have ended; exit status 1 if one of them failed.",
            discussion: "Example:\n  casparian jobs wait 17 --timeout 600")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The jobs' ids; none waits for the whole queue.") var ids: [Int64] = []
        @Option(help: "Give up after so many seconds.") var timeout: Double?

        func run() async throws {
            try await JobWaiter(catalog: try await project.openExistingCatalog(), ids: ids.map { JobID($0) })
                .wait(timeout: timeout.map { .milliseconds(Int64($0 * 1000)) })
        }
    }

    static func unknown(_ id: Int64) -> ExitStatus {
        ExitStatus.misuse("there is no job \(id); `casparian jobs list` shows them")
    }
}

extension JobStatus: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}
