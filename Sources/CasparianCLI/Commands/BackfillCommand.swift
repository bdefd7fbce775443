import ArgumentParser
import CasparianCatalog
import CasparianModel
import CasparianPlanning

struct BackfillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill", abstract: "Queue a plugin's jobs for files that are on record.",
        discussion: """
            Every file that the plugin wants gets a job, unless its present content has been processed by the present
            version of the plugin with its present configuration, or waits for it.

            Examples:
              casparian backfill access_log
              casparian backfill access_log --since 2026-11-01
              casparian backfill access_log --force --dry-run
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions
    @Argument(help: "The plugin's name.") var plugin: String
    @Option(help: ArgumentHelp("Only content that was found since this day, UTC.", valueName: "YYYY-MM-DD"))
    var since: String?
    @Flag(help: "Also what is done.") var force = false
    @Flag(help: "Tell what would be queued, and queue nothing.") var dryRun = false
    @Option(help: "Jobs that are named with --dry-run.") var limit = 20

    func run() async throws {
        let catalog = try await project.openExistingCatalog()
        let now = Clock.now()
        let configuration = try await catalog.configuration(registering: [], now: now)
        guard configuration.plugins.contains(where: { $0.pluginName == plugin }) else {
            throw ExitStatus.misuse("there is no plugin '\(plugin)'; `casparian plugins list` shows them")
        }
        let first = try since.map(Self.moment) ?? .first
        let planner = Planner(configuration, plugin: plugin, isForced: force, now: now)
        var jobs: [PlannedJob] = []
        var given = try await WorkPlan.given(configuration, catalog)
        for root in try await catalog.sourceRoots() where root.isActive {
            let files = try await catalog.knownFiles(root: root.id).filter { ($0.version?.detected ?? .first) >= first }
            jobs += given.needed(
                of: planner.jobs(in: root, files: files, seen: [], work: try await catalog.work(root: root.id)))
        }
        PlanReport(jobs: jobs, limit: dryRun ? limit : 0).print(json: listing.json, whenEmpty: "Nothing to do")
        if dryRun { return }
        let queued = try await WorkPlan.rerun(jobs, in: catalog)
        if !listing.json, !jobs.isEmpty { Terminal.line("Queued \(Format.count(queued, "job"))") }
    }

    private static func moment(_ day: String) throws -> Timestamp {
        guard let moment = Timestamp(day + " 00:00:00.000000") else {
            throw ExitStatus.misuse("'\(day)' is no day; --since takes one as in 2026-11-01")
        }
        return moment
    }
}
