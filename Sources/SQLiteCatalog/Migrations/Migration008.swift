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

                -- Which versions have a content, by the first 16 digits of its hash.
                CREATE TABLE cf_version_content (
                    content_key TEXT NOT NULL, file_version_id INTEGER NOT NULL,
                    PRIMARY KEY (content_key, file_version_id)) WITHOUT ROWID;

                -- Highest version id that the table above knows of.
                CREATE TABLE cf_content_watermark (
                    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), last_version_id INTEGER NOT NULL);
                INSERT INTO cf_content_watermark (id, last_version_id) VALUES (1, 0);
                """)
    }
}
