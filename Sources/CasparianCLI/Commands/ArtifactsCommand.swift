import ArgumentParser
import CasparianCatalog
import CasparianModel

struct ArtifactsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "artifacts", abstract: "What jobs have written.",
        discussion: "Examples:\n  casparian artifacts list --json\n  casparian artifacts show 17",
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    static let listing = Listing<ArtifactListing>(
        columns: [
            Column("job_id", "JOB", numeric: true) { .integer($0.jobID.rawValue) },
            Column("plugin") { .text($0.pluginName) },
            Column("topic") { .text($0.artifact.topic) },
            Column("rows", numeric: true) { .integer($0.artifact.rows) },
            Column("size_bytes", "BYTES", numeric: true) { .integer($0.artifact.sizeBytes) },
            Column("uri") { .text($0.artifact.uri) },
            Column("file_version_id", "VERSION", numeric: true) { .integer($0.fileVersionID.rawValue) },
        ], whenEmpty: "No artifacts.")

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List artifacts of completed jobs.",
            discussion: "Example:\n  casparian artifacts list --plugin csv")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @Option(help: "Only of this plugin.") var plugin: String?
        @Option(help: "At most so many.") var limit = 10_000

        func run() async throws {
            let found = try await project.openExistingCatalog().artifacts(ArtifactFilter(plugin: plugin, limit: limit))
            ArtifactsCommand.listing.print(found, json: listing.json)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Artifacts of one job.",
            discussion: "Example:\n  casparian artifacts show 17")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @Argument(help: "The job's id.") var job: Int64

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            guard try await catalog.job(id: JobID(job)) != nil else { throw JobsCommand.unknown(job) }
            let found = try await catalog.artifacts(ArtifactFilter(job: JobID(job)))
            ArtifactsCommand.listing.print(found, json: listing.json)
        }
    }
}
