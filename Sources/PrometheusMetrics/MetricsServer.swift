import FlyingFox
import FlyingSocks
import Foundation
import Logging
import ServiceLifecycle

/// Where a metrics server listens.
public struct MetricsAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 or IPv6 address.
    public let host: String
    /// 0 takes any free one.
    public let port: UInt16

    /// Reads `127.0.0.1:9464`, `[::1]:9464` or `localhost:9464`; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host == "localhost" { host = "127.0.0.1" }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        var buffer = in6_addr()
        let family = host.contains(":") ? AF_INET6 : AF_INET
        guard inet_pton(family, host, &buffer) == 1 else { return nil }
        self.host = host
        self.port = port
    }

    /// True if nobody on another machine can reach it.
    public var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The address of a metrics server cannot be used.
public struct MetricsServerError: Error, Sendable, CustomStringConvertible {
    public let address: MetricsAddress
    /// The reason and the next step.
    public let message: String
    public var description: String { "metrics at \(address): \(message)" }
}

/// Answers `GET /metrics` with a registry's text, for Prometheus to scrape.
public struct MetricsServer: Service {
    /// What Prometheus's scraper is told about the text.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// Longest time that one request may take to arrive.
    static let requestTimeoutSeconds: TimeInterval = 10
    /// Longest time to wait for the socket before its address is told.
    static let startTimeoutSeconds: TimeInterval = 60

    private let address: MetricsAddress
    private let registry: PrometheusRegistry
    private let logger: Logger
    private let refresh: @Sendable () async -> Void

    /// - Parameters:
    ///   - address: Where to listen.
    ///   - registry: What to show.
    ///   - logger: Is told the address.
    ///   - refresh: Called before each answer, for what is looked up rather than recorded.
    public init(
        address: MetricsAddress, registry: PrometheusRegistry, logger: Logger,
        refresh: @escaping @Sendable () async -> Void = {}
    ) {
        self.address = address
        self.registry = registry
        self.logger = logger
        self.refresh = refresh
    }

    /// Serves until cancelled or shut down.
    ///
    /// - Throws: `MetricsServerError` when nobody can listen there.
    public func run() async throws {
        try await cancelWhenGracefulShutdown { try await serve() }
    }

    private func serve() async throws {
        let server = try makeServer()
        await server.appendRoute("GET /metrics") { [registry, refresh] _ in
            await refresh()
            return HTTPResponse(
                statusCode: .ok, headers: [.contentType: Self.contentType], body: Data(registry.text().utf8))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [address] in
                do {
                    try await server.run()
                } catch {
                    if !Task.isCancelled { throw Self.error(error, address) }
                }
            }
            group.addTask { [logger] in
                guard (try? await server.waitUntilListening(timeout: Self.startTimeoutSeconds)) != nil,
                    let place = await server.listeningAddress
                else { return }
                logger.info("metrics are served", metadata: ["url": "http://\(Self.text(place))/metrics"])
            }
            for try await _ in group {}
        }
    }

    private func makeServer() throws -> HTTPServer {
        let timeout = Self.requestTimeoutSeconds
        if address.host.contains(":") {
            return HTTPServer(
                address: try .inet6(ip6: address.host, port: address.port), timeout: timeout, logger: .disabled)
        }
        return HTTPServer(
            address: try .inet(ip4: address.host, port: address.port), timeout: timeout, logger: .disabled)
    }

    private static func text(_ address: Socket.Address) -> String {
        switch address {
        case .ip4(let host, let port): "\(host):\(port)"
        case .ip6(let host, let port): "[\(host)]:\(port)"
        case .unix(let path): path
        }
    }

    private static func error(_ error: any Error, _ address: MetricsAddress) -> MetricsServerError {
        var reason = "\(error)"
        if case SocketError.failed(_, let number, _) = error { reason = String(cString: strerror(number)) }
        return MetricsServerError(
            address: address, message: "\(reason); name another address with --metrics, or leave it out")
    }
}
