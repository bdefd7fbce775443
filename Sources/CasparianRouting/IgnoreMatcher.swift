/// An ordered list of patterns: the last that matches decides; what lies in an ignored folder stays ignored.
public struct IgnoreMatcher: Sendable {
    private let patterns: [PathPattern]

    /// - Throws: `PatternError` that names the pattern.
    public init(_ patterns: [String]) throws(PatternError) {
        var compiled: [PathPattern] = []
        for text in patterns { if let pattern = try PathPattern(text) { compiled.append(pattern) } }
        self.patterns = compiled
    }

    public var isEmpty: Bool { patterns.isEmpty }

    /// Decides about a path and every folder above it.
    ///
    /// - Parameter path: Relative, `/` between parts, none at the ends.
    public func matches(_ path: String, isDirectory: Bool = false) -> Bool {
        var path = path
        return path.withUTF8 { bytes in
            var nameStart = 0
            for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "/") {
                let folder = UnsafeBufferPointer(rebasing: bytes[..<index])
                if decides(folder, nameStart: nameStart, isDirectory: true) { return true }
                nameStart = index + 1
            }
            return decides(bytes, nameStart: nameStart, isDirectory: isDirectory)
        }
    }

    /// Decides about an entry whose parents are known not to be ignored.
    public func matchesEntry(_ path: String, isDirectory: Bool) -> Bool {
        var path = path
        return path.withUTF8 { bytes in
            let nameStart = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
            return decides(bytes, nameStart: nameStart, isDirectory: isDirectory)
        }
    }

    private func decides(_ path: UnsafeBufferPointer<UInt8>, nameStart: Int, isDirectory: Bool) -> Bool {
        for pattern in patterns.reversed() where pattern.matches(path, nameStart: nameStart, isDirectory: isDirectory) {
            return !pattern.isNegated
        }
        return false
    }
}
