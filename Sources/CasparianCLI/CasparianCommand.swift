import ArgumentParser
import CasparianCatalog
import CasparianTransport
import PrometheusMetrics

/// The root of the command line; docs/command-line.md describes every command.
public struct CasparianCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "casparian",
        abstract: "Folders of messy files in, typed tables with lineage out.",
        discussion: """
            Examples:
              casparian run csv sales.csv --preview 5     look at one file, leave nothing behind
              casparian init project                      make a project folder
              casparian up --until-idle                   discover, process, exit
              casparian jobs list --status FAILED         what went wrong
              casparian status                            where everything stands
              casparian why incoming/monday.csv           what became of a file or a job, and what to do
            """,
        version: version,
        subcommands: [
            InitCommand.self, UpCommand.self, SentinelCommand.self, WorkerCommand.self, ScanCommand.self,
            RegisterCommand.self, PlanCommand.self, ApplyCommand.self, BackfillCommand.self, RunCommand.self,
            TestCommand.self, NewCommand.self,
            RootsCommand.self, RulesCommand.self, IgnoresCommand.self,
            PluginsCommand.self, ProtectionsCommand.self, ContractCommand.self, QuarantineCommand.self,
            TopicsCommand.self, FilesCommand.self, JobsCommand.self,
            ArtifactsCommand.self,
            WorkersCommand.self, StatusCommand.self, WhyCommand.self, EventsCommand.self, KeysCommand.self,
            StepsCommand.self,
        ])

    static let version = "0.1.0"

    public init() {}

    /// Runs the command line and ends the process: 0 done, 1 the work failed, 64 misuse, 69 cannot reach something.
    public static func launch() async -> Never {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            exit()
        } catch let error as ExitStatus {
            if !error.message.isEmpty { Terminal.complain("casparian: \(error.message)") }
            exit(withError: ExitCode(error.code))
        } catch let error as SettingsError {
            Terminal.complain("casparian: \(error)")
            exit(withError: ExitCode(ExitStatus.misuse))
        } catch let error as CatalogError {
            Terminal.complain("casparian: \(error)")
            exit(
                withError: ExitCode(
                    error.code == .invalid || error.code == .inUse ? ExitStatus.misuse : ExitStatus.unreachable))
        } catch let error as MetricsServerError {
            Terminal.complain("casparian: \(error)")
            exit(withError: ExitCode(ExitStatus.unreachable))
        } catch let error as TransportError {
            Terminal.complain("casparian: \(error)")
            exit(
                withError: ExitCode(error.code == .invalidAddress ? ExitStatus.misuse : ExitStatus.unreachable))
        } catch {
            exit(withError: error)
        }
    }
}

/// An end of the program with a meaning and a message.
struct ExitStatus: Error, Sendable {
    /// The work was tried and failed.
    static let failed: Int32 = 1
    /// EX_USAGE of sysexits.h.
    static let misuse: Int32 = 64
    /// EX_UNAVAILABLE of sysexits.h: a sentinel, a file or a database cannot be reached.
    static let unreachable: Int32 = 69

    let code: Int32
    let message: String

    static func failed(_ message: String = "") -> ExitStatus { ExitStatus(code: failed, message: message) }
    static func misuse(_ message: String) -> ExitStatus { ExitStatus(code: misuse, message: message) }
    static func unreachable(_ message: String) -> ExitStatus { ExitStatus(code: unreachable, message: message) }
}
