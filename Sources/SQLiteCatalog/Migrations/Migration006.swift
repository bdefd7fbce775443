import GRDB

extension Migration {
    /// What happened to jobs, one row each, in the order of writing.
    static let jobEvents = Migration(number: 6, name: "job events") { db in
        try db.execute(
            sql: """
                CREATE TABLE cf_job_event (
                    id INTEGER NOT NULL PRIMARY KEY, job_id INTEGER NOT NULL, at DATETIME NOT NULL, kind TEXT NOT NULL,
                    attempt INTEGER, worker TEXT, detail TEXT);
                CREATE INDEX ix_cf_job_event_job ON cf_job_event (job_id);
                """)
    }
}
