import ArgumentParser
import CasparianCatalog
import CasparianPlanning

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Queue what `casparian plan` lists.",
        discussion: """
            Registers the plugins of the folder, scans all roots, and queues a job for each file that wants one. Where a
            plugin or its configuration has changed, its files are processed again: rows of topics with mode 'replace'
            take the place of the earlier ones, other topics get them added.

            Examples:
              casparian apply
              casparian apply --plugin access_log
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions
    @Option(help: "Run again only the jobs of this plugin.") var plugin: String?
    @Option(help: "Folder of Python plugins. Default: plugins.") var plugins: String?
    @Option(help: "Python interpreter for plugins; it needs pyarrow.") var python: String?

    func run() async throws {
        let settings = try await ProjectSettings.resolve(
            project, overrides: SettingsOverrides(plugins: plugins, python: python))
        Logs.start(settings)
        let catalog = try await project.openCatalog()
        let basis = WorkPlan.Basis(
            settings: settings, catalog: catalog, plugins: try await WorkPlan.plugins(settings), plugin: plugin)
        let plan = try await WorkPlan.make(basis)
        let queued = try await WorkPlan.apply(plan, basis)
        PlanReport(jobs: plan.jobs, limit: 0).print(json: listing.json, whenEmpty: "Nothing to do")
        if !listing.json { Terminal.line("Queued \(Format.count(queued, "job"))") }
        try plan.complain(about: basis.plugins)
    }
}
