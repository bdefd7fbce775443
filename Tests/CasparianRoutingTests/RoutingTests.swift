import CasparianModel
import Foundation
import Testing

@testable import CasparianRouting

@Suite struct RoutingTests {
    private struct Vectors: Decodable {
        struct Case: Decodable {
            let patterns: [String]
            let path: String
            let matches: Bool
        }
        let cases: [Case]
    }

    @Test("every case on which git and pathspec agree comes out the same")
    func vectors() throws {
        let url = try #require(
            Bundle.module.url(forResource: "gitignore", withExtension: "json", subdirectory: "Vectors"))
        let cases = try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: url)).cases
        #expect(cases.count == 3000)
        for item in cases {
            let matcher = try IgnoreMatcher(item.patterns)
            #expect(matcher.matches(item.path) == item.matches, "\(item.patterns) on \(item.path)")
        }
    }

    @Test("a pattern full of stars takes no exponential time")
    func manyStars() throws {
        let matcher = try IgnoreMatcher(["**/a*a*a*a*a*a*a*a*a*a*a*a*a*b/**/*c*c*c*d"])
        #expect(!matcher.matches(String(repeating: "a", count: 500) + "/" + String(repeating: "c", count: 500)))
    }

    @Test("a file gets the tags of all matching rules and goes to every subscriber")
    func routes() {
        let rules = [
            RoutingRule(id: 1, pattern: "*.csv", tag: "auto_csv"), RoutingRule(id: 2, pattern: "in/", tag: "incoming"),
            RoutingRule(id: 3, pattern: "*.log", tag: "logs"),
        ]
        let plugins = [
            PluginConfig(pluginName: "csv", subscriptionTags: ["auto_csv"]),
            PluginConfig(pluginName: "audit", subscriptionTags: ["incoming", "logs"]),
        ]
        let router = Router(rules: rules, plugins: plugins)
        #expect(router.route("in/a.csv") == Route(tags: ["auto_csv", "incoming"], plugins: ["audit", "csv"]))
        #expect(router.route("out/a.txt") == Route(tags: [], plugins: []))
    }

    @Test("a rule that is no pattern is reported and the others still work")
    func invalidRule() {
        var reported: [RuleID] = []
        let router = Router(
            rules: [RoutingRule(id: 1, pattern: "a\\", tag: "x"), RoutingRule(id: 2, pattern: "b", tag: "y")],
            plugins: []
        ) { rule, _ in reported.append(rule.id) }
        #expect(reported == [1])
        #expect(router.route("b").tags == ["y"])
    }
}
