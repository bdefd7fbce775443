/// `<scheme>://<place>?<options>`: where a topic's rows go (docs/sinks.md).
public struct SinkURI: Hashable, Sendable, CustomStringConvertible {
    public let scheme: String
    /// Between `://` and `?`, unchanged; an absolute path begins with `/`.
    public let place: String
    /// `key=value` pairs after `?`, in order of appearance; a later one of the same key wins.
    public let options: [String: String]
    private let text: String

    /// - Throws: `SinkError` with code `.invalidURI` that says what is missing.
    public init(_ text: String) throws(SinkError) {
        guard let separator = text.firstRange(of: "://"), separator.lowerBound > text.startIndex else {
            throw SinkError(
                code: .invalidURI, target: text,
                message: "a sink URI is <scheme>://<place>, for example parquet://sales.parquet")
        }
        let rest = text[separator.upperBound...]
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let place = String(parts[0])
        guard !place.isEmpty, !place.utf8.contains(0) else {
            throw SinkError(code: .invalidURI, target: text, message: "the sink URI names no place after ://")
        }
        var options: [String: String] = [:]
        if parts.count == 2, !parts[1].isEmpty {
            for pair in parts[1].split(separator: "&") {
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard sides.count == 2, !sides[0].isEmpty else {
                    throw SinkError(
                        code: .invalidURI, target: text, message: "option '\(pair)' is not of the form key=value")
                }
                options[String(sides[0])] = String(sides[1])
            }
        }
        self.scheme = text[..<separator.lowerBound].lowercased()
        self.place = place
        self.options = options
        self.text = text
    }

    public var description: String { text }
}
