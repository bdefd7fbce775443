import CasparianCatalog
import CasparianSentinel
import CoreMetrics
import Logging
import PrometheusMetrics
import ServiceLifecycle

/// What a sentinel counts, and who tells it to Prometheus.
struct Metrics {
    /// Where the sentinel counts; nowhere, unless somebody asks for it.
    var factory: any MetricsFactory = NOOPMetricsHandler.instance
    /// Empty, or the server that answers scrapes.
    var services: [any Service] = []

    /// - Throws: `ExitStatus` 64 for an address that is none, or that others can reach: counts tell about the data.
    init(_ settings: ProjectSettings, catalog: any Catalog) throws {
        guard let text = settings.metrics else { return }
        guard let address = MetricsAddress(text) else {
            throw ExitStatus.misuse(
                "metrics: '\(text)' is no address; give a numeric host and a port, like 127.0.0.1:9464")
        }
        guard address.isLoopback else {
            throw ExitStatus.misuse(
                "metrics: \(text) can be reached from other machines, and nothing protects it; give a loopback address, "
                    + "like 127.0.0.1:\(address.port), and let a proxy with authentication pass it on")
        }
        let registry = PrometheusRegistry(help: SentinelMetric.help)
        let depths = QueueDepthMetrics(catalog: catalog, factory: registry)
        factory = registry
        services = [
            MetricsServer(address: address, registry: registry, logger: Logger(label: "metrics")) {
                await depths.refresh()
            }
        ]
    }
}

extension Composition {
    /// Runs services until one of them ends, or SIGINT or SIGTERM asks for it; ended in reverse order.
    static func untilDoneOrSignal(_ services: [any Service]) async throws {
        let configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigint, .sigterm], logger: Logs.silent)
        try await ServiceGroup(configuration: configuration).run()
    }
}
