/// Tags in one column, separated by commas.
package enum TagList {
    package static func text(_ tags: [String]) -> String { tags.joined(separator: ",") }

    /// Empty entries and space around a tag are dropped, since people write them.
    package static func parse(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").compactMap { part in
            let tag = part.drop { $0 == " " }
            let end = tag.lastIndex { $0 != " " }
            return end.map { String(tag[...$0]) }
        }
    }
}
