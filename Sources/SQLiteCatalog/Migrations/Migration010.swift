import GRDB

extension Migration {
    /// Files whose content a plugin is given, or was, at another place.
    static let duplicates = Migration(number: 10, name: "duplicates") { db in
        try db.execute(
            sql: """
                ALTER TABLE cf_plugin_limits ADD COLUMN duplicate_content TEXT NOT NULL DEFAULT 'process';

                -- SKIPPED jobs of content that the plugin is given at the place of another version.
                CREATE TABLE cf_job_duplicate (
                    job_id INTEGER NOT NULL PRIMARY KEY, plugin_name TEXT NOT NULL, of_version_id INTEGER NOT NULL);
                CREATE INDEX cf_ix_job_duplicate_of ON cf_job_duplicate (of_version_id, plugin_name);
                """)
    }
}
