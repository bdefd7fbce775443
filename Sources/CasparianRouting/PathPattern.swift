/// One gitignore-style pattern (gitignore(5)), compiled once. Works on bytes, as git does.
public struct PathPattern: Hashable, Sendable {
    /// The pattern as it was written.
    public let text: String
    /// `!` in front: takes back in what an earlier pattern matched.
    public let isNegated: Bool
    /// `/` at the end: directories only (and so everything below them).
    public let isDirectoryOnly: Bool
    /// Without a `/` in the middle or in front, only the last part of a path is looked at.
    private let matchesName: Bool
    private let shape: Shape

    private enum Shape: Hashable {
        /// No wildcard at all.
        case literal([UInt8])
        /// `*` and then plain text.
        case suffix([UInt8])
        case glob(Glob)
    }

    /// Longest pattern, in characters: what the catalog stores.
    public static let lengthMax = 500

    /// Nil for an empty line or a comment.
    ///
    /// - Throws: `PatternError` for a pattern that is too long or ends in a lone backslash.
    public init?(_ text: String) throws(PatternError) {
        self.text = text
        guard text.count <= Self.lengthMax else {
            throw PatternError(pattern: text, message: "is longer than \(Self.lengthMax) characters")
        }
        var bytes = Array(text.utf8)
        if bytes.first == UInt8(ascii: "#") { return nil }
        Self.trimSpaces(&bytes)
        isNegated = bytes.first == UInt8(ascii: "!")
        if isNegated { bytes.removeFirst() }
        isDirectoryOnly = bytes.last == UInt8(ascii: "/")
        if isDirectoryOnly { bytes.removeLast() }
        guard !bytes.isEmpty else { return nil }
        matchesName = !bytes.contains(UInt8(ascii: "/"))
        if bytes.first == UInt8(ascii: "/") { bytes.removeFirst() }
        if bytes.isEmpty || Self.endsInBackslash(bytes) {
            throw PatternError(pattern: text, message: "ends where something must follow; it would match nothing")
        }
        let special = Set("*?[\\".utf8)
        if !bytes.contains(where: special.contains) {
            shape = .literal(bytes)
        } else if matchesName, bytes[0] == UInt8(ascii: "*"), !bytes.dropFirst().contains(where: special.contains) {
            shape = .suffix(Array(bytes.dropFirst()))
        } else {
            shape = .glob(Glob(bytes, isPath: !matchesName))
        }
    }

    /// Trailing spaces mean nothing unless a backslash stands before them.
    private static func trimSpaces(_ bytes: inout [UInt8]) {
        while bytes.last == UInt8(ascii: " "), bytes.dropLast().last != UInt8(ascii: "\\") { bytes.removeLast() }
    }

    private static func endsInBackslash(_ bytes: [UInt8]) -> Bool {
        var count = 0
        for byte in bytes.reversed() {
            guard byte == UInt8(ascii: "\\") else { break }
            count += 1
        }
        return count % 2 == 1
    }

    /// Which paths the pattern can match at all, for `PatternIndex`.
    enum Key {
        case name([UInt8])
        case path([UInt8])
        /// Every match ends in these bytes; may be empty.
        case ending([UInt8])
    }

    var key: Key {
        switch shape {
        case .literal(let bytes): matchesName ? .name(bytes) : .path(bytes)
        case .suffix(let bytes): .ending(bytes)
        case .glob(let glob): .ending(glob.ending)
        }
    }

    /// True if the pattern names exactly this path (not something above it).
    ///
    /// - Parameters:
    ///   - path: Relative, `/` between parts.
    ///   - nameStart: Where the last part begins.
    func matches(_ path: UnsafeBufferPointer<UInt8>, nameStart: Int, isDirectory: Bool) -> Bool {
        if isDirectoryOnly && !isDirectory { return false }
        let subject = matchesName ? UnsafeBufferPointer(rebasing: path[nameStart...]) : path
        switch shape {
        case .literal(let bytes): return subject.count == bytes.count && subject.elementsEqual(bytes)
        case .suffix(let bytes):
            return subject.count >= bytes.count && subject[(subject.count - bytes.count)...].elementsEqual(bytes)
        case .glob(let glob): return glob.matches(subject)
        }
    }
}

/// A pattern cannot be used.
public struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    public let pattern: String
    public let message: String
    public var description: String { "pattern '\(pattern)' \(message)" }
}
