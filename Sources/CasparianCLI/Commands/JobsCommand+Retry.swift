import ArgumentParser
import CasparianCatalog
import CasparianModel

extension JobsCommand {
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Queue failed jobs again, under the same ids and with all their attempts before them.",
            discussion: """
                Examples:
                  casparian jobs retry 17 18
                  casparian jobs retry --all
                  casparian jobs retry --plugin invoices
                """)
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The jobs' ids.") var ids: [Int64] = []
        @Flag(name: [.customLong("all"), .customLong("all-failed")], help: "Every failed job.") var all = false
        @Option(help: "Every failed job of this plugin.") var plugin: String?

        func validate() throws {
            if [!ids.isEmpty, all, plugin != nil].count(where: { $0 }) != 1 {
                throw ValidationError("name job ids, or --all, or --plugin")
            }
        }

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            let wanted =
                ids.isEmpty
                ? try await catalog.jobs(JobFilter(status: .failed, plugin: plugin)).map(\.job.id)
                : ids.map { JobID($0) }
            for id in wanted {
                guard let found = try await catalog.job(id: id) else { throw JobsCommand.unknown(id.rawValue) }
                guard try await catalog.retry(job: id, now: Clock.now()) else {
                    throw ExitStatus.misuse(
                        "job \(id) is \(found.job.status.rawValue); only FAILED and SKIPPED jobs are retried")
                }
                Terminal.line("Job \(id) is queued again")
            }
            if wanted.isEmpty { Terminal.line("No job has failed.") }
        }
    }
}
