"""The cost of a job that does nothing: many queued at once, and one at a time on an idle system."""
import contextlib
import os
import sqlite3
import statistics
import time

from .measure import percentile
from .program import free_address, stop
from .report import Result

NATIVE_JOBS = 20_000
PYTHON_JOBS = 5_000
QUICK_SHARE = 10
SLOTS = 2
LATENCY_SAMPLES = 200
LATENCY_POLL_SECONDS = 0.0002
DEADLINE_SECONDS = 300
GOALS = {"lines": 2_000, "noop": 500}
LATENCY_GOAL_MS = 5.0


def prepare(program, workspace, name: str, plugin: str, count: int, content: bytes = b""):
    """A project whose catalog has `count` queued jobs, one for each file."""
    project = workspace.fresh(name)
    source = project / "source"
    source.mkdir()
    for number in range(count):
        (source / f"{number:06d}.txt").write_bytes(content)
    program.run("init", ".", folder=project)
    plugins = program.root / "Benchmarks/plugins"
    program.run("register", "--plugins", plugins, folder=project)
    program.run("rules", "add", "*.txt", f"auto_{plugin}", folder=project)
    program.run("plugins", "set", plugin, folder=project)
    program.run("scan", source, folder=project)
    with contextlib.closing(open_catalog(project)) as catalog:
        queued, = catalog.execute("SELECT count(*) FROM cf_processing_queue WHERE status = 'QUEUED'").fetchone()
    if queued != count:
        raise RuntimeError(f"{queued} jobs are queued in {project}, {count} were expected")
    return project


def open_catalog(project) -> sqlite3.Connection:
    catalog = sqlite3.connect(project / "casparian_flow.sqlite3", timeout=30, isolation_level=None)
    catalog.execute("PRAGMA synchronous = FULL")
    return catalog


@contextlib.contextmanager
def running(program, project, slots: int = SLOTS, workers: int = 1):
    """A sentinel and workers, as processes of their own, in that order."""
    address = free_address()
    plugins = program.root / "Benchmarks/plugins"
    quiet = ("--log-level", "warning")
    processes = [program.start("sentinel", "--bind", address, *quiet, folder=project)]
    try:
        for _ in range(workers):
            processes.append(program.start(
                "worker", "--connect", address, "--plugins", plugins, "--output", project / "output", "--slots", slots,
                *quiet, folder=project))
        yield processes
    finally:
        for process in reversed(processes):
            stop(process)


def wait_for_end(project, processes, count: int) -> float:
    """Seconds until no job waits or runs."""
    begin = time.perf_counter()
    with contextlib.closing(open_catalog(project)) as catalog:
        while True:
            ended, = catalog.execute(
                "SELECT count(*) FROM cf_processing_queue WHERE status IN ('COMPLETED', 'FAILED')").fetchone()
            if ended >= count:
                return time.perf_counter() - begin
            for process in processes:
                if process.poll() is not None:
                    raise RuntimeError(f"a process ended with {process.returncode}: {process.stderr.read()[-2000:]}")
            if time.perf_counter() - begin > DEADLINE_SECONDS:
                raise RuntimeError(f"{ended} of {count} jobs had ended after {DEADLINE_SECONDS} s")
            time.sleep(0.05)


def seconds_of(project, count: int) -> float:
    """From the first claim to the last end of a project's jobs, which must all have completed."""
    with contextlib.closing(open_catalog(project)) as catalog:
        completed, failed, span = catalog.execute(
            "SELECT sum(status = 'COMPLETED'), sum(status = 'FAILED'), "
            "(julianday(max(end_time)) - julianday(min(claim_time))) * 86400 FROM cf_processing_queue").fetchone()
    if failed or completed != count:
        raise RuntimeError(f"{completed} jobs of {project} completed and {failed} failed, {count} were expected")
    return span


def throughput(program, workspace, plugin: str, count: int) -> dict:
    project = prepare(program, workspace, f"jobs-{plugin}", plugin, count)
    with running(program, project) as processes:
        wall = wait_for_end(project, processes, count)
    span = seconds_of(project, count)
    return {"plugin": plugin, "jobs": count, "claim_to_end_s": span, "jobs_per_s": count / span,
            "with_start_s": wall}


def run_throughput(program, workspace, quick, repetitions) -> Result:
    repetitions = repetitions or (1 if quick else 3)
    result = Result(f"No-op jobs, one worker of {SLOTS} slots, every state change durable")
    runs = {"lines": [], "noop": []}
    for _ in range(repetitions):
        for plugin, count in (("lines", NATIVE_JOBS), ("noop", PYTHON_JOBS)):
            runs[plugin].append(throughput(program, workspace, plugin, count // (QUICK_SHARE if quick else 1)))
    for plugin, measured in runs.items():
        rates = [one["jobs_per_s"] for one in measured]
        middle = statistics.median(rates)
        result.rows.append({
            "plugin": {"lines": "native (lines, empty file)", "noop": "Python (warm guest)"}[plugin],
            "jobs": measured[0]["jobs"], "jobs_per_s": middle, "lowest": min(rates), "highest": max(rates),
            "runs": len(rates)})
        result.goal(f"{plugin}: jobs a second", middle, GOALS[plugin], at_most=False)
    return result


def run_latency(program, workspace, quick, repetitions) -> Result:
    """From an inserted row to COMPLETED seen by another process, one job at a time."""
    samples = LATENCY_SAMPLES // (QUICK_SHARE if quick else 1)
    result = Result("Latency of one no-op job on an idle system, from inserted row to COMPLETED in the database")
    for plugin in ("lines", "noop"):
        project = prepare(program, workspace, f"latency-{plugin}", plugin, 1)
        with running(program, project) as processes:
            wait_for_end(project, processes, 1)
            milliseconds = [one_job(project) for _ in range(samples)][samples // 10:]
        row = {"plugin": plugin, "jobs": len(milliseconds), "p50_ms": percentile(milliseconds, 0.5),
               "p90_ms": percentile(milliseconds, 0.9), "p99_ms": percentile(milliseconds, 0.99),
               "max_ms": max(milliseconds)}
        result.rows.append(row)
        if plugin == "lines":
            result.goal("native: median latency in ms", row["p50_ms"], LATENCY_GOAL_MS)
    result.notes.append(f"seen by polling every {LATENCY_POLL_SECONDS * 1000:g} ms; the first tenth is not counted")
    return result


def one_job(project) -> float:
    """Milliseconds from a job's row to COMPLETED."""
    return timed_job(project)[1]


def timed_job(project) -> tuple:
    """When one more job was queued, on the monotonic clock, and milliseconds until it was COMPLETED."""
    with contextlib.closing(open_catalog(project)) as catalog:
        time.sleep(0.02)
        begin = time.monotonic()
        cursor = catalog.execute(
            "INSERT INTO cf_processing_queue (file_version_id, plugin_name, status, priority, retry_count) "
            "SELECT file_version_id, plugin_name, 'QUEUED', 100, 0 FROM cf_processing_queue ORDER BY id LIMIT 1")
        job = cursor.lastrowid
        while True:
            status, error = catalog.execute(
                "SELECT status, error_message FROM cf_processing_queue WHERE id = ?", (job,)).fetchone()
            if status == "COMPLETED":
                return begin, (time.monotonic() - begin) * 1000
            if status == "FAILED":
                raise RuntimeError(f"job {job} failed: {error}")
            if time.monotonic() - begin > DEADLINE_SECONDS:
                raise RuntimeError(f"job {job} of process {os.getpid()} is still {status}")
            time.sleep(LATENCY_POLL_SECONDS)
