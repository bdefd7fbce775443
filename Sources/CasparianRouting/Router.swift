import CasparianModel

/// Which tags a path gets and which plugins want it.
public struct Route: Hashable, Sendable {
    /// Sorted.
    public var tags: [String]
    /// Sorted.
    public var plugins: [String]
}

/// All routing rules and subscriptions, compiled once.
public struct Router: Sendable {
    private struct Rule {
        let matcher: IgnoreMatcher
        let tag: String
    }

    private let rules: [Rule]
    private let subscribers: [String: [String]]

    /// Compiles rules; one that is no usable pattern is left out and reported.
    ///
    /// - Parameter onInvalid: Called with each rule that cannot be used and why.
    public init(
        rules: [RoutingRule], plugins: [PluginConfig], onInvalid: (RoutingRule, PatternError) -> Void = { _, _ in }
    ) {
        var compiled: [Rule] = []
        for rule in rules {
            do {
                compiled.append(Rule(matcher: try IgnoreMatcher([rule.pattern]), tag: rule.tag))
            } catch {
                onInvalid(rule, error)
            }
        }
        self.rules = compiled
        var subscribers: [String: [String]] = [:]
        for plugin in plugins {
            for tag in plugin.subscriptionTags { subscribers[tag, default: []].append(plugin.pluginName) }
        }
        self.subscribers = subscribers
    }

    /// - Parameter path: Relative to the source root.
    public func route(_ path: String) -> Route {
        var tags: Set<String> = []
        for rule in rules where !tags.contains(rule.tag) && rule.matcher.matches(path) { tags.insert(rule.tag) }
        var plugins: Set<String> = []
        for tag in tags { plugins.formUnion(subscribers[tag] ?? []) }
        return Route(tags: tags.sorted(), plugins: plugins.sorted())
    }
}
