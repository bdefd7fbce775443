"""What is there after a run, held against what its files demand."""
import collections
import contextlib
import os
import pathlib
import sqlite3
import sys

import duckdb

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "crash"))
import targets  # noqa: E402
from inputs import KINDS, PARQUET, SQLITE  # noqa: E402

TERMINAL = ("COMPLETED", "FAILED", "SKIPPED")
#: Problems of one kind that are told one by one.
SHOWN_MAX = 5


class Queue:
    """The jobs, from the state database itself: the program would take longer to say so."""

    def __init__(self, project):
        self.path = project.folder / "casparian_flow.sqlite3"

    def query(self, text: str, seconds: float = 60) -> list[tuple]:
        """seconds: how long another process's lock is waited for."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=seconds)) as catalog:
            return catalog.execute(text).fetchall()

    def counts(self) -> dict[str, int]:
        return dict(self.query("SELECT status, count(*) FROM cf_processing_queue GROUP BY status"))

    def holders(self) -> set[int]:
        """Processes that hold jobs; none, if a sentinel was stopped in the middle of something."""
        with contextlib.suppress(sqlite3.OperationalError):
            return {pid for pid, in self.query(
                "SELECT worker_pid FROM cf_processing_queue WHERE status = 'RUNNING'", seconds=0.2)}
        return set()

    def failed(self) -> list[tuple]:
        """Id, whether its attempts ran out, error."""
        return self.query(
            "SELECT q.id, c.dead_at IS NOT NULL, q.error_message FROM cf_processing_queue q "
            "LEFT JOIN cf_job_course c ON c.job_id = q.id WHERE q.status = 'FAILED' ORDER BY q.id")

    def jobs(self) -> dict[str, list[tuple]]:
        """File name -> id, plugin and status of each of its jobs."""
        jobs = collections.defaultdict(list)
        for name, *job in self.query(
                "SELECT l.filename, q.id, q.plugin_name, q.status FROM cf_processing_queue q "
                "JOIN cf_file_version v ON v.id = q.file_version_id JOIN cf_file_location l ON l.id = v.location_id"):
            jobs[name].append(tuple(job))
        return jobs

    def lost_attempts(self) -> int:
        return self.query("SELECT count(*) FROM cf_job_attempt WHERE outcome = 'LOST'")[0][0]

    def attempts(self) -> int:
        return self.query("SELECT count(*) FROM cf_job_attempt")[0][0]


def some(problems: list[str]) -> list[str]:
    """The first ones, and how many there are."""
    more = len(problems) - SHOWN_MAX
    return problems[:SHOWN_MAX] + ([f"... and {more} more like that"] if more > 0 else [])


def check_jobs(queue: Queue, files: list) -> tuple[dict[str, int], list[str]]:
    """The job of each file, and what is wrong with the queue."""
    jobs, ids, problems = queue.jobs(), {}, []
    for file in files:
        found = jobs.pop(file.name, [])
        if len(found) == 1:
            ids[file.name] = found[0][0]
        if [job[1:] for job in found] != [(file.kind.plugin, "COMPLETED")]:
            problems.append(f"{file.name} has jobs {found} instead of one that is COMPLETED")
    problems += [f"{name} has jobs {found} and should have none" for name, found in jobs.items()]
    wins = queue.query(
        "SELECT q.id, (SELECT count(*) FROM cf_job_attempt a WHERE a.job_id = q.id AND a.outcome = 'SUCCESS') AS wins "
        "FROM cf_processing_queue q WHERE q.status = 'COMPLETED' AND wins <> 1")
    return ids, some(problems) + some([f"job {job} succeeded {count} times" for job, count in wins])


def rows_in_parquet(output: pathlib.Path) -> collections.Counter:
    rows = collections.Counter()
    for kind in KINDS:
        files = [str(path) for path in (output / kind.plugin).glob("*.parquet")]
        if PARQUET in kind.sinks and files:
            query = f"SELECT {kind.number}, {kind.text}, _job_id FROM read_parquet($files)"
            rows.update((kind.plugin, *row) for row in duckdb.execute(query, {"files": files}).fetchall())
    return rows


def rows_in_sqlite(database: targets.SQLiteTarget) -> collections.Counter:
    rows, tables = collections.Counter(), database.query("SELECT name FROM sqlite_master WHERE type = 'table'")
    for kind in KINDS:
        if SQLITE in kind.sinks and (kind.plugin,) in tables:
            query = f'SELECT {kind.number}, {kind.text}, _job_id FROM "{kind.plugin}"'
            rows.update((kind.plugin, *row) for row in database.query(query))
    return rows


def check_rows(output: pathlib.Path, files: list, ids: dict[str, int]) -> tuple[int, int, list[str]]:
    """Rows lost, rows doubled, and what else is wrong at the targets."""
    lost = doubled = 0
    problems = []
    database = targets.SQLiteTarget(output)
    for sink, found in ((PARQUET, rows_in_parquet(output)), (SQLITE, rows_in_sqlite(database))):
        wanted = collections.Counter()
        for file in files:
            if sink in file.kind.sinks:
                wanted.update(file.rows(ids.get(file.name, 0)))
        missing, extra = wanted - found, found - wanted
        lost, doubled = lost + missing.total(), doubled + extra.total()
        problems += [f"{sink}: {len(some_)} rows are {word}, the first: {some_[:3]}" for word, some_ in (
            ("missing", list(missing)), ("too many", list(extra))) if some_]
    entries = collections.Counter(job for job, in database.query(f"SELECT job_id FROM {targets.LEDGER}"))
    demanded = collections.Counter(ids[file.name] for file in files if SQLITE in file.kind.sinks and file.name in ids)
    problems += some([f"sqlite: {entries[job]} entries for job {job} in the ledger instead of {demanded[job]}"
                      for job in sorted(entries | demanded) if entries[job] != demanded[job]])
    return lost, doubled, problems


def check_files(project) -> list[str]:
    """Staging, intents and output files that no artifact names."""
    output, database = project.output, targets.SQLiteTarget(project.output)
    hidden = [str(path) for path in (output / ".casparian").rglob("*") if path.is_file()]
    problems = some([f"left over: {name}" for name in sorted({*database.leftovers(), *hidden})])
    named = {row["uri"] for row in project.rows("artifacts", "list", "--limit", 1_000_000)}
    there = {f"parquet://{path}" for path in output.rglob("*.parquet")}
    named = {uri for uri in named if uri.startswith("parquet:")}
    problems += some([f"{uri} is there, and no artifact" for uri in sorted(there - named)])
    return problems + some([f"{uri} is an artifact, and not there" for uri in sorted(named - there)])


def processes(marker: str) -> dict[int, str]:
    """Command lines of living processes that have the marker in their environment."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        if folder.name == str(os.getpid()):
            continue
        try:
            if marker.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue
    return found
