import ArgumentParser
import CasparianCatalog
import CasparianModel

struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "Worker processes the sentinel knows or knew.",
        discussion: "Examples:\n  casparian workers list --json",
        subcommands: [List.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List workers.",
            discussion: "Example:\n  casparian workers list")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            Listing<WorkerNode>(
                columns: [
                    Column("hostname", "HOST") { .text($0.hostname) },
                    Column("pid", numeric: true) { .integer($0.pid) },
                    Column("status") { .text($0.status.rawValue) },
                    Column("current_job_id", "JOB", numeric: true) { .integer($0.currentJobID?.rawValue) },
                    Column("plugins") { .list($0.plugins.map { .text($0) }) },
                    Column("started_at", "STARTED") { .text($0.started.description) },
                    Column("last_heartbeat", "LAST HEARTBEAT") { .text($0.lastHeartbeat.description) },
                ], whenEmpty: "No worker has connected yet. Start one: casparian worker --connect ADDRESS"
            ).print(try await project.openExistingCatalog().workers(), json: listing.json)
        }
    }
}
