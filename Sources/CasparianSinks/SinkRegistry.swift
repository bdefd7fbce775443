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
        guard let factory = factories[request.uri.scheme] else {
            throw SinkError(
                code: .unknownScheme, target: request.uri.description,
                message: "this worker writes \(schemes.map { $0 + "://" }.joined(separator: ", ")), not "
                    + "\(request.uri.scheme)://; change the topic: casparian topics set PLUGIN TOPIC URI")
        }
        return try factory.open(request)
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
