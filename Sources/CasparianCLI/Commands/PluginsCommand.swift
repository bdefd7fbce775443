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

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List plugins and their newest version.")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            var newest: [String: PluginVersion] = [:]
            for version in try await catalog.pluginVersions() { newest[version.pluginName] = version }
            let versions = newest
            Listing<PluginConfig>(
                columns: [
                    Column("plugin") { .text($0.pluginName) },
                    Column("version") { .text(versions[$0.pluginName]?.version) },
                    Column("status") { .text(versions[$0.pluginName]?.status) },
                    Column("tags") { .list($0.subscriptionTags.map { .text($0) }) },
                    Column("parameters") { .text($0.defaultParameters) },
                    Column("error") { .text(versions[$0.pluginName]?.validationError) },
                ], whenEmpty: "No plugins. Register some: casparian register --plugins FOLDER"
            ).print(try await catalog.pluginConfigs(), json: listing.json)
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Set tags or parameters of a plugin; wins over its manifest.",
            aliases: ["add"])
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The plugin's name.") var plugin: String
        @Option(help: "Tags it subscribes to, separated by commas.") var tags: String?
        @Option(help: "Its parameters, a JSON object.") var parameters: String?

        func run() async throws {
            if let parameters {
                let parsed = try? JSONSerialization.jsonObject(with: Data(parameters.utf8))
                guard parsed is [String: Any] else {
                    throw ExitStatus.misuse("--parameters must be a JSON object, such as '{\"delimiter\": \";\"}'")
                }
            }
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
        static let configuration = CommandConfiguration(abstract: "Remove a plugin's configuration and topics.")
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
