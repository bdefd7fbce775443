import GRDB

extension Migration {
    /// How files were when a scan read them, beyond size and modification time.
    static let fileStamps = Migration(number: 7, name: "file stamps") { db in
        try db.execute(
            sql: """
                CREATE TABLE cf_file_stamp (
                    location_id INTEGER NOT NULL PRIMARY KEY, device INTEGER NOT NULL, inode INTEGER NOT NULL,
                    size_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL);
                """)
    }
}
