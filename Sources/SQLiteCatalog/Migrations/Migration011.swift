import GRDB

extension Migration {
    /// What an attempt of a plugin may take of the machine.
    static let resources = Migration(number: 11, name: "resources") { db in
        try db.execute(
            sql: """
                ALTER TABLE cf_plugin_limits ADD COLUMN memory_mib INTEGER;
                ALTER TABLE cf_plugin_limits ADD COLUMN cpu_seconds INTEGER;
                ALTER TABLE cf_plugin_limits ADD COLUMN processes INTEGER;
                """)
    }
}
