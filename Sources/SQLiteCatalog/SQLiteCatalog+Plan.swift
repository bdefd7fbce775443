import CasparianCatalog
import CasparianModel
import GRDB

extension SQLiteCatalog {
    public func work(root: SourceRootID) async throws -> [VersionWork] {
        try await read { db in
            try db.all(
                """
                SELECT v.location_id, v.id, q.plugin_name, q.status, w.job_id, w.plugin_hash, w.configuration_hash
                FROM cf_processing_queue q JOIN cf_file_version v ON v.id = q.file_version_id
                JOIN cf_file_location l ON l.id = v.location_id
                JOIN cf_job_key k ON k.file_version_id = v.id AND k.plugin_name = q.plugin_name AND k.job_id = q.id
                LEFT JOIN cf_job_work w ON w.job_id = q.id WHERE l.source_root_id = ?
                """, [root.rawValue]
            ) { row in
                let identity = row.integer(4).map { _ in
                    WorkIdentity(pluginHash: row.text(5), configurationHash: row.text(6) ?? "")
                }
                return VersionWork(
                    locationID: row.id(0), fileVersionID: row.id(1), pluginName: row.text(2) ?? "",
                    status: row.text(3).flatMap { JobStatus(rawValue: $0) } ?? .pending, identity: identity)
            }
        }
    }

    public func configuration(
        registering plugins: [PluginDescription], now: Timestamp
    ) async throws -> WorkConfiguration {
        // Done and undone: what registration leaves is nowhere else to be found.
        try await preview { db in
            var registration = Registration(store: SQLRegistrationStore(db: db), now: now)
            _ = try registration.run(plugins)
            let configs = try SQLPlugins.all(db)
            var identities: [String: WorkIdentity] = [:]
            for config in configs { identities[config.pluginName] = try SQLWork.identity(db, of: config.pluginName) }
            let skipping = try SQLLimits.all(db).filter { $0.value.duplicateContent == .skip }.keys
            return WorkConfiguration(
                rules: try SQLRules.all(db), plugins: configs, identities: identities, skipping: Set(skipping))
        }
    }

    public func contents(givenTo plugin: String) async throws -> Set<String> {
        try await read { db in
            let replaces = try SQLWork.sinks(db, of: plugin).replacesRows
            let hashes = try db.all(
                """
                SELECT v.content_hash, q.status, l.current_version_id = v.id FROM cf_processing_queue q
                JOIN cf_job_key k ON k.job_id = q.id JOIN cf_file_version v ON v.id = q.file_version_id
                JOIN cf_file_location l ON l.id = v.location_id WHERE q.plugin_name = ?
                """, [plugin]
            ) { row in
                let status = row.text(1).flatMap { JobStatus(rawValue: $0) }
                let isHolder = status.map {
                    DuplicateRule.isHolder($0, isCurrent: row.integer(2) == 1, replaces: replaces)
                }
                return isHolder == true ? row.text(0) : nil
            }
            return Set(hashes.compactMap { $0 })
        }
    }

    public func rerun(_ wanted: [Rerun], now: Timestamp) async throws -> RecordResult {
        try await write { [eventsMax] db in
            var result = RecordResult()
            let events = EventLog(db: db, now: now.description, eventsMax: eventsMax)
            var jobs = try JobQueuing(db: db, events: events)
            for one in wanted { try jobs.rerun(one.fileVersionID, plugin: one.pluginName, priority: one.priority) }
            result.queuedJobs = try jobs.finish()
            return result
        }
    }
}

/// `cf_job_work`.
enum SQLWork {
    static func sinks(_ db: Database, of plugin: String) throws -> [SinkConfig] {
        try db.all(
            "SELECT \(SQLTopics.columns) FROM cf_topic_config WHERE plugin_name = ? ORDER BY topic_name, id", [plugin]
        ) { SQLTopics.topic($0).sink }
    }

    static func parameters(_ db: Database, of plugin: String) throws -> String? {
        try db.first("SELECT default_parameters FROM cf_plugin_config WHERE plugin_name = ?", [plugin]) { $0.text(0) }
            ?? nil
    }

    static func pluginHash(_ db: Database, of plugin: String) throws -> String? {
        try db.first("SELECT source_hash FROM cf_plugin_deployment WHERE plugin_name = ?", [plugin]) { $0.text(0) }
            ?? nil
    }

    /// What a job of the plugin would be done with now.
    static func identity(_ db: Database, of plugin: String) throws -> WorkIdentity {
        WorkIdentity(
            pluginHash: try pluginHash(db, of: plugin),
            configurationHash: WorkIdentity.digest(
                sinks: try sinks(db, of: plugin), parameters: try parameters(db, of: plugin)))
    }

    static func note(_ db: Database, _ identity: WorkIdentity, of job: JobID) throws {
        try db.run(
            "INSERT OR REPLACE INTO cf_job_work (job_id, plugin_hash, configuration_hash) VALUES (?, ?, ?)",
            [job.rawValue, identity.pluginHash, identity.configurationHash])
    }
}
