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
              casparian plugins set ocr --deadline 600 --concurrency 2
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
            for (plugin, limits) in try await catalog.pluginLimits() { entries[plugin]?.limits = limits }
            List.table.print(entries.values.sorted { $0.name < $1.name }, json: listing.json)
        }

        struct Entry: Sendable {
            var name: String
            var config: PluginConfig?
            var newest: PluginVersion?
            var limits: PluginLimits?
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
                Column("deadline_seconds", numeric: true) { .integer($0.limits?.deadlineSeconds.map(Int64.init)) },
                Column("concurrency", numeric: true) { .integer($0.limits?.concurrency.map(Int64.init)) },
                Column("attempts", numeric: true) { .integer($0.limits?.attemptsMax.map(Int64.init)) },
                Column("retry_failures") { .flag($0.limits?.retriesFailures ?? false) },
                Column("memory_mib", numeric: true) {
                    .integer($0.limits?.resources.memoryMebibytes.map(Int64.init))
                },
                Column("cpu_seconds", numeric: true) { .integer($0.limits?.resources.cpuSeconds.map(Int64.init)) },
                Column("processes", numeric: true) { .integer($0.limits?.resources.processes.map(Int64.init)) },
                Column("open_files", numeric: true) { .integer($0.limits?.resources.openFiles.map(Int64.init)) },
                Column("network") { .flag($0.limits?.resources.allowsNetwork ?? false) },
                Column("source") { .text($0.newest.map { String($0.sourceHash.prefix(12)) }) },
                Column("duplicate_content") { .text(($0.limits?.duplicateContent ?? .process).rawValue) },
            ], whenEmpty: "No plugins. Register some: casparian register --plugins FOLDER")
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Set tags, parameters or limits of a plugin; wins over its manifest.",
            discussion: """
                A limit of 0 takes it back.

                Examples:
                  casparian plugins set ocr --deadline 600 --concurrency 2
                  casparian plugins set parser --memory 512 --cpu 60 --processes 4
                  casparian plugins set flaky_api --network yes --retry-failures yes --attempts 10
                  casparian plugins set csv --tags auto_csv,tables
                  casparian plugins set csv --parameters '{"delimiter": ";"}'
                  casparian plugins set mailbox --duplicate-content skip
                """,
            aliases: ["add"])
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The plugin's name.") var plugin: String
        @Option(help: "Tags it subscribes to, separated by commas.") var tags: String?
        @Option(help: "Its parameters, a JSON object.") var parameters: String?
        @Option(help: ArgumentHelp("Longest time of an attempt.", valueName: "seconds")) var deadline: Int?
        @Option(help: ArgumentHelp("Jobs at once, over all workers.", valueName: "jobs")) var concurrency: Int?
        @Option(help: ArgumentHelp("Memory that an attempt may allocate.", valueName: "MiB")) var memory: Int?
        @Option(help: ArgumentHelp("Processor time that an attempt may use.", valueName: "seconds")) var cpu: Int?
        @Option(help: ArgumentHelp("Processes at once, with its own one.", valueName: "number")) var processes: Int?
        @Option(help: ArgumentHelp("Files that a process of it may have open at once.", valueName: "number"))
        var openFiles: Int?
        @Option(help: ArgumentHelp("It may use the network: yes or no. Default: no.", valueName: "yes|no"))
        var network: String?
        @Option(
            help: ArgumentHelp(
                "Attempts of a job that fails for reasons that may pass. Default: 5.", valueName: "number"))
        var attempts: Int?
        @Option(help: ArgumentHelp("An error that the plugin raises may pass: yes or no.", valueName: "yes|no"))
        var retryFailures: String?
        @Option(
            help: ArgumentHelp(
                "A file whose content is, or was, processed at another place: process it too, or skip it. Default: process.",
                valueName: "process|skip"))
        var duplicateContent: DuplicateContent?

        func validate() throws {
            let limits = [
                ("deadline", deadline), ("concurrency", concurrency), ("attempts", attempts), ("memory", memory),
                ("cpu", cpu), ("processes", processes), ("open-files", openFiles),
            ]
            for (name, value) in limits {
                // What the wire carries as a count.
                if let value, !(0...Int(Int32.max)).contains(value) {
                    throw ValidationError("--\(name) takes a number from 0 to \(Int32.max); 0 takes it back")
                }
            }
            for (name, value) in [("retry-failures", retryFailures), ("network", network)] {
                if let value, !["yes", "no"].contains(value) { throw ValidationError("--\(name) takes yes or no") }
            }
        }

        private func apply(to limits: inout PluginLimits) {
            if let deadline { limits.deadlineSeconds = deadline == 0 ? nil : deadline }
            if let concurrency { limits.concurrency = concurrency == 0 ? nil : concurrency }
            if let memory { limits.resources.memoryMebibytes = memory == 0 ? nil : memory }
            if let processes { limits.resources.processes = processes == 0 ? nil : processes }
            if let openFiles { limits.resources.openFiles = openFiles == 0 ? nil : openFiles }
            if let network { limits.resources.allowsNetwork = network == "yes" }
            if let cpu { limits.resources.cpuSeconds = cpu == 0 ? nil : cpu }
            if let attempts { limits.attemptsMax = attempts == 0 ? nil : attempts }
            if let retryFailures { limits.retriesFailures = retryFailures == "yes" }
            if let duplicateContent { limits.duplicateContent = duplicateContent }
        }

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
            let former = try await catalog.pluginLimits()[plugin] ?? PluginLimits()
            var limits = former
            apply(to: &limits)
            if limits != former { try await catalog.setPluginLimits(limits, plugin: plugin) }
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

extension DuplicateContent: ExpressibleByArgument {}
