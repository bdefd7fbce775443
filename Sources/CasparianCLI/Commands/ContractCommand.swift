import ArgumentParser
import CasparianCatalog
import CasparianModel
import CasparianSinks
import ContractInference
import Foundation

struct ContractCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contract", abstract: "What the columns of a plugin's tables must be: observe, propose, lock.",
        discussion: """
            Examples:
              casparian contract observe csv incoming/*.csv              what each column can be, and why
              casparian contract propose csv incoming/*.csv > sales.json a contract that all of it fits; read and mend it
              casparian contract lock csv output sales.json              rows that do not fit go to quarantine from now on
            """,
        subcommands: [Observe.self, Propose.self, Lock.self, Show.self])

    /// What to look at.
    struct Subject: ParsableArguments {
        @Argument(help: "The plugin's name, or its file.") var plugin: String
        @Argument(help: "Files that it reads.") var files: [String]
        @Option(help: "Folder of Python plugins. Default: plugins.") var plugins: String?
        @Option(help: "The plugin's parameters, a JSON object.") var parameters: String?
        @Option(help: "Python interpreter for plugins; it needs pyarrow.") var python: String?

        func observe(_ project: ProjectOptions) async throws -> Observation {
            if let parameters { try PluginsCommand.check(parameters: parameters) }
            let named = PluginArgument(plugin)
            let settings = try await ProjectSettings.resolve(
                project, overrides: SettingsOverrides(plugins: named.folder ?? plugins, python: python))
            return try await ContractObserver(
                settings: settings, plugin: named.name, files: files, parameters: parameters
            ).observe()
        }
    }

    struct Observe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What each column of a plugin's tables can be, with the values that show it.",
            discussion: """
                Every value of the files is looked at, and every type that one of them rules out is left out. Nothing is written.

                Examples:
                  casparian contract observe csv incoming/*.csv
                  casparian contract observe plugins/sales.py monday.xml --json
                """)
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @OptionGroup var subject: Subject

        func run() async throws {
            let observation = try await subject.observe(project)
            for (topic, columns) in observation.findings {
                if listing.json {
                    for column in columns { Terminal.line(JSONLine.encode(ContractReport.pairs(topic, column))) }
                } else {
                    Terminal.line("topic \(topic)")
                    ContractReport.table.print(columns, json: false)
                }
            }
            if observation.findings.isEmpty, !listing.json { Terminal.line("The plugin made no rows of that") }
        }
    }

    struct Propose: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a contract that everything in the files fits.",
            discussion: """
                What is not proven stays text: a date of which nothing shows whether the day or the month comes first, a number \
                with zeros before it. The reasons stand in the descriptions. Read it, mend it, then lock it.

                Examples:
                  casparian contract propose csv incoming/*.csv > sales.json
                  casparian contract propose csv incoming/*.csv --strict      no nulls and no words but those that were seen
                """)
        @OptionGroup var project: ProjectOptions
        @OptionGroup var subject: Subject
        @Option(help: "The topic; `output` is what a plugin returns.") var topic = SinkConfig.outputTopic
        @Flag(help: "What was seen is all that may come.") var strict = false

        func run() async throws {
            let observation = try await subject.observe(project)
            let name = PluginArgument(subject.plugin).name
            guard let contract = observation.proposal(topic: topic, name: name, isStrict: strict) else {
                let topics = observation.findings.map(\.topic).joined(separator: ", ")
                throw ExitStatus.failed(
                    "the plugin made no rows of topic '\(topic)'" + (topics.isEmpty ? "" : "; it made \(topics)"))
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            Terminal.line(String(decoding: try encoder.encode(contract), as: UTF8.self))
        }
    }

    struct Lock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set a contract for a topic, at each of its sinks.",
            discussion: """
                Jobs that begin from then on send rows that do not fit to quarantine. Jobs that are done stay as they are; \
                `casparian backfill PLUGIN --force` does them again.

                Examples:
                  casparian contract lock csv output sales.json
                  casparian contract lock csv output --remove
                """)
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The plugin's name.") var plugin: String
        @Argument(help: "The topic; `output` is what a plugin returns.") var topic: String
        @Argument(help: "File with the contract (JSON).") var file: String?
        @Flag(help: "Take the topic's contract away.") var remove = false

        func validate() throws {
            if (file == nil) != remove { throw ValidationError("name the contract's file, or say --remove") }
        }

        func run() async throws {
            let text = try file.map(ContractFile.read)
            let catalog = try await project.openExistingCatalog()
            var sinks = try await catalog.topicConfigs(plugin: plugin).map(\.sink).filter { $0.topic == topic }
            if sinks.isEmpty {
                guard try await catalog.pluginConfigs().contains(where: { $0.pluginName == plugin }) else {
                    throw ExitStatus.misuse("there is no plugin '\(plugin)'; `casparian plugins list` shows them")
                }
                sinks = [SinkConfig.fallback(plugin: plugin, topic: topic)]
            }
            for (index, sink) in sinks.enumerated() {
                var sink = sink
                sink.schemaDefinition = text
                _ = try await catalog.setTopicConfig(plugin: plugin, sink: sink, isAdditional: index > 0)
            }
            let places = sinks.map(\.uri).joined(separator: ", ")
            Terminal.line("\(plugin) \(topic): \(remove ? "no contract any more" : "contract set") for \(places)")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the contract of a topic.",
            discussion: "Example:\n  casparian contract show csv output")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The plugin's name.") var plugin: String
        @Argument(help: "The topic.") var topic = SinkConfig.outputTopic

        func run() async throws {
            let sinks = try await project.openExistingCatalog().topicConfigs(plugin: plugin).map(\.sink)
            let texts = Set(sinks.filter { $0.topic == topic }.compactMap(\.schemaDefinition))
            guard !texts.isEmpty else {
                throw ExitStatus.failed(
                    "topic '\(topic)' of '\(plugin)' has no contract; casparian contract lock sets one")
            }
            texts.sorted().forEach(Terminal.line)
        }
    }
}

/// Findings as lines and as JSON.
enum ContractReport {
    static let table = Listing<ColumnFinding>(
        columns: [
            Column("column") { .text($0.name) }, Column("type") { .text($0.type.name) },
            Column("format") { .text($0.format) },
            Column("nulls", numeric: true) { .integer($0.nulls) },
            Column("values", numeric: true) { .text($0.values.map { "\($0.count)" } ?? "many") },
            Column("because") { .text($0.evidence.joined(separator: "; ")) },
        ], whenEmpty: "no columns")

    static func pairs(_ topic: String, _ finding: ColumnFinding) -> [(String, JSONLine.Value)] {
        [
            ("topic", .text(topic)), ("column", .text(finding.name)), ("type", .text(finding.type.name)),
            ("format", .text(finding.format)), ("rows", .integer(finding.rows)), ("nulls", .integer(finding.nulls)),
            ("distinct", .integer(finding.values.map { Int64($0.count) })),
            ("longest", .integer(Int64(finding.lengthMax))), ("made_as", .text(finding.madeAs)),
            ("evidence", .list(finding.evidence.map { .text($0) })),
            (
                "ruled_out",
                .list(
                    finding.ruledOut.map { out in
                        .object([
                            ("type", .text(out.candidate.type.name)), ("format", .text(out.candidate.format)),
                            ("value", .text(out.value)), ("file", .text(out.file)), ("row", .integer(out.row)),
                            ("reason", .text(out.reason)),
                        ])
                    })
            ),
        ]
    }
}
