import ArgumentParser
import CasparianCatalog
import CasparianModel

extension JobsCommand {
    struct Wait: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Wait until jobs have ended; exit status 1 if one of them failed.",
            discussion: "Example:\n  casparian jobs wait 17 --timeout 600")
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The jobs' ids; none waits for the whole queue.") var ids: [Int64] = []
        @Option(help: "Give up after so many seconds.") var timeout: Double?

        func run() async throws {
            try await JobWaiter(catalog: try await project.openExistingCatalog(), ids: ids.map { JobID($0) })
                .wait(timeout: timeout.map { .milliseconds(Int64($0 * 1000)) })
        }
    }
}
