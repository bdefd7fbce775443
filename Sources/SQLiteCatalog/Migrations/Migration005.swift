import GRDB

extension Migration {
    /// What becomes of jobs that fail, wait or are cancelled, and what a person allows a plugin's jobs.
    static let jobCourse = Migration(number: 5, name: "job course") { db in
        try db.execute(
            sql: """
                -- Only jobs of which there is something to say. `strikes`: attempts that failed or were lost for reasons
                -- that may pass. A QUEUED job with `not_before` is not in cf_job_ready until then.
                CREATE TABLE cf_job_course (
                    job_id INTEGER NOT NULL PRIMARY KEY, strikes INTEGER NOT NULL DEFAULT 0, not_before DATETIME,
                    dead_at DATETIME, cancel_at DATETIME, cancel_by TEXT);
                CREATE INDEX cf_job_course_not_before ON cf_job_course (not_before) WHERE not_before IS NOT NULL;
                CREATE INDEX cf_job_course_cancel ON cf_job_course (cancel_at) WHERE cancel_at IS NOT NULL;
                CREATE INDEX cf_job_course_dead ON cf_job_course (dead_at) WHERE dead_at IS NOT NULL;

                CREATE TABLE cf_plugin_limits (
                    plugin_name TEXT NOT NULL PRIMARY KEY, deadline_seconds INTEGER, concurrency INTEGER,
                    attempts_max INTEGER, retries_failures INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;

                -- Plugins of which nothing begins: their jobs failed one after the other.
                CREATE TABLE cf_plugin_pause (
                    plugin_name TEXT NOT NULL PRIMARY KEY, until DATETIME NOT NULL, failures INTEGER NOT NULL,
                    reason TEXT NOT NULL) WITHOUT ROWID;

                ALTER TABLE cf_job_attempt ADD COLUMN cause TEXT;
                ALTER TABLE cf_job_attempt ADD COLUMN exit_signal INTEGER;
                """)
    }
}
