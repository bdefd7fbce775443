import CasparianModel

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

    /// The same scheme and options at another place, save some options.
    init(_ other: SinkURI, place: String, leavingOut keys: Set<Substring>) {
        let query = other.text.firstIndex(of: "?").map { other.text[$0...].dropFirst() } ?? ""
        let kept = query.split(separator: "&").filter { !keys.contains($0.prefix { $0 != "=" }) }
        scheme = other.scheme
        self.place = place
        options = other.options.filter { !keys.contains($0.key[...]) }
        text = "\(scheme)://\(place)" + (kept.isEmpty ? "" : "?" + kept.joined(separator: "&"))
    }

    /// The option `mode` where there is one, else what the topic is configured with.
    ///
    /// - Throws: `SinkError` with code `.invalidURI` for a word that is no mode.
    public func mode(configured: SinkMode) throws(SinkError) -> SinkMode {
        guard let word = options["mode"] else { return configured }
        guard let mode = SinkMode(rawValue: word) else {
            throw SinkError(
                code: .invalidURI, target: text, message: "mode is append, replace or error, not '\(word)'")
        }
        return mode
    }

    public var description: String { text }
}
