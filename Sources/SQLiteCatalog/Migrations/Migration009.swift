import GRDB

extension Migration {
    /// What jobs were done with.
    static let work = Migration(number: 9, name: "work") { db in
        try db.execute(
            sql: """
                -- Plugin and configuration that a job was last handed out with.
                CREATE TABLE cf_job_work (
                    job_id INTEGER NOT NULL PRIMARY KEY, plugin_hash TEXT, configuration_hash TEXT NOT NULL);
                """)
    }
}
