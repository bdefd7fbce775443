import ArgumentParser
import CasparianCatalog
import CasparianModel

struct IgnoresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ignores", abstract: "Patterns of files that are not looked at.",
        discussion:
            "Examples:\n  casparian ignores add '*.tmp'\n  casparian ignores add 'cache/' --root /data/incoming",
        subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List ignore rules.",
            discussion: "Example:\n  casparian ignores list")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            let roots = Dictionary(uniqueKeysWithValues: try await catalog.sourceRoots().map { ($0.id, $0.path) })
            Listing<IgnoreRule>(
                columns: [
                    Column("id", numeric: true) { .integer($0.id.rawValue) },
                    Column("pattern") { .text($0.pattern) },
                    Column("root") { rule in .text(rule.sourceRootID.flatMap { roots[$0] }) },
                    Column("active") { .flag($0.isActive) },
                ], whenEmpty: "No ignore rules. Add one: casparian ignores add PATTERN"
            ).print(try await catalog.ignoreRules(), json: listing.json)
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a pattern.",
            discussion:
                "Examples:\n  casparian ignores add '*.tmp'\n  casparian ignores add 'cache/' --root /data/incoming")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "gitignore-style pattern; `!` in front takes files back in.") var pattern: String
        @Option(help: "Only below this source root.") var root: String?

        func run() async throws {
            let catalog = try await project.openCatalog()
            try await Routing.check(pattern: pattern)
            var rootID: SourceRootID?
            if let root {
                let path = Paths.absolute(root)
                rootID = try await catalog.sourceRoots().first { $0.path == path }?.id
                guard rootID != nil else {
                    throw ExitStatus.misuse("\(path) is no source root; add it first: casparian roots add \(path)")
                }
            }
            let rule = try await catalog.addIgnoreRule(pattern: pattern, sourceRootID: rootID)
            Terminal.line("Ignore rule \(rule.id): \(rule.pattern)")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a pattern.",
            discussion: "Example:\n  casparian ignores remove 2")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The rule's id.") var id: Int64

        func run() async throws {
            guard try await project.openExistingCatalog().removeIgnoreRule(id: RuleID(id)) else {
                throw ExitStatus.misuse("there is no ignore rule \(id); `casparian ignores list` shows them")
            }
            Terminal.line("Removed ignore rule \(id)")
        }
    }
}
