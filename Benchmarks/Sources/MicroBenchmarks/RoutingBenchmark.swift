import CasparianModel
import CasparianRouting

/// A hundred rules over many paths, as a scan of a large root routes them.
enum RoutingBenchmark {
    private static let rules = 100

    static func run(isQuick: Bool) {
        let count = isQuick ? 50_000 : 1_000_000
        let paths = (0..<count).map { "region_\($0 % 50)/2024/\($0 % 12 + 1)/orders_\($0).\(suffixes[$0 % 4])" }
        let router = Router(rules: routingRules, plugins: plugins)
        Measurement(name: "routing: \(rules) rules, one path", operations: count, repetitions: 3).run {
            paths.reduce(0) { sum, path in sum &+ router.route(path).plugins.count }
        }
    }

    private static let suffixes = ["csv", "jsonl", "log", "tmp"]

    /// Suffixes, names, whole paths, folders below anything: each kind that people write.
    private static var routingRules: [RoutingRule] {
        (0..<rules).map { number in
            let pattern =
                switch number % 5 {
                case 0: "*.\(suffixes[number % 4])"
                case 1: "orders_\(number)*.csv"
                case 2: "region_\(number)/**/*.jsonl"
                case 3: "/region_\(number % 50)/2024/*/"
                default: "**/archive_\(number)/[a-z]*.log"
                }
            return RoutingRule(id: RuleID(Int64(number)), pattern: pattern, tag: "tag_\(number)")
        }
    }

    private static var plugins: [PluginConfig] {
        (0..<10).map { number in
            PluginConfig(pluginName: "plugin_\(number)", subscriptionTags: (0..<10).map { "tag_\(number * 10 + $0)" })
        }
    }
}
