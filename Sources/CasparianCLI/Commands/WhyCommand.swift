import ArgumentParser
import CasparianCatalog
import CasparianModel

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "What became of a file or a job, why, and what to do next.",
        discussion: """
            Tells what the state database knows, also while nothing runs: when the file was seen, which rules match it
            and who wants it, every attempt of its jobs with the whole error, what was written where, and the next step.

            Examples:
              casparian why incoming/monday.csv
              casparian why 17
              casparian why 17 --json
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions
    @Argument(help: "A path (absolute, from here, or from a source root) or a job's id.") var subject: String

    func run() async throws {
        let settings = try await ProjectSettings.resolve(project)
        let catalog = try await project.openExistingCatalog()
        let report = WhyReport(try await WhyCollector(catalog: catalog, settings: settings).facts(about: subject))
        if listing.json { Terminal.line(JSONLine.encode(report.pairs)) } else { report.lines.forEach(Terminal.line) }
    }
}
