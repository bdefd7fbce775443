import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    static let roots = [
        CatalogBehaviour("a root that is removed and added again is the same root") { catalog async throws in
            let first = try await catalog.addSourceRoot(path: "/data/in")
            #expect(try await catalog.addSourceRoot(path: "/data/in") == first)
            #expect(try await catalog.removeSourceRoot(path: "/data/in"))
            #expect(try await catalog.sourceRoots().map(\.isActive) == [false])
            #expect(try await !catalog.removeSourceRoot(path: "/data/in"))
            #expect(try await catalog.addSourceRoot(path: "/data/in") == first)
            #expect(try await catalog.sourceRoots() == [first])
        },
        CatalogBehaviour("a root's path is absolute and has no slash at its end") { catalog async throws in
            for path in ["data", "", "/data/", "./x"] {
                await expectInvalid { try await catalog.addSourceRoot(path: path) }
            }
            #expect(try await catalog.sourceRoots().isEmpty)
        },
        CatalogBehaviour("an ignore rule that is there already is not added twice") { catalog async throws in
            let root = try await catalog.addSourceRoot(path: "/data").id
            let global = try await catalog.addIgnoreRule(pattern: "*.tmp", sourceRootID: nil)
            let local = try await catalog.addIgnoreRule(pattern: "*.tmp", sourceRootID: root)
            #expect(try await catalog.addIgnoreRule(pattern: "*.tmp", sourceRootID: nil) == global)
            #expect(try await catalog.ignoreRules() == [global, local])
            #expect(try await catalog.removeIgnoreRule(id: global.id))
            #expect(try await !catalog.removeIgnoreRule(id: global.id))
            #expect(try await catalog.ignoreRules() == [local])
        },
        CatalogBehaviour("an ignore rule of an unknown root is refused") { catalog async throws in
            await expectInvalid { try await catalog.addIgnoreRule(pattern: "*.tmp", sourceRootID: 99) }
        },
    ]

    static let rules = [
        CatalogBehaviour("a rule with the same pattern and tag gets the new priority") { catalog async throws in
            let rule = try await catalog.addRoutingRule(pattern: "*.csv", tag: "tables", priority: 5)
            let other = try await catalog.addRoutingRule(pattern: "*.csv", tag: "other", priority: 5)
            let again = try await catalog.addRoutingRule(pattern: "*.csv", tag: "tables", priority: 9)
            #expect(again.id == rule.id)
            #expect(try await catalog.routingRules() == [again, other])
            #expect(try await catalog.removeRoutingRule(id: rule.id))
            #expect(try await catalog.routingRules() == [other])
        },
        CatalogBehaviour("patterns and tags that the columns cannot hold are refused") { catalog async throws in
            let long = String(repeating: "x", count: 501)
            await expectInvalid { try await catalog.addRoutingRule(pattern: long, tag: "t", priority: 0) }
            await expectInvalid { try await catalog.addRoutingRule(pattern: "", tag: "t", priority: 0) }
            await expectInvalid { try await catalog.addIgnoreRule(pattern: long, sourceRootID: nil) }
            for tag in ["", "a,b", " a", "a ", String(repeating: "x", count: 51)] {
                await expectInvalid { try await catalog.addRoutingRule(pattern: "*", tag: tag, priority: 0) }
                await expectInvalid {
                    try await catalog.setPluginConfig(PluginConfig(pluginName: "p", subscriptionTags: [tag]))
                }
            }
            let fits = try await catalog.addRoutingRule(
                pattern: String(repeating: "é", count: 500), tag: String(repeating: "é", count: 50), priority: -1)
            #expect(try await catalog.routingRules() == [fits])
        },
        CatalogBehaviour("a plugin's configuration is replaced as a whole, and goes with its topics") {
            catalog async throws in
            try await catalog.setPluginConfig(PluginConfig(pluginName: "p", subscriptionTags: ["b", "a"]))
            let config = PluginConfig(pluginName: "p", subscriptionTags: ["c"], defaultParameters: #"{"x": "é"}"#)
            try await catalog.setPluginConfig(config)
            #expect(try await catalog.pluginConfigs() == [config])
            _ = try await catalog.setTopicConfig(
                plugin: "p", sink: SinkConfig(topic: "output", uri: "parquet://a"), isAdditional: false)
            #expect(try await catalog.removePluginConfig(name: "p"))
            #expect(try await !catalog.removePluginConfig(name: "p"))
            #expect(try await catalog.pluginConfigs().isEmpty)
            #expect(try await catalog.topicConfigs(plugin: nil).isEmpty)
        },
        CatalogBehaviour("a plugin with jobs is not removed") { catalog async throws in
            _ = try await catalog.queueJobs([1])
            let error = await #expect(throws: CatalogError.self) { try await catalog.removePluginConfig(name: "p") }
            #expect(error?.code == .inUse)
            #expect(try await catalog.pluginConfigs().map(\.pluginName) == ["p"])
        },
    ]

    static let topics = [
        CatalogBehaviour("setting a topic replaces its sinks unless the new one is additional") {
            catalog async throws in
            func sinks() async throws -> [SinkConfig] { try await catalog.topicConfigs(plugin: "p").map(\.sink) }
            func set(_ uri: String, _ mode: SinkMode = .append, more: Bool = false) async throws -> TopicConfig {
                try await catalog.setTopicConfig(
                    plugin: "p", sink: SinkConfig(topic: "a", uri: uri, mode: mode, schemaDefinition: "{}"),
                    isAdditional: more)
            }
            let first = try await set("parquet://one")
            #expect(try await set("parquet://one", .replace).id == first.id)
            #expect(try await sinks().map(\.mode) == [.replace])
            _ = try await set("sqlite://db/t", .error, more: true)
            #expect(try await sinks().map(\.uri) == ["parquet://one", "sqlite://db/t"])
            _ = try await set("parquet://two")
            let only = SinkConfig(topic: "a", uri: "parquet://two", schemaDefinition: "{}")
            #expect(try await sinks() == [only])
            #expect(try await catalog.pluginConfigs().map(\.subscriptionTags) == [["auto_p"]])
        },
        CatalogBehaviour("topics are listed for one plugin or for all, and removed by name") { catalog async throws in
            for (plugin, topic) in [("q", "b"), ("p", "b"), ("p", "a")] {
                _ = try await catalog.setTopicConfig(
                    plugin: plugin, sink: SinkConfig(topic: topic, uri: "parquet://x"), isAdditional: false)
            }
            #expect(try await catalog.topicConfigs(plugin: nil).map(\.pluginName) == ["p", "p", "q"])
            #expect(try await catalog.topicConfigs(plugin: "p").map(\.sink.topic) == ["a", "b"])
            #expect(try await catalog.removeTopicConfig(plugin: "p", topic: "a"))
            #expect(try await !catalog.removeTopicConfig(plugin: "p", topic: "a"))
            #expect(try await catalog.topicConfigs(plugin: "p").map(\.sink.topic) == ["b"])
        },
        CatalogBehaviour("an empty plugin, topic or URI is refused") { catalog async throws in
            for (plugin, topic, uri) in [("", "t", "u"), ("p", "", "u"), ("p", "t", "")] {
                await expectInvalid {
                    try await catalog.setTopicConfig(
                        plugin: plugin, sink: SinkConfig(topic: topic, uri: uri), isAdditional: false)
                }
            }
        },
    ]
}
