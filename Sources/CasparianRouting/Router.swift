import CasparianModel

/// Which tags a path gets and which plugins want it.
public struct Route: Hashable, Sendable {
    /// Sorted.
    public var tags: [String]
    /// Sorted.
    public var plugins: [String]

    public init(tags: [String] = [], plugins: [String] = []) {
        self.tags = tags
        self.plugins = plugins
    }
}

/// All routing rules and subscriptions, compiled once.
///
/// Each rule stands for itself: one that begins with `!` tags nothing.
public struct Router: Sendable {
    private let index: PatternIndex
    /// For each pattern of the index the number of its tag.
    private let tagOfPattern: [Int]
    /// Sorted.
    private let tags: [String]
    /// For each tag the numbers of the plugins that want it.
    private let subscribers: [[Int]]
    /// Sorted.
    private let plugins: [String]
    /// Stands for all rules and subscriptions: another one sends some file elsewhere, perhaps. The same in every process.
    public let fingerprint: Int64

    /// Compiles rules; one that is no usable pattern is left out and reported.
    ///
    /// - Parameters:
    ///   - rules: Patterns and the tags they give.
    ///   - plugins: Plugins and the tags they want.
    ///   - onInvalid: Called with each rule that cannot be used and why.
    public init(
        rules: [RoutingRule], plugins: [PluginConfig], onInvalid: (RoutingRule, PatternError) -> Void = { _, _ in }
    ) {
        let tags = Set(rules.map(\.tag)).sorted()
        let names = Set(plugins.map(\.pluginName)).sorted()
        let tagNumbers = Dictionary(uniqueKeysWithValues: tags.enumerated().map { ($1, $0) })
        let pluginNumbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        var compiled: [PathPattern] = []
        var tagOfPattern: [Int] = []
        for rule in rules {
            do {
                guard let pattern = try PathPattern(rule.pattern), !pattern.isNegated,
                    let tag = tagNumbers[rule.tag]
                else { continue }
                compiled.append(pattern)
                tagOfPattern.append(tag)
            } catch {
                onInvalid(rule, error)
            }
        }
        var subscribers = [[Int]](repeating: [], count: tags.count)
        for plugin in plugins {
            guard let number = pluginNumbers[plugin.pluginName] else { continue }
            for name in plugin.subscriptionTags {
                if let tag = tagNumbers[name] { subscribers[tag].append(number) }
            }
        }
        index = PatternIndex(compiled)
        self.tagOfPattern = tagOfPattern
        self.tags = tags
        self.subscribers = subscribers
        self.plugins = names
        fingerprint = Self.fingerprint(rules, plugins)
    }

    private static func fingerprint(_ rules: [RoutingRule], _ plugins: [PluginConfig]) -> Int64 {
        var hash = ByteHash()
        func add(_ kind: UInt8, _ left: String, _ right: String) {
            hash.add(kind)
            for text in [left, right] {
                for byte in text.utf8 { hash.add(byte) }
                hash.add(0)
            }
        }
        let subscriptions = plugins.flatMap { plugin in plugin.subscriptionTags.map { (plugin.pluginName, $0) } }
        for (pattern, tag) in rules.map({ ($0.pattern, $0.tag) }).sorted(by: <) { add(1, pattern, tag) }
        for (name, tag) in subscriptions.sorted(by: <) { add(2, name, tag) }
        return Int64(bitPattern: hash.value)
    }

    /// - Parameter path: Relative to the source root.
    public func route(_ path: String) -> Route {
        guard !index.isEmpty else { return Route() }
        // As the file system has it, not as it is written down.
        return PathText.bytes(path).withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: Bool.self, capacity: tags.count + plugins.count) { flags in
                flags.initialize(repeating: false)
                let wanted = UnsafeMutableBufferPointer(rebasing: flags[tags.count...])
                PathEntry.walk(bytes, isDirectory: false) { entry in
                    index.forEachMatch(entry) { pattern in
                        let tag = tagOfPattern[pattern]
                        guard !flags[tag] else { return }
                        flags[tag] = true
                        for plugin in subscribers[tag] { wanted[plugin] = true }
                    }
                    return true
                }
                return Route(tags: Self.chosen(tags, flags), plugins: Self.chosen(plugins, wanted))
            }
        }
    }

    private static func chosen(_ names: [String], _ flags: UnsafeMutableBufferPointer<Bool>) -> [String] {
        var chosen: [String] = []
        for number in names.indices where flags[number] { chosen.append(names[number]) }
        return chosen
    }
}
