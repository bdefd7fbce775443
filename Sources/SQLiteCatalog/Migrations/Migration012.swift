import GRDB

extension Migration {
    /// Which version of its plugin an attempt ran, and what else a plugin is given.
    static let editions = Migration(number: 12, name: "plugin editions") { db in
        try db.execute(
            sql: """
                ALTER TABLE cf_job_attempt ADD COLUMN plugin_hash TEXT;
                ALTER TABLE cf_plugin_limits ADD COLUMN open_files INTEGER;
                ALTER TABLE cf_plugin_limits ADD COLUMN network INTEGER NOT NULL DEFAULT 0;
                """)
    }
}
