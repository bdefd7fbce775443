import ArgumentParser
import CasparianCatalog
import CasparianModel

struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "Files that scans found.",
        discussion: "Examples:\n  casparian files list --tag auto_csv\n  casparian files show /data/incoming/a.csv",
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    static let columns: [Column<FileListing>] = [
        Column("location_id", "ID", numeric: true) { .integer($0.file.locationID.rawValue) },
        Column("path") { .text($0.path) },
        Column("size_bytes", "BYTES", numeric: true) {
            .integer($0.file.version?.sizeBytes ?? $0.file.lastKnownSizeBytes)
        },
        Column("file_version_id", "VERSION", numeric: true) { .integer($0.file.version?.id.rawValue) },
        Column("modified") { .text($0.file.version?.modified.description) },
        Column("tags") { .list(($0.file.version?.tags ?? []).map { .text($0) }) },
        Column("gone_since", "GONE") { .text($0.file.goneSince?.description) },
    ]

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List files with their current version.",
            discussion: "Example:\n  casparian files list --tag auto_csv")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @Option(help: "Only files that carry this tag.") var tag: String?
        @Option(help: "Only paths that contain this text.") var contains: String?
        @Option(help: "At most so many.") var limit = 10_000

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            let files = try await catalog.files(FileFilter(pathContains: contains, tag: tag, limit: limit))
            Listing(columns: FilesCommand.columns, whenEmpty: "No files. Scan a folder: casparian scan PATH")
                .print(files, json: listing.json)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one file, its content hash and its jobs.",
            discussion: "Example:\n  casparian files show /data/incoming/a.csv")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var listing: ListingOptions
        @Argument(help: "The file's path.") var path: String

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            let full = Paths.absolute(path)
            let name = full.split(separator: "/").last.map(String.init) ?? full
            guard let found = try await catalog.files(FileFilter(pathContains: name)).first(where: { $0.path == full })
            else {
                throw ExitStatus.misuse("\(full) is not known; scan its folder first: casparian scan FOLDER")
            }
            let extra: [Column<FileListing>] = [Column("content_hash") { .text($0.file.version?.contentHash) }]
            Listing(columns: FilesCommand.columns + extra, whenEmpty: "").print([found], json: listing.json)
            guard let version = found.file.version else { return }
            let jobs = try await catalog.jobs(JobFilter(fileVersionID: version.id))
            Listing(columns: JobsCommand.columns, whenEmpty: "No plugin gets this file; see `casparian rules list`.")
                .print(jobs, json: listing.json)
        }
    }
}
