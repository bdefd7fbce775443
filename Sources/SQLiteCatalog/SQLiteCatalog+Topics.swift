import CasparianCatalog
import CasparianModel
import GRDB

extension SQLiteCatalog {
    public func topicConfigs(plugin: String?) async throws -> [TopicConfig] {
        try await read { db in
            try db.all(
                """
                SELECT \(SQLTopics.columns) FROM cf_topic_config WHERE ?1 IS NULL OR plugin_name = ?1
                ORDER BY plugin_name, topic_name, id
                """, [plugin], SQLTopics.topic)
        }
    }

    public func setTopicConfig(plugin: String, sink: SinkConfig, isAdditional: Bool) async throws -> TopicConfig {
        try CatalogLimits.check(name: plugin, of: "plugin name")
        try CatalogLimits.check(name: sink.topic, of: "topic name")
        try CatalogLimits.check(name: sink.uri, of: "sink URI")
        return try await write { db in
            let store = SQLRegistrationStore(db: db)
            if try store.subscriptionTags(of: plugin) == nil {
                try store.setSubscriptionTags([PluginDescription.autoTag(plugin)], of: plugin)
            }
            try store.setOrigin(.person, of: DeclaredKey(plugin: plugin, kind: .topic, name: sink.topic))
            let rows = try store.topics(plugin: plugin, topic: sink.topic)
            let same = rows.first { $0.sink.uri == sink.uri }
            if !isAdditional { for row in rows where row.id != same?.id { try store.deleteTopic(row.id) } }
            if let same {
                try store.updateTopic(same.id, sink: sink)
                return TopicConfig(id: same.id, pluginName: plugin, sink: sink)
            }
            try store.insertTopic(sink, of: plugin)
            return TopicConfig(id: RuleID(db.lastInsertedRowID), pluginName: plugin, sink: sink)
        }
    }

    public func removeTopicConfig(plugin: String, topic: String) async throws -> Bool {
        try await write { db in
            let store = SQLRegistrationStore(db: db)
            let rows = try store.topics(plugin: plugin, topic: topic)
            for row in rows { try store.deleteTopic(row.id) }
            // Without a person's value the manifest's counts again; a manifest's that a person removed stays away.
            let key = DeclaredKey(plugin: plugin, kind: .topic, name: topic)
            if try store.origin(of: key) == .person { try store.setOrigin(nil, of: key) }
            return !rows.isEmpty
        }
    }
}

enum SQLTopics {
    static let columns = "id, plugin_name, topic_name, uri, mode, schema_json"

    static func topic(_ row: Row) -> TopicConfig {
        TopicConfig(
            id: row.id(0), pluginName: row.text(1) ?? "",
            sink: SinkConfig(
                topic: row.text(2) ?? "", uri: row.text(3) ?? "",
                mode: row.text(4).flatMap { SinkMode(rawValue: $0.lowercased()) } ?? .append,
                schemaDefinition: row.text(5)))
    }
}
