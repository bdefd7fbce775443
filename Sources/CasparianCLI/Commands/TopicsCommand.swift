import ArgumentParser
import CasparianCatalog
import CasparianModel
import CasparianSinks
import Foundation

struct TopicsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics", abstract: "Where each topic of each plugin is written.",
        discussion: """
            Examples:
              casparian topics set csv output 'parquet://tables/csv.parquet?compression=zstd'
              casparian topics list
            """,
        subcommands: [List.self, Set.self, Remove.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List topics.",
            discussion: "Example:\n  casparian topics list")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            Listing<TopicConfig>(
                columns: [
                    Column("id", numeric: true) { .integer($0.id.rawValue) },
                    Column("plugin") { .text($0.pluginName) },
                    Column("topic") { .text($0.sink.topic) },
                    Column("uri") { .text($0.sink.uri) },
                    Column("mode") { .text($0.sink.mode.rawValue) },
                    Column("schema") { .text($0.sink.schemaDefinition) },
                ], whenEmpty: "No topics are configured; each goes to parquet://<plugin>_<topic>.parquet"
            ).print(try await project.openExistingCatalog().topicConfigs(plugin: nil), json: listing.json)
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Set where a topic is written; wins over the plugin's manifest.",
            discussion: "Example:\n  casparian topics set csv output parquet://tables/csv.parquet")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The plugin's name.") var plugin: String
        @Argument(help: "The topic; `output` is what a plugin returns.") var topic: String
        @Argument(help: "Sink URI, such as parquet://sales.parquet.") var uri: String
        @Option(help: "append, replace or error.") var mode: SinkMode = .append
        @Option(help: "File with a contract for the columns (JSON).") var schema: String?
        @Flag(help: "Keep the topic's other sinks too.") var additional = false

        func run() async throws {
            do { _ = try SinkURI(uri) } catch { throw ExitStatus.misuse("\(error)") }
            let definition = try schema.map(ContractFile.read)
            let sink = SinkConfig(topic: topic, uri: uri, mode: mode, schemaDefinition: definition)
            _ = try await project.openCatalog().setTopicConfig(plugin: plugin, sink: sink, isAdditional: additional)
            Terminal.line("\(plugin) \(topic) -> \(uri), mode \(mode.rawValue)")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a topic's configuration.",
            discussion: "Example:\n  casparian topics remove csv output")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The plugin's name.") var plugin: String
        @Argument(help: "The topic.") var topic: String

        func run() async throws {
            guard try await project.openExistingCatalog().removeTopicConfig(plugin: plugin, topic: topic) else {
                throw ExitStatus.misuse("\(plugin) has no topic '\(topic)'; `casparian topics list` shows them")
            }
            Terminal.line("Removed \(plugin) \(topic)")
        }
    }
}

extension SinkMode: ExpressibleByArgument {}
