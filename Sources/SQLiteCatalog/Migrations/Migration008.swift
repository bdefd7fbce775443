import GRDB

extension Migration {
    /// What scans know of folders, of files that went or were moved, and of roots that are not as they should be.
    static let discovery = Migration(number: 8, name: "discovery") { db in
        try db.execute(
            sql: """
                -- A folder all of whose files are on record as the digest says.
                CREATE TABLE cf_folder (
                    source_root_id INTEGER NOT NULL, path TEXT NOT NULL, device INTEGER NOT NULL,
                    inode INTEGER NOT NULL, digest BLOB NOT NULL, routing INTEGER NOT NULL,
                    PRIMARY KEY (source_root_id, path)) WITHOUT ROWID;

                -- Places whose file is not there any more.
                CREATE TABLE cf_file_gone (location_id INTEGER NOT NULL PRIMARY KEY, since DATETIME NOT NULL);

                -- Where places were before their files were moved; absolute paths.
                CREATE TABLE cf_file_move (
                    id INTEGER NOT NULL PRIMARY KEY, location_id INTEGER NOT NULL, from_path TEXT NOT NULL,
                    to_path TEXT NOT NULL, moved_at DATETIME NOT NULL);
                CREATE INDEX cf_ix_file_move_location ON cf_file_move (location_id);

                -- Folders whose files should be there and are not.
                CREATE TABLE cf_root_alarm (
                    source_root_id INTEGER NOT NULL, path TEXT NOT NULL, since DATETIME NOT NULL, message TEXT NOT NULL,
                    PRIMARY KEY (source_root_id, path)) WITHOUT ROWID;

                -- Who has this content? 16 digits are enough to find it.
                CREATE INDEX IF NOT EXISTS cf_ix_version_content ON cf_file_version (substr(content_hash, 1, 16));
                """)
    }
}
