/// The sinks that a worker has, by URI scheme.
public struct SinkRegistry: Sendable {
    private let factories: [String: any SinkFactory]

    public init(_ factories: [any SinkFactory]) {
        self.factories = Dictionary(factories.map { ($0.scheme, $0) }) { first, _ in first }
    }

    public var schemes: [String] { factories.keys.sorted() }

    /// Opens a sink.
    ///
    /// - Throws: `SinkError` with `.unknownScheme`, or what the factory throws.
    public func open(_ request: SinkRequest) throws -> any Sink {
        try factory(request.uri).open(request)
    }

    /// Opens what an earlier process prepared; see `SinkFactory.resume`.
    ///
    /// - Throws: `SinkError` with `.unknownScheme`, or what the factory throws.
    public func resume(_ request: SinkRequest, rows: Int64) throws -> (any Sink)? {
        try factory(request.uri).resume(request, rows: rows)
    }

    /// The highest job id that has rows at a place; see `SinkFactory.highestJobID`.
    ///
    /// - Throws: `SinkError` with `.unknownScheme`, or what the factory throws.
    public func highestJobID(at uri: SinkURI) throws -> Int64 { try factory(uri).highestJobID(at: uri) }

    /// Names of the steps that its sinks pass, by scheme.
    public var steps: [(scheme: String, steps: [String])] {
        schemes.map { ($0, factories[$0]?.steps ?? []) }
    }

    private func factory(_ uri: SinkURI) throws(SinkError) -> any SinkFactory {
        if let factory = factories[uri.scheme] { return factory }
        throw SinkError(
            code: .unknownScheme, target: uri.description,
            message: "this worker writes \(schemes.map { $0 + "://" }.joined(separator: ", ")), not "
                + "\(uri.scheme)://; change the topic: casparian topics set PLUGIN TOPIC URI")
    }

    /// Removes what processes that died left in staging; one text for each thing removed or not removable.
    public func removeLeftovers() -> [String] {
        factories.values.sorted { $0.scheme < $1.scheme }.flatMap { factory in
            do {
                return try factory.removeLeftovers()
            } catch {
                return ["could not look for leftovers of \(factory.scheme)://: \(error)"]
            }
        }
    }
}
