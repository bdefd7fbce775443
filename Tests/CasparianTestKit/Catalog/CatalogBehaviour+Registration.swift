import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    static let sales = PluginManifest(
        pattern: "sales/*.csv", topic: "sales", priority: 70, subscriptions: ["finance"],
        sinks: ["errors": "sqlite://bad.db/rows"], version: "1.2.0")

    static let registration = [
        CatalogBehaviour("a manifest becomes a rule, subscriptions, topics and a version") { catalog async throws in
            let result = try await catalog.register([plugin("sales", 1, sales)], now: now)
            #expect(result == RegistrationResult(changedPlugins: ["sales"], routingChanged: true))
            let rule = try #require(try await catalog.routingRules().first)
            #expect(rule.pattern == "sales/*.csv" && rule.tag == "auto_sales" && rule.priority == 70)
            #expect(
                try await catalog.pluginConfigs()
                    == [PluginConfig(pluginName: "sales", subscriptionTags: ["finance", "auto_sales"])])
            #expect(
                try await catalog.topicConfigs(plugin: "sales").map(\.sink) == [
                    SinkConfig(topic: "errors", uri: "sqlite://bad.db/rows"),
                    SinkConfig(topic: "output", uri: "parquet://sales.parquet"),
                ])
            #expect(
                try await catalog.pluginVersions() == [
                    PluginVersion(
                        pluginName: "sales", version: "1.2.0", sourceHash: hash(1).hex, status: "ACTIVE",
                        validationError: nil, created: now)
                ])
        },
        CatalogBehaviour("sinks that name output win over the topic") { catalog async throws in
            var manifest = sales
            manifest.sinks = ["output": "parquet://own.parquet"]
            _ = try await catalog.register([plugin("p", 1, manifest)], now: now)
            #expect(try await catalog.topicConfigs(plugin: "p").map(\.sink.uri) == ["parquet://own.parquet"])
        },
        CatalogBehaviour("registering the same again changes nothing") { catalog async throws in
            _ = try await catalog.register([plugin("sales", 1, sales)], now: now)
            let rules = try await catalog.routingRules()
            let topics = try await catalog.topicConfigs(plugin: nil)
            #expect(try await catalog.register([plugin("sales", 1, sales)], now: later) == RegistrationResult())
            #expect(try await catalog.routingRules() == rules)
            #expect(try await catalog.topicConfigs(plugin: nil) == topics)
            #expect(try await catalog.pluginVersions().map(\.created) == [now])
        },
        CatalogBehaviour("a new version updates and removes what the old one declared") { catalog async throws in
            _ = try await catalog.register([plugin("p", 1, sales)], now: now)
            let rule = try await catalog.routingRules().map(\.id)
            let next = PluginManifest(pattern: "*.tsv", topic: "rows", priority: 20, version: "2.0.0")
            let result = try await catalog.register([plugin("p", 2, next)], now: later)
            #expect(result == RegistrationResult(changedPlugins: ["p"], routingChanged: true))
            #expect(
                try await catalog.routingRules()
                    == [RoutingRule(id: rule[0], pattern: "*.tsv", tag: "auto_p", priority: 20)])
            #expect(try await catalog.pluginConfigs().map(\.subscriptionTags) == [["auto_p"]])
            #expect(try await catalog.topicConfigs(plugin: "p").map(\.sink.uri) == ["parquet://rows.parquet"])
            #expect(try await catalog.pluginVersions().map(\.version) == ["1.2.0", "2.0.0"])
            _ = try await catalog.register([plugin("p", 3, PluginManifest(version: "3.0.0"))], now: later)
            #expect(try await catalog.routingRules().isEmpty)
            #expect(try await catalog.topicConfigs(plugin: "p").isEmpty)
        },
        CatalogBehaviour("going back to an earlier version makes it the newest again") { catalog async throws in
            for (seed, version) in [(UInt8(1), "1"), (2, "2"), (1, "1")] {
                _ = try await catalog.register([plugin("p", seed, PluginManifest(version: version))], now: now)
            }
            #expect(try await catalog.pluginVersions().map(\.version) == ["2", "1"])
        },
        CatalogBehaviour("two plugins with one pattern get one rule each") { catalog async throws in
            let manifest = PluginManifest(pattern: "*.csv")
            _ = try await catalog.register([plugin("a", 1, manifest), plugin("b", 2, manifest)], now: now)
            #expect(try await catalog.routingRules().map(\.tag) == ["auto_a", "auto_b"])
        },
        CatalogBehaviour("two plugins with the same source are both registered") { catalog async throws in
            let both = [plugin("a", 1, sales), plugin("b", 1, sales)]
            #expect(try await catalog.register(both, now: now).changedPlugins == ["a", "b"])
            #expect(try await catalog.register(both, now: later) == RegistrationResult())
            #expect(try await catalog.pluginConfigs().map(\.pluginName) == ["a", "b"])
            #expect(try await catalog.pluginVersions().map(\.pluginName) == ["a", "b"])
        },
        CatalogBehaviour("a plugin that does not load is on record and keeps what it declared before") {
            catalog async throws in
            _ = try await catalog.register([plugin("p", 1, sales)], now: now)
            let before = try await catalog.topicConfigs(plugin: "p")
            let broken = plugin("p", 2, error: "SyntaxError: line 3")
            let result = try await catalog.register([broken], now: later)
            #expect(result == RegistrationResult(changedPlugins: ["p"], routingChanged: false))
            let newest = try #require(try await catalog.pluginVersions().last)
            #expect(newest.status == "FAILED" && newest.validationError == "SyntaxError: line 3")
            #expect(try await catalog.topicConfigs(plugin: "p") == before)
            #expect(try await catalog.routingRules().count == 1)
            _ = try await catalog.register([plugin("p", 2, sales)], now: later)
            #expect(try await catalog.pluginVersions().last?.status == "ACTIVE")
        },
        CatalogBehaviour("an edit that is not used is on record, and the version before goes on and says so") {
            catalog async throws in
            var edited = plugin("p", 1, sales)
            _ = try await catalog.register([edited], now: now)
            edited.notice = PluginNotice(.rejected, contentHash: hash(2).hex, text: "SyntaxError: line 3")
            #expect(try await catalog.register([edited], now: later).changedPlugins == ["p"])
            let versions = try await catalog.pluginVersions()
            #expect(versions.map(\.status) == ["FAILED", "ACTIVE"])
            #expect(versions.map(\.sourceHash) == [hash(2).hex, hash(1).hex])
            #expect(versions.allSatisfy { $0.validationError == "SyntaxError: line 3" })
            edited.notice = nil
            _ = try await catalog.register([edited], now: later)
            #expect(try await catalog.pluginVersions().last?.validationError == nil)
        },
        CatalogBehaviour("a plugin whose environment is being built declares nothing yet and says how far it is") {
            catalog async throws in
            var waiting = plugin("p", 1)
            for text in ["Collecting pandas", "Installing pandas"] {
                waiting.notice = PluginNotice(.building, contentHash: hash(1).hex, text: text)
                #expect(try await catalog.register([waiting], now: now) == RegistrationResult())
                let version = try #require(try await catalog.pluginVersions().last)
                #expect(version.status == "BUILDING" && version.validationError == text)
            }
            #expect(try await catalog.pluginConfigs().isEmpty)
            _ = try await catalog.register([plugin("p", 1, sales)], now: later)
            #expect(try await catalog.pluginVersions().map(\.status) == ["ACTIVE"])
        },
        CatalogBehaviour("a manifest that the columns cannot hold is on record as failed") { catalog async throws in
            let manifest = PluginManifest(pattern: String(repeating: "x", count: 501))
            _ = try await catalog.register([plugin("p", 1, manifest), plugin("q", 2, sales)], now: now)
            let version = try #require(try await catalog.pluginVersions().first { $0.pluginName == "p" })
            #expect(version.status == "FAILED")
            #expect(version.validationError?.contains("500") == true)
            #expect(try await catalog.pluginConfigs().map(\.pluginName) == ["q"])
        },
        CatalogBehaviour("a plugin that a plain worker only names gets a row and loses nothing") {
            catalog async throws in
            let named = PluginDescription(name: "p")
            #expect(try await catalog.register([named], now: now).changedPlugins == ["p"])
            #expect(try await catalog.pluginConfigs().map(\.subscriptionTags) == [["auto_p"]])
            _ = try await catalog.register([plugin("p", 1, sales)], now: now)
            #expect(try await catalog.pluginConfigs().map(\.subscriptionTags) == [["finance", "auto_p"]])
            #expect(try await catalog.register([named], now: later) == RegistrationResult())
            #expect(try await catalog.routingRules().count == 1)
            #expect(try await catalog.topicConfigs(plugin: "p").count == 2)
        },
    ]

    static let ownership = [
        CatalogBehaviour("what a person set wins over this and every later manifest") { catalog async throws in
            let own = SinkConfig(topic: "output", uri: "parquet://mine.parquet", mode: .replace)
            let row = try await catalog.setTopicConfig(plugin: "p", sink: own, isAdditional: false)
            try await catalog.setPluginConfig(PluginConfig(pluginName: "p", subscriptionTags: ["mine"]))
            _ = try await catalog.addRoutingRule(pattern: "sales/*.csv", tag: "auto_p", priority: 1)
            for seed in 1...3 {
                var manifest = sales
                manifest.topic = "topic\(seed)"
                manifest.subscriptions = ["tag\(seed)"]
                _ = try await catalog.register([plugin("p", UInt8(seed), manifest)], now: now)
            }
            #expect(try await catalog.topicConfigs(plugin: "p").contains(row))
            #expect(try await catalog.topicConfigs(plugin: "p").map(\.sink.topic) == ["errors", "output"])
            #expect(try await catalog.pluginConfigs().map(\.subscriptionTags) == [["mine"]])
            #expect(try await catalog.routingRules().map(\.priority) == [1])
        },
        CatalogBehaviour("what a person changed after registration stays changed") { catalog async throws in
            _ = try await catalog.register([plugin("p", 1, sales)], now: now)
            let own = SinkConfig(topic: "errors", uri: "parquet://errors.parquet")
            _ = try await catalog.setTopicConfig(plugin: "p", sink: own, isAdditional: true)
            _ = try await catalog.addRoutingRule(pattern: "sales/*.csv", tag: "auto_p", priority: 3)
            var manifest = sales
            manifest.pattern = "other/*.csv"
            manifest.sinks = [:]
            _ = try await catalog.register([plugin("p", 2, manifest)], now: later)
            #expect(
                try await catalog.topicConfigs(plugin: "p").map(\.sink.uri)
                    == ["sqlite://bad.db/rows", "parquet://errors.parquet", "parquet://sales.parquet"])
            #expect(try await catalog.routingRules().map(\.pattern) == ["sales/*.csv"])
        },
        CatalogBehaviour("what a person removed stays away until the manifest declares something else") {
            catalog async throws in
            _ = try await catalog.register([plugin("p", 1, sales)], now: now)
            _ = try await catalog.removeRoutingRule(id: try await catalog.routingRules()[0].id)
            _ = try await catalog.removeTopicConfig(plugin: "p", topic: "errors")
            _ = try await catalog.register([plugin("p", 2, sales)], now: later)
            #expect(try await catalog.routingRules().isEmpty)
            #expect(try await catalog.topicConfigs(plugin: "p").map(\.sink.topic) == ["output"])
            var manifest = sales
            manifest.pattern = "new/*.csv"
            manifest.sinks = ["errors": "parquet://errors"]
            _ = try await catalog.register([plugin("p", 3, manifest)], now: later)
            #expect(try await catalog.routingRules().map(\.pattern) == ["new/*.csv"])
            #expect(try await catalog.topicConfigs(plugin: "p").map(\.sink.topic) == ["errors", "output"])
        },
        CatalogBehaviour("removing a person's topic brings the manifest's back") { catalog async throws in
            _ = try await catalog.register([plugin("p", 1, sales)], now: now)
            let own = SinkConfig(topic: "output", uri: "parquet://mine.parquet")
            _ = try await catalog.setTopicConfig(plugin: "p", sink: own, isAdditional: false)
            _ = try await catalog.removeTopicConfig(plugin: "p", topic: "output")
            _ = try await catalog.register([plugin("p", 1, sales)], now: later)
            #expect(
                try await catalog.topicConfigs(plugin: "p").map(\.sink.uri)
                    == ["sqlite://bad.db/rows", "parquet://sales.parquet"])
        },
        CatalogBehaviour("setting parameters does not freeze the subscriptions") { catalog async throws in
            _ = try await catalog.register([plugin("p", 1, sales)], now: now)
            var config = try await catalog.pluginConfigs()[0]
            config.defaultParameters = #"{"limit": 3}"#
            try await catalog.setPluginConfig(config)
            var manifest = sales
            manifest.subscriptions = ["new"]
            _ = try await catalog.register([plugin("p", 2, manifest)], now: later)
            #expect(
                try await catalog.pluginConfigs() == [
                    PluginConfig(
                        pluginName: "p", subscriptionTags: ["new", "auto_p"], defaultParameters: #"{"limit": 3}"#)
                ])
        },
        CatalogBehaviour("a removed plugin starts afresh when it registers again") { catalog async throws in
            try await catalog.setPluginConfig(PluginConfig(pluginName: "p", subscriptionTags: ["mine"]))
            _ = try await catalog.register([plugin("p", 1, sales)], now: now)
            _ = try await catalog.removePluginConfig(name: "p")
            #expect(try await catalog.register([plugin("p", 1, sales)], now: later).changedPlugins == ["p"])
            #expect(try await catalog.pluginConfigs().map(\.subscriptionTags) == [["finance", "auto_p"]])
        },
    ]
}
