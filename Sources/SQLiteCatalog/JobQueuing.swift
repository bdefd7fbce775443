import CasparianCatalog
import CasparianModel
import GRDB

/// Queues the jobs that file versions lack, inside the caller's transaction.
struct JobQueuing {
    private let db: Database
    private let firstID: Int64
    private var nextID: Int64
    /// Plugins that have a configuration row.
    private var known: Set<String> = []
    private let events: EventLog

    init(db: Database, events: EventLog) throws {
        self.db = db
        self.events = events
        // Ids are given out by us, never twice: sinks recognise a job's earlier output by its id.
        firstID = try ReadyIndex.catchUp(db) + 1
        nextID = firstID
    }

    mutating func queue(_ version: FileVersionID, plugins: [String], priority: Int) throws {
        for plugin in plugins where try !hasJob(version, plugin) {
            try requireConfiguration(of: plugin)
            try db.run(
                """
                INSERT INTO cf_processing_queue (id, file_version_id, plugin_name, status, priority, retry_count)
                VALUES (?, ?, ?, 'QUEUED', ?, 0)
                """, [nextID, version.rawValue, plugin, priority])
            try db.run(
                "INSERT OR REPLACE INTO cf_job_key (file_version_id, plugin_name, job_id) VALUES (?, ?, ?)",
                [version.rawValue, plugin, nextID])
            try ReadyIndex.insert(db, plugin: plugin, priority: priority, job: nextID)
            events.add(.queued, job: nextID, attempt: 1)
            nextID += 1
        }
    }

    /// How many jobs were queued.
    func finish() throws -> Int {
        try events.flush()
        if nextID > firstID { try ReadyIndex.setWatermark(db, to: nextID - 1) }
        return Int(nextID - firstID)
    }

    /// A key whose job was deleted from the queue by hand does not count.
    private func hasJob(_ version: FileVersionID, _ plugin: String) throws -> Bool {
        try db.integer(
            """
            SELECT q.id FROM cf_job_key k JOIN cf_processing_queue q ON q.id = k.job_id
            WHERE k.file_version_id = ?1 AND k.plugin_name = ?2
            AND q.file_version_id = ?1 AND q.plugin_name = ?2
            """, [version.rawValue, plugin]) != nil
    }

    private mutating func requireConfiguration(of plugin: String) throws {
        if known.contains(plugin) { return }
        guard try db.integer("SELECT 1 FROM cf_plugin_config WHERE plugin_name = ?", [plugin]) != nil else {
            throw CatalogError.unknownPlugin(plugin)
        }
        known.insert(plugin)
    }
}
