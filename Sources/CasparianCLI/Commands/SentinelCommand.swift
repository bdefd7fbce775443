import ArgumentParser
import CasparianSentinel
import Logging
import ServiceLifecycle

struct SentinelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sentinel", abstract: "Hand out jobs to workers and record what came of them.",
        discussion: """
            Runs until SIGINT or SIGTERM. Jobs that run at that moment go on at their workers; the next sentinel
            takes them over.

            Examples:
              casparian sentinel
              casparian sentinel --bind tcp://127.0.0.1:6000 --database /var/lib/casparian/state.sqlite3
              casparian sentinel --bind tcp://10.0.0.5:5555 --keys keys
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var security: SecurityOptions
    @Option(help: "Where to listen for workers. Default: tcp://127.0.0.1:5555.") var bind: String?
    @Option(help: "Where to tell Prometheus about it, for example 127.0.0.1:9464. Default: nowhere.")
    var metrics: String?

    func run() async throws {
        let settings = try await ProjectSettings.resolve(
            project, overrides: SettingsOverrides(bind: bind, metrics: metrics, keys: security.keys))
        Logs.start(settings)
        let logger = Logger(label: "sentinel")
        let lock = try SentinelLock(database: settings.database, bind: settings.bind)
        defer { withExtendedLifetime(lock) {} }
        let catalog = try await project.openCatalog()
        let metrics = try Metrics(settings, catalog: catalog)
        let server = try Connections.listen(settings, isInsecureAllowed: security.insecure, logger: logger)
        logger.info("sentinel listens", metadata: ["address": "\(server.address)", "database": "\(settings.database)"])
        try await Composition.untilDoneOrSignal(
            metrics.services
                + [Sentinel(catalog: catalog, transport: server, logger: logger, metrics: metrics.factory)])
        logger.info("sentinel ended")
    }
}
