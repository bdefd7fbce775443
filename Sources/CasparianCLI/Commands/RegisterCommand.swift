import ArgumentParser
import CasparianCatalog
import CasparianModel
import CasparianPluginRuntime
import CasparianRegistration
import PluginHost

struct RegisterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register", abstract: "Write what the plugins of a folder declare into the state database.",
        discussion: """
            A sentinel does the same when a worker connects. What a person set by hand stays. Files that are known \
            already are sent to the plugins that now want them.

            Examples:
              casparian register
              casparian register --plugins plugins --database state.sqlite3
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions
    @Option(help: "Folder of Python plugins. Default: plugins.") var plugins: String?
    @Option(help: "Python interpreter for plugins; it needs pyarrow.") var python: String?

    func run() async throws {
        let settings = try await ProjectSettings.resolve(
            project, overrides: SettingsOverrides(plugins: plugins, python: python))
        guard Paths.isFolder(settings.plugins) else {
            throw ExitStatus.unreachable(
                "\(settings.plugins): there is no such folder; make it, or name another with --plugins")
        }
        let found = try await Composition.pythonPlugins(settings).discover()
        let catalog = try Composition.catalog(settings)
        try await Registrar(catalog: catalog).register(found, now: Clock.now())
        let entries = try await Self.entries(found, in: catalog)
        Self.table(folder: settings.plugins).print(entries, json: listing.json)
        for entry in entries {
            guard let error = entry.error else { continue }
            Terminal.complain("casparian: plugin '\(entry.name)' cannot be used: \(error)")
        }
        if entries.contains(where: { $0.error != nil }) { throw ExitStatus.failed() }
    }

    /// A plugin as the catalog has it now.
    struct Entry: Sendable {
        var name: String
        var version: String
        var status: String
        var error: String?
    }

    private static func entries(_ found: [PluginDescription], in catalog: any Catalog) async throws -> [Entry] {
        var newest: [String: PluginVersion] = [:]
        for version in try await catalog.pluginVersions() { newest[version.pluginName] = version }
        return found.map { plugin in
            let version = newest[plugin.name]
            let failure = version.flatMap { $0.status == PluginVersion.failed ? $0.validationError : nil }
            let error = plugin.loadError ?? failure
            return Entry(
                name: plugin.name, version: plugin.manifest.version,
                status: version?.status ?? (error == nil ? PluginVersion.active : PluginVersion.failed), error: error)
        }
    }

    private static func table(folder: String) -> Listing<Entry> {
        Listing(
            columns: [
                Column("plugin") { .text($0.name) }, Column("version") { .text($0.version) },
                Column("status") { .text($0.status) },
                Column("error", brief: { $0.error.map(JobsCommand.lastLine) }) { .text($0.error) },
            ], whenEmpty: "No plugins in \(folder); a plugin is a file <name>.py with a class Handler")
    }
}
