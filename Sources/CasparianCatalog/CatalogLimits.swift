import CasparianModel

/// What the catalog's columns hold.
public enum CatalogLimits {
    /// Longest pattern, in characters.
    public static let patternLengthMax = 500
    /// Longest tag, in characters.
    public static let tagLengthMax = 50

    package static func check(pattern: String) throws(CatalogError) {
        guard !pattern.isEmpty, pattern.count <= patternLengthMax, !pattern.utf8.contains(0) else {
            throw CatalogError(
                code: .invalid, subject: "pattern '\(pattern.prefix(60))'",
                message: "a pattern has 1 to \(patternLengthMax) characters; this one has \(pattern.count)")
        }
    }

    package static func check(tag: String) throws(CatalogError) {
        let isPlain = !tag.contains(",") && tag.first?.isWhitespace == false && tag.last?.isWhitespace == false
        guard isPlain, tag.count <= tagLengthMax, !tag.utf8.contains(0) else {
            throw CatalogError(
                code: .invalid, subject: "tag '\(tag.prefix(60))'",
                message: "a tag has 1 to \(tagLengthMax) characters, no comma, and no space at either end")
        }
    }

    package static func check(rootPath path: String) throws(CatalogError) {
        guard path.hasPrefix("/"), path == "/" || !path.hasSuffix("/"), !path.utf8.contains(0) else {
            throw CatalogError(
                code: .invalid, subject: "source root '\(path)'",
                message: "give an absolute path without a slash at its end")
        }
    }

    package static func check(name: String, of thing: String) throws(CatalogError) {
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw CatalogError(code: .invalid, subject: thing, message: "it must not be empty")
        }
    }
}
