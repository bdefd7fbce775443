"""A state database of the earlier implementation opens as it is, and stays what it was."""
import datetime
import hashlib
import os
import socket
import sqlite3
import subprocess

import pytest

#: As SQLAlchemy wrote it, from docs/catalog.md.
TABLES = [
    """CREATE TABLE cf_source_root (
	id INTEGER NOT NULL,
	path VARCHAR NOT NULL,
	type VARCHAR DEFAULT 'local',
	active INTEGER DEFAULT '1',
	PRIMARY KEY (id),
	UNIQUE (path)
)""",
    """CREATE TABLE cf_ignore_rule (
	id INTEGER NOT NULL,
	source_root_id INTEGER,
	pattern VARCHAR NOT NULL,
	active INTEGER,
	created_at DATETIME,
	PRIMARY KEY (id),
	FOREIGN KEY(source_root_id) REFERENCES cf_source_root (id)
)""",
    """CREATE TABLE cf_routing_rule (
	id INTEGER NOT NULL,
	pattern VARCHAR(500) NOT NULL,
	tag VARCHAR(50) NOT NULL,
	priority INTEGER,
	PRIMARY KEY (id)
)""",
    """CREATE TABLE cf_plugin_config (
	plugin_name VARCHAR(100) NOT NULL,
	subscription_tags VARCHAR NOT NULL,
	default_parameters TEXT,
	last_updated DATETIME DEFAULT (CURRENT_TIMESTAMP),
	PRIMARY KEY (plugin_name)
)""",
    """CREATE TABLE cf_topic_config (
	id INTEGER NOT NULL,
	plugin_name VARCHAR NOT NULL,
	topic_name VARCHAR NOT NULL,
	uri VARCHAR NOT NULL,
	mode VARCHAR,
	schema_json TEXT,
	PRIMARY KEY (id),
	FOREIGN KEY(plugin_name) REFERENCES cf_plugin_config (plugin_name)
)""",
    "CREATE INDEX ix_topic_lookup ON cf_topic_config (plugin_name, topic_name)",
    """CREATE TABLE cf_file_hash_registry (
	content_hash VARCHAR(64) NOT NULL,
	first_seen DATETIME,
	size_bytes INTEGER NOT NULL,
	PRIMARY KEY (content_hash)
)""",
    """CREATE TABLE cf_file_location (
	id INTEGER NOT NULL,
	source_root_id INTEGER NOT NULL,
	rel_path VARCHAR NOT NULL,
	filename VARCHAR NOT NULL,
	last_known_mtime FLOAT,
	last_known_size INTEGER,
	current_version_id INTEGER,
	discovered_time DATETIME,
	last_seen_time DATETIME,
	PRIMARY KEY (id),
	FOREIGN KEY(source_root_id) REFERENCES cf_source_root (id),
	CONSTRAINT fk_current_version FOREIGN KEY(current_version_id) REFERENCES cf_file_version (id)
)""",
    "CREATE INDEX ix_file_location_lookup ON cf_file_location (source_root_id, rel_path)",
    """CREATE TABLE cf_file_version (
	id INTEGER NOT NULL,
	location_id INTEGER NOT NULL,
	content_hash VARCHAR NOT NULL,
	size_bytes INTEGER NOT NULL,
	modified_time DATETIME NOT NULL,
	detected_at DATETIME,
	applied_tags VARCHAR,
	PRIMARY KEY (id),
	FOREIGN KEY(location_id) REFERENCES cf_file_location (id),
	FOREIGN KEY(content_hash) REFERENCES cf_file_hash_registry (content_hash)
)""",
    "CREATE INDEX ix_file_version_lookup ON cf_file_version (location_id, content_hash)",
    """CREATE TABLE cf_processing_queue (
	id INTEGER NOT NULL,
	file_version_id INTEGER NOT NULL,
	plugin_name VARCHAR NOT NULL,
	status VARCHAR(9),
	priority INTEGER,
	worker_host VARCHAR,
	worker_pid INTEGER,
	claim_time DATETIME,
	end_time DATETIME,
	result_summary VARCHAR,
	error_message TEXT,
	retry_count INTEGER,
	PRIMARY KEY (id),
	FOREIGN KEY(file_version_id) REFERENCES cf_file_version (id),
	FOREIGN KEY(plugin_name) REFERENCES cf_plugin_config (plugin_name)
)""",
    "CREATE INDEX ix_queue_pop ON cf_processing_queue (status, priority, id)",
    """CREATE TABLE cf_worker_node (
	hostname VARCHAR NOT NULL,
	pid INTEGER NOT NULL,
	ip_address VARCHAR,
	env_signature VARCHAR,
	started_at DATETIME,
	last_heartbeat DATETIME,
	status VARCHAR(7),
	current_job_id INTEGER,
	PRIMARY KEY (hostname, pid)
)""",
    """CREATE TABLE cf_plugin_manifest (
	id INTEGER NOT NULL,
	plugin_name VARCHAR(100) NOT NULL,
	version VARCHAR(50) NOT NULL,
	source_code TEXT NOT NULL,
	source_hash VARCHAR(64) NOT NULL,
	status VARCHAR(8),
	signature VARCHAR,
	validation_error TEXT,
	created_at DATETIME,
	deployed_at DATETIME,
	PRIMARY KEY (id),
	UNIQUE (source_hash)
)""",
    "CREATE INDEX ix_cf_plugin_manifest_plugin_name ON cf_plugin_manifest (plugin_name)",
]
NAMES = [text.split()[2] for text in TABLES if text.startswith("CREATE TABLE")]
THEN = "2024-03-01 12:00:00.000000"
WORDS = {"PENDING", "QUEUED", "RUNNING", "COMPLETED", "FAILED", "SKIPPED"}


def dead_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.fixture
def inherited(project):
    """A project whose database has rows in every table and none of our side tables."""
    project.path = project.folder / "casparian_flow.sqlite3"
    for leftover in project.folder.glob("casparian_flow.sqlite3*"):
        leftover.unlink()
    files = [project.write(f"{number}.csv", f"n\n{number}\n") for number in range(1, 5)]
    # The earlier program kept nanoseconds as far as a float holds them; a time in whole seconds is a float exactly.
    for number, path in enumerate(files):
        os.utime(path, ns=(0, 1_700_000_000_000_000_000 + (123_456_789 if number == 3 else 0)))
    with sqlite3.connect(project.path) as db:
        for text in TABLES:
            db.execute(text)
        db.execute("INSERT INTO cf_source_root VALUES (1, ?, 'local', 1)", [str(project.source)])
        db.execute("INSERT INTO cf_ignore_rule VALUES (1, NULL, '*.tmp', 1, ?)", [THEN])
        db.execute("INSERT INTO cf_ignore_rule VALUES (2, 1, '*.bak', 1, ?)", [THEN])
        db.execute("INSERT INTO cf_routing_rule VALUES (1, '*.csv', 'tables', 50)")
        db.execute("INSERT INTO cf_plugin_config VALUES ('csv', 'tables,auto_csv', NULL, ?)", [THEN])
        db.execute("INSERT INTO cf_plugin_config VALUES ('gone', 'nothing', '{\"a\": 1}', ?)", [THEN])
        db.execute(
            "INSERT INTO cf_topic_config VALUES (1, 'csv', 'output', 'parquet://old/tables.parquet', 'append', NULL)")
        for number, path in enumerate(files, start=1):
            status, digest = os.stat(path), hashlib.sha256(path.read_bytes()).hexdigest()
            db.execute("INSERT INTO cf_file_hash_registry VALUES (?, ?, ?)", [digest, THEN, status.st_size])
            db.execute(
                "INSERT INTO cf_file_location VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?)",
                [number, path.name, path.name, status.st_mtime, status.st_size, number, THEN, THEN])
            db.execute(
                "INSERT INTO cf_file_version VALUES (?, ?, ?, ?, ?, ?, 'tables')",
                [number, number, digest, status.st_size, THEN, THEN])
        queue = "INSERT INTO cf_processing_queue VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        db.execute(queue, [11, 1, "csv", "COMPLETED", 50, "old", 5, THEN, THEN, "1 rows", None, 0])
        db.execute(queue, [12, 2, "csv", "QUEUED", 50, None, None, None, None, None, None, 0])
        db.execute(queue, [13, 3, "csv", "FAILED", 10, "old", 5, THEN, THEN, None, "Traceback: old", 2])
        host, dead = socket.gethostname(), dead_process()
        db.execute(queue, [14, 4, "csv", "RUNNING", 10, host, dead, THEN, None, None, None, 0])
        db.execute(queue, [15, 1, "gone", "SKIPPED", None, None, None, None, None, None, None, None])
        db.execute(
            "INSERT INTO cf_worker_node VALUES ('old', 5, '10.0.0.1', 'env', ?, ?, 'OFFLINE', NULL)", [THEN, THEN])
        db.execute(
            "INSERT INTO cf_plugin_manifest VALUES "
            "(1, 'gone', '0.9', 'class Handler: ...', ?, 'ACTIVE', NULL, NULL, ?, ?)",
            ["ab" * 32, THEN, THEN])
    return project


def snapshot(project) -> dict[str, dict]:
    """Every row of the inherited tables, by table and row id."""
    with sqlite3.connect(project.path) as db:
        db.row_factory = sqlite3.Row
        return {
            name: {row["rowid_"]: dict(row) for row in db.execute(f"SELECT rowid AS rowid_, * FROM {name}")}
            for name in NAMES}


def definitions(project) -> dict[str, str]:
    """What SQLite keeps of the inherited tables and of the indexes on them."""
    with sqlite3.connect(project.path) as db:
        return dict(db.execute(
            f"SELECT type || ' ' || name, sql FROM sqlite_master WHERE tbl_name IN ({', '.join('?' * len(NAMES))})",
            NAMES))


def test_what_was_queued_runs_and_what_had_ended_stays(inherited):
    inherited.attempt("up", "--until-idle")
    states = {job["job_id"]: job["status"] for job in inherited.jobs()}
    assert states == {11: "COMPLETED", 12: "COMPLETED", 13: "FAILED", 14: "COMPLETED", 15: "SKIPPED"}
    assert inherited.output_files() == ["old/tables_12.parquet", "old/tables_14.parquet"]
    assert inherited.cells(str(inherited.output / "old/tables_12.parquet")) == [{"n": 2}]
    assert inherited.table(str(inherited.output / "old/tables_14.parquet")).to_pylist() == [
        {"n": 4, "_job_id": 14, "_file_version_id": 4}]
    assert inherited.job(13)["error"] == "Traceback: old"
    assert inherited.job(14)["retry_count"] == 1


def test_no_inherited_table_or_index_is_altered(inherited):
    before = definitions(inherited)
    inherited.run("scan")
    inherited.attempt("up", "--until-idle")
    after = definitions(inherited)
    assert {name: after.get(name) for name in before} == before
    assert [name for name in after if name not in before] == []


def test_existing_rows_change_only_where_a_jobs_life_changes_them(inherited):
    before = snapshot(inherited)
    inherited.run("scan")
    inherited.attempt("up", "--until-idle")
    after = snapshot(inherited)
    of_a_run = {"status", "worker_host", "worker_pid", "claim_time", "end_time", "result_summary", "error_message",
                "retry_count"}
    allowed = {"cf_processing_queue": {12: of_a_run, 14: of_a_run}}
    for table, rows in before.items():
        for key, row in rows.items():
            may = allowed.get(table, {}).get(key, {"last_seen_time"} if table == "cf_file_location" else set())
            now = after[table][key]
            changed = {name for name, value in row.items() if now[name] != value}
            if "last_known_mtime" in changed and abs(now["last_known_mtime"] - row["last_known_mtime"]) < 2e-6:
                changed.remove("last_known_mtime")   # our times end at microseconds
            assert changed <= may, f"{table} {key}: {changed}"
    assert len(after["cf_processing_queue"]) == 5 and len(after["cf_file_version"]) == 4
    assert len(after["cf_file_location"]) == 4


def test_a_scan_knows_the_files_that_are_there_and_queues_only_the_changed_one(inherited):
    inherited.write("3.csv", "n\n33\n")
    inherited.write("new.csv", "n\n5\n")
    inherited.write("skipped.tmp", "n\n5\n")
    inherited.write("skipped.bak", "n\n5\n")
    inherited.run("scan")
    added = [job for job in inherited.jobs() if job["job_id"] > 15]
    assert sorted(os.path.basename(job["file"]) for job in added) == ["3.csv", "new.csv"]
    assert {job["status"] for job in added} == {"QUEUED"}


def test_times_and_words_that_we_write_are_those_that_older_readers_know(inherited):
    inherited.write("5.csv", "n\n5\n")
    inherited.attempt("up", "--until-idle")
    after = snapshot(inherited)
    assert {row["status"] for row in after["cf_processing_queue"].values()} <= WORDS
    for table, columns in {
        "cf_processing_queue": ["claim_time", "end_time"], "cf_worker_node": ["started_at", "last_heartbeat"],
        "cf_file_version": ["modified_time", "detected_at"], "cf_file_hash_registry": ["first_seen"],
        "cf_file_location": ["discovered_time", "last_seen_time"],
    }.items():
        for row in after[table].values():
            for name in columns:
                if row[name] is not None:
                    assert len(row[name]) == 26, (table, name, row[name])
                    datetime.datetime.strptime(row[name], "%Y-%m-%d %H:%M:%S.%f")
    new, = [row for row in after["cf_file_location"].values() if row["filename"] == "5.csv"]
    assert isinstance(new["last_known_mtime"], float) and isinstance(new["last_known_size"], int)


def test_a_failed_job_of_the_earlier_program_can_be_retried(inherited):
    inherited.run("jobs", "retry", 13)
    inherited.attempt("up", "--until-idle")
    shown = inherited.job(13)
    assert (shown["status"], shown["retry_count"], shown["error"]) == ("COMPLETED", 3, None)
    assert "old/tables_13.parquet" in inherited.output_files()


def test_the_database_stays_whole(inherited):
    inherited.attempt("up", "--until-idle")
    with sqlite3.connect(inherited.path) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_database_without_a_column_that_is_needed_is_refused_by_name(project):
    path = project.folder / "other.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE cf_routing_rule (id INTEGER PRIMARY KEY, pattern VARCHAR)")
    said = project.refuse("rules", "list", "--database", path, status=69)
    assert "cf_routing_rule" in said and "'tag'" in said
