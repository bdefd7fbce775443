import ArgumentParser
import CasparianCatalog
import CasparianModel
import Foundation

extension JobsCommand {
    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End jobs: those that wait at once, those that run as soon as their workers have stopped them.",
            discussion: """
                A cancelled job is SKIPPED and leaves no rows; `casparian jobs retry` queues it again. One that had \
                promoted its rows before it heard of this is COMPLETED, and the command ends with 1.

                Examples:
                  casparian jobs cancel 17
                  casparian jobs cancel 17 18 --timeout 60
                """)
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The jobs' ids.") var ids: [Int64]
        @Option(help: "Wait so many seconds for jobs that run; 0 does not wait.") var timeout: Double = 30

        func run() async throws {
            let catalog = try await project.openExistingCatalog()
            var running: [JobID] = []
            var isTooLate = false
            for id in ids {
                switch try await catalog.cancel(job: JobID(id), by: Self.person, now: Clock.now()) {
                case .cancelled: Terminal.line("Job \(id) is cancelled; it had not begun")
                case .requested: running.append(JobID(id))
                case .ended(let status):
                    isTooLate = true
                    Terminal.line("Job \(id) had ended: it is \(status.rawValue), and nothing changed")
                case .unknown: throw JobsCommand.unknown(id)
                }
            }
            for id in try await wait(for: running, in: catalog) {
                isTooLate = try await report(id, catalog) || isTooLate
            }
            if isTooLate { throw ExitStatus.failed() }
        }

        /// Who is cancelling, as far as the system knows.
        private static var person: String { "\(NSUserName())@\(ProcessInfo.processInfo.hostName)" }

        /// Until the jobs have ended or the time is up.
        private func wait(for jobs: [JobID], in catalog: any Catalog) async throws -> [JobID] {
            let end = ContinuousClock.now + .milliseconds(Int64(max(0, timeout) * 1000))
            var open = jobs
            while ContinuousClock.now < end {
                var still: [JobID] = []
                for id in open where try await catalog.job(id: id)?.job.status.isTerminal == false { still.append(id) }
                open = still
                if open.isEmpty { break }
                await catalog.waitForChange(timeout: JobWaiter.pollInterval)
            }
            return jobs
        }

        /// - Returns: True if the job was not cancelled.
        private func report(_ id: JobID, _ catalog: any Catalog) async throws -> Bool {
            guard let found = try await catalog.job(id: id) else { throw JobsCommand.unknown(id.rawValue) }
            switch found.job.status {
            case .skipped:
                Terminal.line("Job \(id) is cancelled; its worker has stopped it")
                return false
            case .pending, .queued, .running:
                Terminal.line(
                    "Job \(id) is told to stop and has not ended yet. The sentinel goes on with it, also when it starts "
                        + "again; `casparian jobs show \(id)` says what became of it")
                return timeout > 0
            case .completed, .failed:
                Terminal.line("Job \(id) ended before it could be stopped: it is \(found.job.status.rawValue)")
                return true
            }
        }
    }
}
