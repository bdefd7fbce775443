import ArgumentParser
import CasparianWorker
import Logging
import ServiceLifecycle

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Run jobs for a sentinel: plugins in, tables out.",
        discussion: """
            Runs until SIGINT or SIGTERM; jobs that run may end first, for 20 seconds, then they are stopped and handed
            back, and the exit status is 1.
            Needs no database. Waits for a sentinel that is not there yet.

            Examples:
              casparian worker --connect tcp://127.0.0.1:5555 --plugins plugins --output output
              casparian worker --connect tcp://10.0.0.5:5555 --keys keys --plugins plugins --output /data/out --slots 8
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var security: SecurityOptions
    @Option(help: "The sentinel's address. Default: the configured bind address.") var connect: String?
    @Option(help: "Folder of Python plugins.") var plugins: String?
    @Option(help: "Folder for Parquet files.") var output: String?
    @Option(help: "Python interpreter for plugins; it needs pyarrow.") var python: String?
    @Option(help: "Jobs at once.") var slots: Int?
    @Option(help: "Give up, with exit status 69, when no sentinel answers for so many seconds. Default: wait.")
    var connectTimeout: Double?

    func run() async throws {
        let settings = try await ProjectSettings.resolve(
            project,
            overrides: SettingsOverrides(
                bind: connect, plugins: plugins, output: output, python: python, slots: slots, keys: security.keys))
        Logs.start(settings)
        let logger = Logger(label: "worker")
        if plugins != nil, !Paths.isFolder(settings.plugins) {
            throw ExitStatus.unreachable("\(settings.plugins): there is no such plugins folder")
        }
        let worker = try Composition.worker(
            settings, connectTimeout: connectTimeout.map { .milliseconds(Int64($0 * 1000)) }, logger: logger
        ) { identity in
            try Connections.connect(
                settings, identity: identity, isInsecureAllowed: security.insecure, logger: logger)
        }
        logger.info("worker starts", metadata: ["sentinel": "\(settings.bind)", "output": "\(settings.output)"])
        do {
            try await Composition.untilDoneOrSignal(worker, logger: Logs.silent)
        } catch let error as WorkerError {
            throw ExitStatus.unreachable("\(settings.bind): \(error)")
        }
        logger.info("worker ended")
        let stopped = worker.outcome.releasedCount
        guard stopped == 0 else {
            throw ExitStatus.failed(
                "\(Format.count(stopped, "job")) did not end in time, so that it was stopped and handed back; another "
                    + "worker runs it")
        }
    }
}
