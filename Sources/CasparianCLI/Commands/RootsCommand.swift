import ArgumentParser
import CasparianCatalog
import CasparianModel

struct RootsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roots", abstract: "Folders that are scanned.",
        discussion: "Examples:\n  casparian roots add /data/incoming\n  casparian roots list --json",
        subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List source roots.",
            discussion: "Example:\n  casparian roots list --json")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            Listing<SourceRoot>(
                columns: [
                    Column("id", numeric: true) { .integer($0.id.rawValue) },
                    Column("path") { .text($0.path) },
                    Column("type") { .text($0.type) },
                    Column("active") { .flag($0.isActive) },
                ], whenEmpty: "No source roots. Add one: casparian roots add PATH"
            ).print(try await catalog.sourceRoots(), json: listing.json)
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a folder, or activate it again.",
            discussion: "Example:\n  casparian roots add /data/incoming")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The folder.") var path: String

        func run() async throws {
            let folder = Paths.absolute(path)
            guard Paths.isFolder(folder) else {
                throw ExitStatus.unreachable("\(folder): there is no such folder; make it first, or check the spelling")
            }
            let root = try await project.openCatalog().addSourceRoot(path: folder)
            Terminal.line("Source root \(root.id): \(root.path)")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop scanning a folder. What is known of its files stays.",
            discussion: "Example:\n  casparian roots remove /data/incoming")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The folder.") var path: String

        func run() async throws {
            let folder = Paths.absolute(path)
            guard try await project.openExistingCatalog().removeSourceRoot(path: folder) else {
                throw ExitStatus.misuse("\(folder) is no source root; `casparian roots list` shows them")
            }
            Terminal.line("No longer scanned: \(folder)")
        }
    }
}
