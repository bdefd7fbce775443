import ArgumentParser
import CasparianCatalog
import CasparianModel
import Foundation

struct PluginsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins", abstract: "What plugins subscribe to, and their parameters.",
        discussion: """
            Examples:
              casparian plugins list
              casparian plugins set csv --tags auto_csv,tables --parameters '{"delimiter": ";"}'
            """,
        subcommands: [List.self, Set.self, Remove.self], defaultSubcommand: List.self)

    /// - Throws: `ExitStatus` 64 for anything but a JSON object.
    static func check(parameters: String) throws {
        guard (try? JSONSerialization.jsonObject(with: Data(parameters.utf8))) is [String: Any] else {
            throw ExitStatus.misuse("--parameters must be a JSON object, such as '{\"delimiter\": \";\"}'")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List plugins and their newest version.",
            discussion: "Example:\n  casparian plugins list")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            var entries: [String: Entry] = [:]
            for config in try await catalog.pluginConfigs() {
                entries[config.pluginName] = Entry(name: config.pluginName, config: config)
            }
            // A plugin that cannot be loaded has a version and no configuration.
            for version in try await catalog.pluginVersions() {
                entries[version.pluginName, default: Entry(name: version.pluginName)].newest = version
            }
            List.table.print(entries.values.sorted { $0.name < $1.name }, json: listing.json)
        }

        struct Entry: Sendable {
            var name: String
            var config: PluginConfig?
            var newest: PluginVersion?
        }

        private static let table = Listing<Entry>(
            columns: [
                Column("plugin") { .text($0.name) },
                Column("version") { .text($0.newest?.version) },
                Column("status") { .text($0.newest?.status) },
                Column("tags") { .list(($0.config?.subscriptionTags ?? []).map { .text($0) }) },
                Column("parameters") { .text($0.config?.defaultParameters) },
                Column("error", brief: { $0.newest?.validationError.map(JobsCommand.lastLine) }) {
                    .text($0.newest?.validationError)
                },
            ], whenEmpty: "No plugins. Register some: casparian register --plugins FOLDER")
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Set tags or parameters of a plugin; wins over its manifest.",
            discussion: """
                Examples:
                  casparian plugins set csv --tags auto_csv,tables
                  casparian plugins set csv --parameters '{"delimiter": ";"}'
                """,
            aliases: ["add"])
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The plugin's name.") var plugin: String
        @Option(help: "Tags it subscribes to, separated by commas.") var tags: String?
        @Option(help: "Its parameters, a JSON object.") var parameters: String?

        func run() async throws {
            if let parameters { try PluginsCommand.check(parameters: parameters) }
            let catalog = try await project.openCatalog()
            var config =
                try await catalog.pluginConfigs().first { $0.pluginName == plugin } ?? PluginConfig(pluginName: plugin)
            if let tags {
                config.subscriptionTags = tags.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            } else if config.subscriptionTags.isEmpty {
                config.subscriptionTags = [PluginDescription.autoTag(plugin)]
            }
            if let parameters { config.defaultParameters = parameters }
            try await catalog.setPluginConfig(config)
            Terminal.line("Plugin \(plugin): tags \(config.subscriptionTags.joined(separator: ","))")
            try await Routing.apply(to: catalog)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a plugin's configuration and topics.",
            discussion: "Example:\n  casparian plugins remove csv")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The plugin's name.") var plugin: String

        func run() async throws {
            guard try await project.openExistingCatalog().removePluginConfig(name: plugin) else {
                throw ExitStatus.misuse("there is no plugin '\(plugin)'; `casparian plugins list` shows them")
            }
            Terminal.line("Removed plugin \(plugin)")
        }
    }
}
