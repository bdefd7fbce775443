import CasparianCatalog
import CasparianModel
import GRDB

/// The rows of registration, inside the caller's transaction.
struct SQLRegistrationStore: RegistrationStore {
    let db: Database

    func origin(of key: DeclaredKey) throws -> ConfigurationOrigin? {
        try db.first(
            "SELECT declared FROM cf_config_origin WHERE plugin_name = ? AND kind = ? AND name = ?",
            [key.plugin, key.kind.rawValue, key.name]
        ) { $0.text(0).map { .manifest($0) } ?? .person }
    }

    func setOrigin(_ origin: ConfigurationOrigin?, of key: DeclaredKey) throws {
        var declared: String?
        switch origin {
        case nil:
            return try db.run(
                "DELETE FROM cf_config_origin WHERE plugin_name = ? AND kind = ? AND name = ?",
                [key.plugin, key.kind.rawValue, key.name])
        case .person: break
        case .manifest(let text): declared = text
        }
        try db.run(
            "INSERT OR REPLACE INTO cf_config_origin (plugin_name, kind, name, declared) VALUES (?, ?, ?, ?)",
            [key.plugin, key.kind.rawValue, key.name, declared])
    }

    func declaredTopics(of plugin: String) throws -> [String] {
        try db.all(
            """
            SELECT name FROM cf_config_origin
            WHERE plugin_name = ? AND kind = 'topic' AND declared IS NOT NULL ORDER BY name
            """, [plugin]
        ) { $0.text(0) ?? "" }
    }

    // MARK: Versions

    static func version(_ row: Row) -> PluginVersion {
        PluginVersion(
            pluginName: row.text(0) ?? "", version: row.text(1) ?? "", sourceHash: row.text(2) ?? "",
            status: row.text(3) ?? "", validationError: row.text(4), created: row.time(5) ?? .unknown)
    }

    func deployment(of plugin: String) throws -> PluginVersion? {
        try db.first(
            """
            SELECT plugin_name, version, source_hash, status, validation_error, created_at
            FROM cf_plugin_deployment WHERE plugin_name = ?
            """, [plugin], Self.version)
    }

    func setDeployment(_ version: PluginVersion) throws {
        try db.run(
            """
            INSERT OR REPLACE INTO cf_plugin_deployment
            (plugin_name, version, source_hash, status, validation_error, created_at) VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                version.pluginName, version.version, version.sourceHash, version.status, version.validationError,
                version.created.description,
            ])
    }

    func recordManifest(_ version: PluginVersion, source: String?) throws {
        try db.run(
            """
            INSERT INTO cf_plugin_manifest (plugin_name, version, source_code, source_hash, status, validation_error,
            created_at, deployed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
            ON CONFLICT (source_hash) DO UPDATE SET status = excluded.status, version = excluded.version,
            validation_error = excluded.validation_error,
            source_code = CASE excluded.source_code WHEN '' THEN source_code ELSE excluded.source_code END
            WHERE plugin_name = excluded.plugin_name AND (status IS NOT excluded.status
            OR version IS NOT excluded.version OR validation_error IS NOT excluded.validation_error
            OR (source_code = '' AND excluded.source_code <> ''))
            """,
            [
                version.pluginName, version.version, source ?? "", version.sourceHash, version.status,
                version.validationError, version.created.description,
            ])
    }

    // MARK: Configuration

    func subscriptionTags(of plugin: String) throws -> [String]? {
        try db.first("SELECT subscription_tags FROM cf_plugin_config WHERE plugin_name = ?", [plugin]) {
            TagList.parse($0.text(0))
        }
    }

    func setSubscriptionTags(_ tags: [String], of plugin: String) throws {
        try db.run(
            """
            INSERT INTO cf_plugin_config (plugin_name, subscription_tags, default_parameters, last_updated)
            VALUES (?, ?, NULL, \(SQLText.now)) ON CONFLICT (plugin_name) DO UPDATE SET
            subscription_tags = excluded.subscription_tags, last_updated = excluded.last_updated
            """, [plugin, TagList.text(tags)])
    }

    func rules(tag: String) throws -> [RoutingRule] {
        try db.all("SELECT \(SQLRules.columns) FROM cf_routing_rule WHERE tag = ? ORDER BY id", [tag], SQLRules.rule)
    }

    func insertRule(pattern: String, tag: String, priority: Int) throws {
        try SQLRules.insert(db, pattern: pattern, tag: tag, priority: priority)
    }

    func updateRule(_ id: RuleID, pattern: String, priority: Int) throws {
        try db.run(
            "UPDATE cf_routing_rule SET pattern = ?, priority = ? WHERE id = ?", [pattern, priority, id.rawValue])
    }

    func deleteRule(_ id: RuleID) throws {
        try db.run("DELETE FROM cf_routing_rule WHERE id = ?", [id.rawValue])
    }

    func topics(plugin: String, topic: String) throws -> [TopicConfig] {
        try db.all(
            "SELECT \(SQLTopics.columns) FROM cf_topic_config WHERE plugin_name = ? AND topic_name = ? ORDER BY id",
            [plugin, topic], SQLTopics.topic)
    }

    func insertTopic(_ sink: SinkConfig, of plugin: String) throws {
        try db.run(
            "INSERT INTO cf_topic_config (plugin_name, topic_name, uri, mode, schema_json) VALUES (?, ?, ?, ?, ?)",
            [plugin, sink.topic, sink.uri, sink.mode.rawValue, sink.schemaDefinition])
    }

    func updateTopic(_ id: RuleID, sink: SinkConfig) throws {
        try db.run(
            "UPDATE cf_topic_config SET uri = ?, mode = ?, schema_json = ? WHERE id = ?",
            [sink.uri, sink.mode.rawValue, sink.schemaDefinition, id.rawValue])
    }

    func deleteTopic(_ id: RuleID) throws {
        try db.run("DELETE FROM cf_topic_config WHERE id = ?", [id.rawValue])
    }
}
