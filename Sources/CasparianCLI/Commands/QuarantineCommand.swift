import ArgumentParser
import CasparianCatalog
import CasparianModel
import CasparianPlanning
import CasparianSinks

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Rows that did not fit their contract: see them, mend, run again.",
        discussion: """
            Examples:
              casparian quarantine                       which files have such rows
              casparian quarantine show 17               the rows of job 17, and why
              casparian quarantine replay --plugin csv   run those files again, after the plugin or the contract was mended
            """,
        subcommands: [List.self, Show.self, Replay.self], defaultSubcommand: List.self)

    /// A job that left rows in quarantine, and no later job of its plugin and file took their place.
    struct Entry: Sendable {
        var listing: JobListing
        var artifacts: [Artifact]
    }

    /// - Parameter jobs: Only these; empty for all.
    static func entries(
        in catalog: any Catalog, plugin: String? = nil, jobs: [Int64] = []
    ) async throws -> [Entry] {
        var newest: [String: JobListing] = [:]
        for listing in try await catalog.jobs(JobFilter(status: .completed, plugin: plugin)) {
            let key = listing.job.pluginName + "\u{0}" + listing.filePath
            if let known = newest[key], known.job.id > listing.job.id { continue }
            newest[key] = listing
        }
        let found = newest.values.filter { listing in
            (listing.quarantined ?? 0) > 0 && (jobs.isEmpty || jobs.contains(listing.job.id.rawValue))
        }
        var entries: [Entry] = []
        for listing in found.sorted(by: { $0.job.id < $1.job.id }) {
            let made = try await catalog.artifacts(ArtifactFilter(job: listing.job.id)).map(\.artifact)
            entries.append(
                Entry(listing: listing, artifacts: made.filter { $0.topic.hasSuffix(Quarantine.suffix) }))
        }
        return entries
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the jobs that left rows in quarantine.",
            discussion: "Example:\n  casparian quarantine list --plugin csv --json")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @Option(help: "Only of this plugin.") var plugin: String?

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            Self.table.print(try await QuarantineCommand.entries(in: catalog, plugin: plugin), json: listing.json)
        }

        private static let table = Listing<Entry>(
            columns: [
                Column("job_id", "JOB", numeric: true) { .integer($0.listing.job.id.rawValue) },
                Column("plugin") { .text($0.listing.job.pluginName) },
                Column("rows", numeric: true) { .integer($0.listing.rows) },
                Column("quarantined", numeric: true) { .integer($0.listing.quarantined) },
                Column("file") { .text($0.listing.filePath) },
                Column("uris") { .list($0.artifacts.map { .text($0.uri) }) },
            ], whenEmpty: "No rows in quarantine.")
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a job's rows in quarantine: where in the file, which column, why, and the whole row.",
            discussion: """
                Rows in a database are not read from here; the query that shows them is printed.

                Examples:
                  casparian quarantine show 17
                  casparian quarantine show 17 --limit 1000 --json
                """)
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @Argument(help: "The job's id.") var job: Int64
        @Option(help: "Rows of each topic, at most.") var limit = 20

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            guard try await catalog.job(id: JobID(job)) != nil else { throw JobsCommand.unknown(job) }
            let made = try await catalog.artifacts(ArtifactFilter(job: JobID(job))).map(\.artifact)
            let quarantined = made.filter { $0.topic.hasSuffix(Quarantine.suffix) }
            if quarantined.isEmpty, !listing.json { Terminal.line("Job \(job) has no rows in quarantine.") }
            for artifact in quarantined { try show(artifact) }
        }

        private func show(_ artifact: Artifact) throws {
            let rows = QuarantineRows(artifact: artifact, job: JobID(job))
            guard let page = try rows.read(limit: limit) else {
                Terminal.line(
                    listing.json
                        ? JSONLine.encode([("topic", .text(artifact.topic)), ("query", .text(rows.query))])
                        : "\(artifact.topic): \(artifact.uri)\n  \(rows.query)")
                return
            }
            if listing.json {
                for cells in page.cells {
                    let pairs = zip(page.columns, cells).map { ($0, JSONLine.Value.text($1)) }
                    Terminal.line(JSONLine.encode([("topic", .text(artifact.topic))] + pairs))
                }
                return
            }
            let known = artifact.rows.map { Format.count(Int($0), "row") } ?? "rows"
            Terminal.line("\(artifact.topic): \(known) in \(artifact.uri)")
            let columns = page.columns.enumerated().map { index, name in
                Column<[String?]>(name) { .text($0[index]) }
            }
            Listing<[String?]>(columns: columns, whenEmpty: "no rows").print(page.cells, json: false)
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run the files again whose rows are in quarantine.",
            discussion: """
                Each file gets a new job, with the plugin, parameters and contract as they are now; its rows and its quarantine \
                take the place of what the former job made. That needs the topic's mode to be replace: appended rows would \
                be there twice.

                Examples:
                  casparian quarantine replay                  all of them
                  casparian quarantine replay 17 18
                  casparian quarantine replay --plugin csv && casparian up --until-idle && casparian quarantine
                """)
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @Argument(help: "Jobs; none: all that `quarantine list` shows.") var jobs: [Int64] = []
        @Option(help: "Only of this plugin.") var plugin: String?
        @Flag(help: "Tell what would be queued, and queue nothing.") var dryRun = false

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            let entries = try await QuarantineCommand.entries(in: catalog, plugin: plugin, jobs: jobs)
            let found = Set(entries.map(\.listing.job.id.rawValue))
            if let other = jobs.first(where: { !found.contains($0) }) {
                throw ExitStatus.misuse(
                    "job \(other) has no rows in quarantine; `casparian quarantine list` shows those that have")
            }
            try await refuseAppending(entries, catalog)
            let planned = entries.map { entry in
                PlannedJob(
                    path: entry.listing.filePath, pluginName: entry.listing.job.pluginName, reason: .forced,
                    fileVersionID: entry.listing.job.fileVersionID, priority: entry.listing.job.priority)
            }
            PlanReport(jobs: planned, limit: dryRun ? planned.count : 0).print(
                json: listing.json, whenEmpty: "No rows in quarantine")
            if dryRun || planned.isEmpty { return }
            let queued = try await WorkPlan.rerun(planned, in: catalog)
            if !listing.json { Terminal.line("Queued \(Format.count(queued, "job"))") }
        }

        /// - Throws: `ExitStatus` 64 that names the first topic and what to do.
        private func refuseAppending(_ entries: [Entry], _ catalog: any Catalog) async throws {
            for plugin in Set(entries.map(\.listing.job.pluginName)).sorted() {
                let sinks = try await catalog.topicConfigs(plugin: plugin).map(\.sink)
                let appending = try sinks.first { sink in
                    try sink.schemaDefinition != nil && SinkURI(sink.uri).mode(configured: sink.mode) != .replace
                }
                guard let sink = appending else { continue }
                throw ExitStatus.misuse(
                    "topic '\(sink.topic)' of '\(plugin)' appends, so that rows that did fit would be there twice. "
                        + "Have it replace, then replay: casparian topics set \(plugin) \(sink.topic) '\(sink.uri)' "
                        + "--mode replace --schema FILE (casparian contract show \(plugin) \(sink.topic) prints the contract)"
                )
            }
        }
    }
}
