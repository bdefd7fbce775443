import CasparianModel
import CasparianRouting
import CasparianTestKit
import Testing

@Suite struct RouterTests {
    private func rules(_ rules: (pattern: String, tag: String)...) -> [RoutingRule] {
        rules.enumerated().map {
            RoutingRule(id: RuleID(Int64($0)), pattern: $1.pattern, tag: $1.tag, priority: 10 - $0)
        }
    }

    @Test func `Tags and plugins are sorted and named once, however many rules lead to them`() {
        let router = Router(
            rules: rules(("*.csv", "z"), ("in/", "z"), ("a*", "b"), ("*", "a")),
            plugins: [
                PluginConfig(pluginName: "y", subscriptionTags: ["z", "b", "z"]),
                PluginConfig(pluginName: "x", subscriptionTags: ["a", "b", "unknown"]),
                PluginConfig(pluginName: "none", subscriptionTags: []),
            ])
        #expect(router.route("in/a.csv") == Route(tags: ["a", "b", "z"], plugins: ["x", "y"]))
        #expect(router.route("other") == Route(tags: ["a"], plugins: ["x"]))
    }

    @Test func `A rule's priority changes no route, only the order in which people see it`() {
        let plugins = [PluginConfig(pluginName: "p", subscriptionTags: ["a"])]
        let routes = [(1, 100), (100, 1)].map { first, second in
            Router(
                rules: [
                    RoutingRule(id: 1, pattern: "*.csv", tag: "a", priority: first),
                    RoutingRule(id: 2, pattern: "*.csv", tag: "b", priority: second),
                ], plugins: plugins
            ).route("x.csv")
        }
        #expect(routes == [Route(tags: ["a", "b"], plugins: ["p"]), Route(tags: ["a", "b"], plugins: ["p"])])
    }

    @Test func `A rule that begins with an exclamation mark, a comment and an empty one tag nothing`() {
        let router = Router(
            rules: rules(("!*.csv", "a"), ("#x", "b"), ("", "c"), ("  ", "d"), ("*.csv", "e")), plugins: [])
        #expect(router.route("x.csv").tags == ["e"])
        #expect(Router(rules: rules(("\\#x", "b"), ("\\!y", "c")), plugins: []).route("#x").tags == ["b"])
    }

    @Test func `Without rules there are no routes`() {
        let router = Router(rules: [], plugins: [PluginConfig(pluginName: "p", subscriptionTags: ["a"])])
        #expect(router.route("x") == Route())
    }

    @Test func `The longest pattern that the catalog keeps is a pattern, in whatever script`() throws {
        let long = String(repeating: "é", count: 500)
        var reported = 0
        let router = Router(rules: rules((long, "a")), plugins: []) { _, _ in reported += 1 }
        #expect(router.route("x/" + long).tags == ["a"] && reported == 0)
        #expect(try IgnoreMatcher([long]).matches(long))
        #expect(throws: PatternError.self) { try IgnoreMatcher([long + "é"]) }
    }

    @Test(arguments: UInt64(1)...6)
    func `All rules at once say what each says alone`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let parts = ["a", "b", "*", "?", "**", "a*", "*.csv", "[ab]", "[!a]", "x.csv", "ab", "é"]
        func text(_ choices: [String]) -> String {
            let path = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                choices[Int.random(in: 0..<choices.count, using: &random)]
            }
            return path.joined(separator: "/")
        }
        let patterns = (0..<60).map { _ in
            (random.oneIn(4) ? "/" : "") + text(parts) + (random.oneIn(4) ? "/" : "")
        }
        let router = Router(
            rules: patterns.enumerated().map { RoutingRule(id: RuleID(Int64($0)), pattern: $1, tag: "t\($0 % 45)") },
            plugins: (0..<45).map { PluginConfig(pluginName: "p\($0)", subscriptionTags: ["t\($0)", "t\(44 - $0)"]) })
        let alone = try patterns.map { try IgnoreMatcher([$0]) }
        for _ in 0..<400 {
            let path = text(["a", "b", "ab", "x.csv", "é", "c"])
            let tags = Set(alone.indices.filter { alone[$0].matches(path) }.map { "t\($0 % 45)" })
            let plugins = (0..<45).filter { tags.contains("t\($0)") || tags.contains("t\(44 - $0)") }.map { "p\($0)" }
            #expect(router.route(path) == Route(tags: tags.sorted(), plugins: plugins.sorted()), "\(path)")
        }
    }
}
