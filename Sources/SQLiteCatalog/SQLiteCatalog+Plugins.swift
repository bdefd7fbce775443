import CasparianCatalog
import CasparianModel
import GRDB

extension SQLiteCatalog {
    public func routingRules() async throws -> [RoutingRule] {
        try await read { db in try SQLRules.all(db) }
    }

    public func addRoutingRule(pattern: String, tag: String, priority: Int) async throws -> RoutingRule {
        try CatalogLimits.check(pattern: pattern)
        try CatalogLimits.check(tag: tag)
        return try await write { db in
            let known = try db.integer(
                "SELECT id FROM cf_routing_rule WHERE pattern = ? AND tag = ? ORDER BY id", [pattern, tag])
            if let known {
                try db.run("UPDATE cf_routing_rule SET priority = ? WHERE id = ?", [priority, known])
                return RoutingRule(id: RuleID(known), pattern: pattern, tag: tag, priority: priority)
            }
            try SQLRules.insert(db, pattern: pattern, tag: tag, priority: priority)
            return RoutingRule(id: RuleID(db.lastInsertedRowID), pattern: pattern, tag: tag, priority: priority)
        }
    }

    public func removeRoutingRule(id: RuleID) async throws -> Bool {
        try await write { db in
            try db.run("DELETE FROM cf_routing_rule WHERE id = ?", [id.rawValue])
            return db.changesCount > 0
        }
    }

    public func pluginConfigs() async throws -> [PluginConfig] {
        try await read { db in try SQLPlugins.all(db) }
    }

    public func setPluginConfig(_ config: PluginConfig) async throws {
        try CatalogLimits.check(name: config.pluginName, of: "plugin name")
        for tag in config.subscriptionTags { try CatalogLimits.check(tag: tag) }
        try await write { db in
            let store = SQLRegistrationStore(db: db)
            let name = config.pluginName
            // Parameters are never declared; only other tags make the subscriptions a person's.
            if try store.subscriptionTags(of: name) != config.subscriptionTags {
                try store.setOrigin(.person, of: DeclaredKey(plugin: name, kind: .subscriptions))
            }
            try db.run(
                """
                INSERT INTO cf_plugin_config (plugin_name, subscription_tags, default_parameters, last_updated)
                VALUES (?, ?, ?, \(SQLText.now)) ON CONFLICT (plugin_name) DO UPDATE SET
                subscription_tags = excluded.subscription_tags, default_parameters = excluded.default_parameters,
                last_updated = excluded.last_updated
                """, [name, TagList.text(config.subscriptionTags), config.defaultParameters])
        }
    }

    public func removePluginConfig(name: String) async throws -> Bool {
        try await write { db in
            guard try db.integer("SELECT 1 FROM cf_plugin_config WHERE plugin_name = ?", [name]) != nil else {
                return false
            }
            let job = try db.integer("SELECT id FROM cf_processing_queue WHERE plugin_name = ? LIMIT 1", [name])
            if let job { throw CatalogError.pluginInUse(name, job: JobID(job)) }
            try db.run("DELETE FROM cf_topic_config WHERE plugin_name = ?", [name])
            try db.run("DELETE FROM cf_plugin_config WHERE plugin_name = ?", [name])
            try db.run("DELETE FROM cf_config_origin WHERE plugin_name = ?", [name])
            try db.run("DELETE FROM cf_plugin_deployment WHERE plugin_name = ?", [name])
            return true
        }
    }

    public func pluginVersions() async throws -> [PluginVersion] {
        try await read { db in
            let versions = try db.all(
                """
                SELECT plugin_name, version, source_hash, status, validation_error, created_at
                FROM cf_plugin_manifest ORDER BY id
                """, [], SQLRegistrationStore.version)
            let deployments = try db.all(
                """
                SELECT plugin_name, version, source_hash, status, validation_error, created_at
                FROM cf_plugin_deployment ORDER BY plugin_name
                """, [], SQLRegistrationStore.version)
            return versions.ordered(byDeployments: deployments)
        }
    }

    public func register(_ plugins: [PluginDescription], now: Timestamp) async throws -> RegistrationResult {
        try await write { db in
            var registration = Registration(store: SQLRegistrationStore(db: db), now: now)
            return try registration.run(plugins)
        }
    }
}

enum SQLText {
    /// The moment, in the catalog's text form.
    static let now = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
}

enum SQLPlugins {
    static func all(_ db: Database) throws -> [PluginConfig] {
        try db.all(
            "SELECT plugin_name, subscription_tags, default_parameters FROM cf_plugin_config ORDER BY plugin_name"
        ) { row in
            PluginConfig(
                pluginName: row.text(0) ?? "", subscriptionTags: TagList.parse(row.text(1)),
                defaultParameters: row.text(2))
        }
    }
}

enum SQLRules {
    static let columns = "id, pattern, tag, priority"

    static func all(_ db: Database) throws -> [RoutingRule] {
        try db.all("SELECT \(columns) FROM cf_routing_rule ORDER BY id", [], rule)
    }

    static func rule(_ row: Row) -> RoutingRule {
        RoutingRule(
            id: row.id(0), pattern: row.text(1) ?? "", tag: row.text(2) ?? "", priority: Int(row.integer(3) ?? 0))
    }

    static func insert(_ db: Database, pattern: String, tag: String, priority: Int) throws {
        try db.run(
            "INSERT INTO cf_routing_rule (pattern, tag, priority) VALUES (?, ?, ?)", [pattern, tag, priority])
    }
}
