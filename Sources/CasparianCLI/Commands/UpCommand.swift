import ArgumentParser
import CasparianCatalog
import CasparianScout
import CasparianSentinel
import Logging
import ServiceLifecycle
import ZeroMQTransport

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Discover, dispatch and process in one program.",
        discussion: """
            A sentinel, a worker and a scout as casparian.yaml says, until SIGINT or SIGTERM. Other workers may connect.
            With --until-idle it scans once (and again if files changed meanwhile) and ends when nothing is queued or
            running: 0 if all went well, 1 if a job failed, no worker can run it or files keep changing, 69 if a root
            cannot be read.

            Examples:
              casparian up
              casparian up --until-idle
              casparian up --until-idle --log-level warning --slots 4
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var security: SecurityOptions
    @Flag(help: "Scan, process what is queued, and exit.") var untilIdle = false
    @Option(help: "Where to listen for other workers. Default: tcp://127.0.0.1:5555.") var bind: String?
    @Option(help: "Where to tell Prometheus about it, for example 127.0.0.1:9464. Default: nowhere.")
    var metrics: String?
    @Option(help: "Folder of Python plugins.") var plugins: String?
    @Option(help: "Folder for Parquet files.") var output: String?
    @Option(help: "Python interpreter for plugins; it needs pyarrow.") var python: String?
    @Option(help: "Jobs at once.") var slots: Int?

    func run() async throws {
        let settings = try await ProjectSettings.resolve(
            project,
            overrides: SettingsOverrides(
                bind: bind, metrics: metrics, plugins: plugins, output: output, python: python, slots: slots,
                keys: security.keys))
        Logs.start(settings)
        let start = ContinuousClock.now
        let lock = try SentinelLock(database: settings.database, bind: settings.bind)
        defer { withExtendedLifetime(lock) {} }
        let catalog = try await project.openCatalog()
        for root in settings.roots { _ = try await catalog.addSourceRoot(path: root) }
        let monitor = UpMonitor()
        let progress = UpProgress()
        let scout = try Composition.scout(settings, catalog: catalog)
        let metrics = try Metrics(settings, catalog: catalog)
        let sentinelLogger = Logger(label: "sentinel")
        // Without a file: the key of the worker in here ends with the process.
        let ownKey = try settings.keys.isEmpty ? nil : CurveSecretKey.generate()
        let server = try Connections.listen(
            settings, isInsecureAllowed: security.insecure, ownKey: ownKey?.publicKey, logger: sentinelLogger)
        let sentinel = Sentinel(
            catalog: catalog, transport: server, logger: sentinelLogger, metrics: metrics.factory
        ) { snapshot in
            monitor.update(snapshot)
            if !untilIdle { progress.show(snapshot) }
        }
        // What the worker tells of its jobs the sentinel tells too.
        var workerLogger = Logger(label: "worker")
        workerLogger.logLevel = max(workerLogger.logLevel, .warning)
        let ownSecurity = try ownKey.flatMap { try settings.keys.client(beside: $0) }
        let worker = try Composition.worker(settings, logger: workerLogger) { identity in
            try ZeroMQClient.connect(address: server.address, identity: identity, security: ownSecurity)
        }
        let ending = UntilIdle(
            catalog: catalog, scout: scout, monitor: monitor, progress: progress, logger: Logger(label: "up"))
        let discovery: any Service =
            untilIdle
            ? ending
            : ScoutService(catalog: catalog, scout: scout, logger: Logger(label: "scout"), now: { Clock.now() })
        // Ended in reverse order: discovery, then the worker, then the sentinel that takes its last receipts.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: metrics.services.map { .init(service: $0) } + [
                    .init(service: sentinel), .init(service: worker),
                    .init(service: discovery, successTerminationBehavior: .gracefullyShutdownGroup),
                ], gracefulShutdownSignals: [.sigint, .sigterm], logger: Logs.silent))
        try await group.run()
        progress.clear()
        guard untilIdle else { return }
        try conclude(ending.outcome, monitor.snapshot, ContinuousClock.now - start)
    }

    private func conclude(_ outcome: UntilIdle.Outcome, _ snapshot: SentinelSnapshot, _ took: Duration) throws {
        Terminal.line(
            "\(Format.count(outcome.filesSeen, "file")), \(Format.count(snapshot.completed, "job")) completed, "
                + "\(snapshot.failed) failed, "
                + (snapshot.changed > 0 ? "\(snapshot.changed) skipped since their files changed, " : "")
                + "in \(Format.duration(took))")
        var problems: [String] = []
        if snapshot.failed > 0 {
            problems.append(
                "\(Format.count(snapshot.failed, "job")) failed; see casparian jobs list --status FAILED")
        }
        for (plugin, jobs) in outcome.stranded.sorted(by: { $0.key < $1.key }) {
            problems.append(
                "\(Format.count(jobs, "job")) for '\(plugin)', which no worker offers; put \(plugin).py into the "
                    + "plugins folder")
        }
        for (plugin, jobs) in outcome.paused.sorted(by: { $0.key < $1.key }) {
            problems.append(
                "'\(plugin)' is paused, since its jobs failed one after the other; \(Format.count(jobs, "job")) of it wait: "
                    + "mend it and run this again")
        }
        if !outcome.restless.isEmpty {
            problems.append(
                "files that keep changing were not read; run this again when they are left alone, or set settle_seconds: "
                    + outcome.restless.joined(separator: ", "))
        }
        if !outcome.isDone { problems.append("ended before the queue was empty") }
        if !outcome.unreadable.isEmpty {
            throw ExitStatus.unreachable((outcome.unreadable + problems).joined(separator: "\n"))
        }
        guard problems.isEmpty else { throw ExitStatus.failed(problems.joined(separator: "\n")) }
    }
}
