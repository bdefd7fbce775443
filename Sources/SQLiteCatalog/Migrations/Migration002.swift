import GRDB

extension Migration {
    /// What the queue needs beyond its inherited table.
    static let jobTables = Migration(number: 2, name: "job tables") { db in
        try db.execute(
            sql: """
                -- One row for each attempt that ended; `outcome` is SUCCESS, FAILED or LOST.
                CREATE TABLE cf_job_attempt (
                    job_id INTEGER NOT NULL, attempt INTEGER NOT NULL, outcome TEXT NOT NULL, rows INTEGER,
                    size_bytes INTEGER, metrics TEXT, error_message TEXT, worker_host TEXT, worker_pid INTEGER,
                    claimed_at DATETIME, ended_at DATETIME NOT NULL,
                    PRIMARY KEY (job_id, attempt)) WITHOUT ROWID;

                -- What completed jobs made, in the order of the receipt.
                CREATE TABLE cf_job_artifact (
                    job_id INTEGER NOT NULL, ordinal INTEGER NOT NULL, topic TEXT NOT NULL, uri TEXT NOT NULL,
                    rows INTEGER, size_bytes INTEGER, content_hash TEXT,
                    PRIMARY KEY (job_id, ordinal)) WITHOUT ROWID;

                -- The job of a file version and plugin: the queue itself has no index for this question.
                CREATE TABLE cf_job_key (
                    file_version_id INTEGER NOT NULL, plugin_name TEXT NOT NULL, job_id INTEGER NOT NULL,
                    PRIMARY KEY (file_version_id, plugin_name)) WITHOUT ROWID;

                -- The QUEUED jobs of each plugin, best first.
                CREATE TABLE cf_job_ready (
                    plugin_name TEXT NOT NULL, priority INTEGER NOT NULL, job_id INTEGER NOT NULL,
                    PRIMARY KEY (plugin_name, priority DESC, job_id)) WITHOUT ROWID;

                -- Highest job id that the two tables above know of.
                CREATE TABLE cf_job_watermark (
                    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), last_job_id INTEGER NOT NULL);
                INSERT INTO cf_job_watermark (id, last_job_id) VALUES (1, 0);
                """)
    }
}
