import CasparianModel

/// Rows that do not fit their topic's contract: where they go and how they are called.
public enum Quarantine {
    /// Follows the name of the table, and that of the topic.
    public static let suffix = "_quarantine"

    /// The topic that artifacts of quarantined rows have.
    public static func topic(of topic: String) -> String { topic + suffix }
}

extension SinkURI {
    /// Options that name columns of the table, which its quarantine does not have.
    private static let optionsOfColumns: Set<Substring> = ["partition", "bloom"]

    /// The same storage, options and folder; the table's name ends in `_quarantine`.
    ///
    /// `parquet://rel/name.parquet` becomes `parquet://rel/name_quarantine.parquet`; everything else ends in a folder's or
    /// a table's name, which gets the suffix, within its quotes if it has some.
    public var quarantine: SinkURI {
        var head = place[...]
        while head.count > 1, head.last == "/" { head.removeLast() }
        let closing =
            switch scheme {
            case _ where scheme.hasPrefix("parquet"): ".parquet"
            case "mssql": "]"
            case "postgres", "postgresql": "\""
            default: ""
            }
        let tail = head.hasSuffix(closing) ? closing : ""
        head.removeLast(tail.count)
        return SinkURI(self, place: head + Quarantine.suffix + tail, leavingOut: Self.optionsOfColumns)
    }
}
