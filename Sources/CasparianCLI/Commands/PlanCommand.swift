import ArgumentParser
import CasparianCatalog
import CasparianPlanning

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Tell which jobs would be queued now, and why; changes nothing.",
        discussion: """
            Looks at the files of all roots and at the plugins folder, as a scan and a registration would. A job is
            wanted if its file is new or has new content, if its plugin was never given the file, or if the plugin or
            its configuration has changed since. `casparian apply` queues what the plan lists.

            Examples:
              casparian plan
              casparian plan --plugin access_log --limit 100
              casparian plan --json | jq -r 'select(.reason == "plugin_changed") | .path'
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions
    @Option(help: "Only the jobs of this plugin.") var plugin: String?
    @Option(help: "Folder of Python plugins. Default: plugins.") var plugins: String?
    @Option(help: "Python interpreter for plugins; it needs pyarrow.") var python: String?
    @Option(help: "Jobs that are named.") var limit = 20
    @Flag(help: "Go by what is on record; look at no file.") var noScan = false

    func run() async throws {
        let settings = try await ProjectSettings.resolve(
            project, overrides: SettingsOverrides(plugins: plugins, python: python))
        Logs.start(settings)
        let catalog = try await project.openExistingCatalog()
        let found = try await WorkPlan.plugins(settings)
        let plan = try await WorkPlan.make(
            WorkPlan.Basis(settings: settings, catalog: catalog, plugins: found, plugin: plugin, scans: !noScan))
        PlanReport(jobs: plan.jobs, limit: limit).print(json: listing.json, whenEmpty: "Nothing to do")
        try plan.complain(about: found)
    }
}
