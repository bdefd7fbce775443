import GRDB

extension Migration {
    /// Who wrote which configuration, and which version of each plugin is the current one.
    static let configurationTables = Migration(number: 3, name: "configuration tables") { db in
        try db.execute(
            sql: """
                -- `declared` is the manifest's text of the value, or NULL where a person wrote it.
                CREATE TABLE cf_config_origin (
                    plugin_name TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, declared TEXT,
                    PRIMARY KEY (plugin_name, kind, name)) WITHOUT ROWID;

                CREATE TABLE cf_plugin_deployment (
                    plugin_name TEXT NOT NULL PRIMARY KEY, source_hash TEXT NOT NULL, version TEXT NOT NULL,
                    status TEXT NOT NULL, validation_error TEXT, created_at DATETIME NOT NULL) WITHOUT ROWID;
                """)
    }
}
