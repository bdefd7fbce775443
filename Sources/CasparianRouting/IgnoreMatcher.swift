/// An ordered list of patterns: the last that matches decides; what lies in an ignored folder stays ignored.
public struct IgnoreMatcher: Sendable {
    private let index: PatternIndex

    /// - Throws: `PatternError` that names the pattern.
    public init(_ patterns: [String]) throws(PatternError) {
        var compiled: [PathPattern] = []
        for text in patterns { if let pattern = try PathPattern(text) { compiled.append(pattern) } }
        index = PatternIndex(compiled)
    }

    private init() { index = PatternIndex([]) }

    /// Matches nothing.
    public static let nothing = IgnoreMatcher()

    public var isEmpty: Bool { index.isEmpty }

    /// Decides about a path and every folder above it.
    ///
    /// - Parameters:
    ///   - path: Relative, `/` between parts, none at the ends.
    ///   - isDirectory: Whether the path itself is a folder; those above it are.
    public func matches(_ path: String, isDirectory: Bool = false) -> Bool {
        matches(bytes: Array(path.utf8), isDirectory: isDirectory)
    }

    /// The same for the bytes of a path.
    public func matches(bytes path: [UInt8], isDirectory: Bool = false) -> Bool {
        guard !isEmpty else { return false }
        return path.withUnsafeBufferPointer { bytes in
            var isIgnored = false
            PathEntry.walk(bytes, isDirectory: isDirectory) { entry in
                isIgnored = decides(entry)
                return !isIgnored
            }
            return isIgnored
        }
    }

    /// Decides about an entry whose parents are known not to be ignored.
    public func matchesEntry(_ path: String, isDirectory: Bool) -> Bool {
        matchesEntry(Array(path.utf8), isDirectory: isDirectory)
    }

    /// Decides about an entry by the bytes of its path.
    public func matchesEntry(_ path: [UInt8], isDirectory: Bool) -> Bool {
        guard !isEmpty else { return false }
        return path.withUnsafeBufferPointer { bytes in
            let nameStart = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
            return decides(
                PathEntry(
                    path: bytes, nameStart: nameStart, isDirectory: isDirectory, pathHash: ByteHash(bytes),
                    nameHash: ByteHash(bytes[nameStart...])))
        }
    }

    private func decides(_ entry: PathEntry) -> Bool {
        var last = -1
        index.forEachMatch(entry) { last = max(last, $0) }
        return last >= 0 && !index[last].isNegated
    }
}
