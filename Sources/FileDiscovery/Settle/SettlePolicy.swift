import CasparianModel
import CasparianRouting

/// When a file counts as complete, so that none is read while somebody still writes it.
public struct SettlePolicy: Sendable {
    /// What applies to some files; the first rule whose pattern matches decides.
    public struct Rule: Sendable {
        fileprivate let files: IgnoreMatcher
        fileprivate let window: Duration
        fileprivate let marker: DoneMarker?

        /// - Parameters:
        ///   - files: A pattern as in ignore rules.
        ///   - window: How long a file must have been left alone.
        ///   - marker: The file whose presence says that this one is complete; the window does not count then.
        /// - Throws: `PatternError`.
        public init(files: String, window: Duration, marker: DoneMarker? = nil) throws(PatternError) {
            self.files = try IgnoreMatcher([files])
            self.window = window
            self.marker = marker
        }
    }

    /// What is known of a file's completeness.
    public enum Verdict: Hashable, Sendable {
        case complete
        /// It may be complete at this moment, if nothing is written to it until then.
        case waits(until: Timestamp)
        /// It is complete once the file of this relative path is there.
        case waitsForMarker(String)
        /// Nobody's input: a temporary file or a marker.
        case noInput
    }

    /// Left alone for so long, a file is complete.
    public let window: Duration
    private let marker: DoneMarker?
    private let rules: [Rule]
    private let temporary: IgnoreMatcher

    /// - Parameters:
    ///   - window: For files that no rule is about.
    ///   - marker: The same.
    ///   - rules: In their order.
    ///   - temporary: Patterns of files that become input when they are renamed.
    /// - Throws: `PatternError`.
    public init(
        window: Duration = .zero, marker: DoneMarker? = nil, rules: [Rule] = [], temporary: [String] = []
    ) throws(PatternError) {
        self.window = window
        self.marker = marker
        self.rules = rules
        self.temporary = try IgnoreMatcher(temporary)
    }

    /// Nothing but a window.
    public init(quietFor window: Duration) {
        self.window = window
        marker = nil
        rules = []
        // No pattern, so none can be wrong.
        temporary = IgnoreMatcher.nothing
    }

    /// Whether every file is complete at any time.
    public var isTrivial: Bool { window == .zero && marker == nil && rules.isEmpty && temporary.isEmpty }

    /// - Parameters:
    ///   - file: As it is now.
    ///   - now: The moment that its age counts from.
    ///   - isClosed: Its writer closed it, or it was renamed into place, a moment ago.
    ///   - isThere: Whether a file lies at a relative path.
    public func verdict(
        _ file: FoundFile, now: Timestamp, isClosed: Bool = false, isThere: (String) -> Bool
    ) -> Verdict {
        if isTrivial { return .complete }
        if temporary.matches(file.relativePath) || isMarker(file.relativePath) { return .noInput }
        let rule = rules.first { $0.files.matches(file.relativePath) }
        if let marker = rule.map(\.marker) ?? marker {
            let path = marker.path(for: file.relativePath)
            return isThere(path) ? .complete : .waitsForMarker(path)
        }
        let window = rule?.window ?? window
        if isClosed || window == .zero { return .complete }
        // By the file system's clock too: `cp -p` dates a file back when it is done. A date in the future says nothing; a
        // file that has it would never settle by it.
        let dates = [file.modified, file.changed].filter { $0 <= now }
        let written = dates.max() ?? file.changed
        let due = written.advanced(by: window)
        return due > now ? .waits(until: due) : .complete
    }

    /// The longest time that any file must have been left alone.
    public var longestWindow: Duration { ([window] + rules.map(\.window)).max() ?? window }

    /// Whether any file waits for a marker.
    public var hasMarkers: Bool { marker != nil || rules.contains { $0.marker != nil } }

    /// Whether a marker, and nothing else, says that this file is complete.
    public func isMarked(_ path: String) -> Bool {
        guard let rule = rules.first(where: { $0.files.matches(path) }) else { return marker != nil }
        return rule.marker != nil
    }

    /// How long a file must have been left alone; zero where a marker decides.
    public func window(for path: String) -> Duration {
        guard let rule = rules.first(where: { $0.files.matches(path) }) else { return marker == nil ? window : .zero }
        return rule.marker == nil ? rule.window : .zero
    }

    /// Whether a path is the marker of some file.
    public func isMarker(_ path: String) -> Bool {
        marker?.isMarker(path) == true
            || rules.contains { $0.marker?.isMarker(path) == true && !$0.files.matches(path) }
    }

    /// The file that a marker is for; nil if the path is no marker.
    public func file(markedBy path: String) -> String? {
        for marker in rules.compactMap(\.marker) + [marker].compactMap({ $0 }) {
            if let file = marker.file(for: path) { return file }
        }
        return nil
    }
}

/// The name of the file that tells of another one, in the same folder, that it is complete: `{name}.done`.
public struct DoneMarker: Hashable, Sendable {
    private let prefix: String
    private let suffix: String

    /// - Parameter template: `{name}` stands for the file's name, and something must stand before or after it.
    /// - Returns: Nil if the template is none.
    public init?(_ template: String) {
        let parts = template.split(separator: "{name}", omittingEmptySubsequences: false)
        guard parts.count == 2, !template.contains("/"), template != "{name}" else { return nil }
        prefix = String(parts[0])
        suffix = String(parts[1])
    }

    func path(for path: String) -> String {
        let folder = PathParts.folder(of: path)
        return (folder.isEmpty ? "" : folder + "/") + prefix + PathParts.name(of: path) + suffix
    }

    func isMarker(_ path: String) -> Bool { file(for: path) != nil }

    func file(for path: String) -> String? {
        let name = PathParts.name(of: path)
        guard name.utf8.count > prefix.utf8.count + suffix.utf8.count, name.hasPrefix(prefix), name.hasSuffix(suffix)
        else { return nil }
        let folder = PathParts.folder(of: path)
        let base = String(name.dropFirst(prefix.count).dropLast(suffix.count))
        return folder.isEmpty ? base : folder + "/" + base
    }
}
