import ArgumentParser
import CasparianCatalog
import CasparianModel
import CasparianRegistration

struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Routing rules: which files get which tag.",
        discussion: """
            A plugin that subscribes to a tag gets the files that carry it. `auto_NAME` is the tag of plugin NAME.

            Examples:
              casparian rules add '*.csv' auto_csv
              casparian rules add 'logs/**/*.log' logs --priority 80
            """,
        subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List routing rules.",
            discussion: "Example:\n  casparian rules list")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            Listing<RoutingRule>(
                columns: [
                    Column("id", numeric: true) { .integer($0.id.rawValue) },
                    Column("pattern") { .text($0.pattern) },
                    Column("tag") { .text($0.tag) },
                    Column("priority", numeric: true) { .integer(Int64($0.priority)) },
                ], whenEmpty: "No routing rules. Add one: casparian rules add PATTERN TAG"
            ).print(try await project.openExistingCatalog().routingRules(), json: listing.json)
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a rule; files that are known already are routed again.",
            discussion:
                "Examples:\n  casparian rules add '*.csv' auto_csv\n  casparian rules add 'logs/**/*.log' logs --priority 80"
        )
        @OptionGroup var project: ProjectOptions
        @Argument(help: "gitignore-style pattern, relative to the source root.") var pattern: String
        @Argument(help: "The tag that matching files get.") var tag: String
        @Option(help: "Higher counts more.") var priority = 50
        @Flag(
            help: "Queue nothing now: `casparian plan` tells what would be, the next scan or `casparian apply` does it."
        )
        var noQueue = false

        func run() async throws {
            let catalog = try await project.openCatalog()
            try await Routing.check(pattern: pattern)
            let rule = try await catalog.addRoutingRule(pattern: pattern, tag: tag, priority: priority)
            Terminal.line("Rule \(rule.id): \(rule.pattern) -> \(rule.tag), priority \(rule.priority)")
            if !noQueue { try await Routing.apply(to: catalog) }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a rule. Jobs it made stay.",
            discussion: "Example:\n  casparian rules remove 3")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The rule's id.") var id: Int64

        func run() async throws {
            guard try await project.openExistingCatalog().removeRoutingRule(id: RuleID(id)) else {
                throw ExitStatus.misuse("there is no rule \(id); `casparian rules list` shows them")
            }
            Terminal.line("Removed rule \(id)")
        }
    }
}
