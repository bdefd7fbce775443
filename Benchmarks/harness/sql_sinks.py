"""Rows into PostgreSQL against `psql \\copy` in binary, into SQL Server (the test server) against `freebcp`, and what the
promotion of a job with three sinks and one row costs."""
import contextlib
import csv
import sqlite3
import statistics
import subprocess
import sys

from . import jobs
from .csv_to_parquet import peer
from .measure import alternate, measure, paired_ratio, percentile, summary
from .report import Result

COPY_ROWS, BCP_ROWS, FLOOR_JOBS = 1_000_000, 100_000, 300
QUICK_SHARE = 10
SEED = 7
COLUMNS = ["order_id", "customer", "amount", "weight", "quantity", "ordered", "updated", "city", "state", "code"]
#: Of psql's speed.
COPY_SPEED_MIN = 0.9


def servers(program):
    sys.path.append(str(program.root / "Tests/servers"))
    import postgres_process
    import tds_process
    return postgres_process, tds_process


def orders(program, workspace, rows: int):
    text = workspace.path(f"orders_{rows}.csv")
    if not text.exists():
        peer(program, "make_csv", rows, SEED, text)
    table = text.with_suffix(".parquet")
    if not table.exists():
        peer(program, "csv_to_parquet_once", text, table)
    return text, table


def run_postgresql(program, workspace, quick, repetitions) -> Result:
    """The sink's rows are copied out in binary once; that file is what psql copies in."""
    rows = COPY_ROWS // (QUICK_SHARE if quick else 1)
    _, table = orders(program, workspace, rows)
    process, _ = servers(program)
    result = Result(f"Parquet to a PostgreSQL table ({rows:,} rows), whole process")
    with process.running(workspace.fresh("postgres")) as server:
        environment = program.environment | server.environment()

        def ours(name, clear):
            server.psql(clear)
            server.psql("CHECKPOINT")
            return measure(
                program.command("run", "parquet", table, "--output", workspace.fresh("pg-out"), "--sink",
                                f"postgresql://{name}"), environment)

        measure(program.command("run", "parquet", table, "--output", workspace.fresh("pg-out"), "--sink",
                                "postgresql://orders"), environment)
        binary = workspace.path("orders.bin")
        server.psql(f"\\copy orders TO '{binary}' (FORMAT binary)")
        for name in ("theirs", "there"):
            server.psql(f"CREATE TABLE {name} (LIKE orders)")

        def psql():
            server.psql("TRUNCATE theirs")
            server.psql("CHECKPOINT")
            return measure(
                ["psql", "-X", "-q", "-h", "127.0.0.1", "-p", server.port, "-U", process.USER, "-d", "postgres", "-c",
                 f"\\copy theirs FROM '{binary}' (FORMAT binary)"], environment | {"PGPASSWORD": process.PASSWORD})

        forget = "DROP TABLE IF EXISTS fresh; DELETE FROM _casparian_ledger WHERE target LIKE '%fresh%'"
        samples = alternate({
            "new table": lambda: ours("fresh", forget), "existing table": lambda: ours("there", "TRUNCATE there"),
            "psql \\copy": psql}, repetitions or (3 if quick else 5))
        for name in ("fresh", "there", "theirs"):
            assert int(server.psql(f"SELECT count(*) FROM {name}", "postgres", "-At")) == rows, name
    for name in samples:
        figures = summary(samples[name])
        result.rows.append({"contestant": name} | figures | {"rows/s": round(rows / figures["wall_s"])})
    for name in ("new table", "existing table"):
        speed = 1 / paired_ratio(samples, name, "psql \\copy")
        if name == "new table":
            result.goal(f"speed to psql's, {name}", speed, COPY_SPEED_MIN, at_most=False)
        else:
            result.notes.append(f"speed to psql's, {name}: {speed:.2f} (rows are staged, then copied by the server)")
    return result


def run_sql_server(program, workspace, quick, repetitions) -> Result:
    """Client CPU only: the server is a test server written in Python, which sets the pace."""
    rows = BCP_ROWS // (QUICK_SHARE if quick else 1)
    text, table = orders(program, workspace, rows)
    _, process = servers(program)
    result = Result(f"Rows into the TDS test server ({rows:,} rows), CPU of the client")
    data = workspace.path("orders.tsv")
    with open(text, newline="") as source, open(data, "w") as target:
        for number, line in enumerate(csv.reader(source)):
            if number:
                target.write("\t".join(line) + "\n")
    with process.running(workspace.fresh("tds")) as server:
        environment = program.environment | server.client_environment()
        types = ["bigint", "bigint", "float", "float", "bigint", "date", "datetime2", "nvarchar(40)", "nvarchar(40)",
                 "nvarchar(40)"]
        columns = ", ".join(f"[{name}] {kind} NULL" for name, kind in zip(COLUMNS, types))

        def clear(name):
            server.tsql(f"IF OBJECT_ID('dbo.{name}') IS NOT NULL DROP TABLE [dbo].[{name}]\ngo\n"
                        "IF OBJECT_ID('dbo._casparian_ledger') IS NOT NULL DROP TABLE [dbo].[_casparian_ledger]\ngo\n")

        def ours():
            clear("ours")
            return measure(program.command("run", "parquet", table, "--output", workspace.fresh("tds-out"), "--sink",
                                           "mssql://ours"), environment)

        def freebcp():
            clear("theirs")
            server.tsql(f"CREATE TABLE [dbo].[theirs] ({columns})\ngo\n")
            return measure(["freebcp", "dbo.theirs", "in", data, "-c", "-t", "\t", "-b", "10000", "-S", "test", "-U",
                            process.USER, "-P", process.PASSWORD], server.environment())

        samples = alternate({"casparian": ours, "freebcp": freebcp}, repetitions or 3)
        with contextlib.closing(sqlite3.connect(server.store)) as store:
            for name in ("ours", "theirs"):
                found, = store.execute(f'SELECT count(*) FROM "dbo.{name}"').fetchone()
                assert found == rows, f"{name}: {found} rows"
    for name in samples:
        figures = summary(samples[name])
        result.rows.append({"contestant": name} | figures | {"cpu_us/row": round(figures["cpu_s"] / rows * 1e6, 2)})
    result.notes.append("freebcp reads text, the program Parquet; both convert every value")
    return result


def run_floor(program, workspace, quick, repetitions) -> Result:
    """Jobs of one row each, from the start of each in its slot to its receipt: with one sink, and with three and their
    intent."""
    count = FLOOR_JOBS // (QUICK_SHARE if quick else 1)
    process, _ = servers(program)
    result = Result(f"A job with one row, from its start to its receipt ({count} jobs, one at a time)")
    with process.running(workspace.fresh("postgres-floor")) as server:
        program.environment |= server.environment()
        for label, uris in [("parquet", ["parquet://t.parquet"]), ("sqlite", ["sqlite://t.db/t"]),
                            ("postgresql", ["postgresql://t"]),
                            ("all three", ["parquet://t.parquet", "sqlite://all.db/t", "postgresql://all_of_them"])]:
            project = jobs.prepare(program, workspace, "floor-" + label.replace(" ", "-"), "csv", count, b"a,b\n1,x\n")
            for number, uri in enumerate(uris):
                program.run("topics", "set", "csv", "output", uri, *(["--additional"] if number else []), folder=project)
            with jobs.running(program, project, slots=1) as processes:
                jobs.wait_for_end(project, processes, count)
            with contextlib.closing(jobs.open_catalog(project)) as catalog:
                rows = catalog.execute(
                    "SELECT q.status, json_extract(a.metrics, '$.elapsed_us') FROM cf_processing_queue q "
                    "JOIN cf_job_attempt a ON a.job_id = q.id ORDER BY q.id").fetchall()
            assert {status for status, _ in rows} == {"COMPLETED"}
            elapsed = [microseconds / 1000 for _, microseconds in rows]
            result.rows.append({"sinks": label, "p50_ms": round(statistics.median(elapsed), 2),
                                "p99_ms": round(percentile(elapsed, 0.99), 2)})
    return result
