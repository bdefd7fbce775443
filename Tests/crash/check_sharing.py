"""Two workers promote into the same tables for a minute, each job into every database at once; then rows are counted.

    make check-sharing        (ARGS="--seconds 10" for a quick look)

Exit status 1 if a job failed, a row is missing or doubled, or a ledger has not one entry for each job.
"""
import argparse
import contextlib
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "integration"), str(HERE.parent / "servers")]

import targets  # noqa: E402
from project import Project, find_program, wait_until  # noqa: E402

WAVE_FILES = 60
ROWS_EACH = 20
WAVE_SECONDS_MAX = 180


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casparian-sharing-")))
        project = Project(folder / "project", find_program())
        kinds = [kind for kind in targets.open_kinds(stack, folder) if kind.is_shared]
        project.environment |= {name: value for kind in kinds for name, value in kind.environment.items()}
        project.run("init", ".")
        project.run("roots", "add", project.source)
        project.route("*.csv", "csv")
        databases = [kind.open(project.output) for kind in kinds]
        for number, database in enumerate(databases):
            project.run("topics", "set", "csv", "output", database.uri, *(["--additional"] if number else []))
        stack.callback(project.end)
        project.start_sentinel()
        workers = [project.start_worker(slots=2) for _ in range(2)]
        for worker in workers:
            project.wait_for_worker(worker)
        begun, files = time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            for _ in range(WAVE_FILES):
                rows = "".join(f"{files * ROWS_EACH + row},text {row},0.5\n" for row in range(ROWS_EACH))
                project.write(f"{files}.csv", "n,text,extra\n" + rows)
                files += 1
            project.run("scan")
            wait_until(lambda: not project.jobs("--status", "QUEUED") and not project.jobs("--status", "RUNNING"),
                       project.logs, WAVE_SECONDS_MAX)
        shared = {job["worker_pid"] for job in (project.job(number) for number in range(1, files + 1, 7))}
        failed = project.jobs("--status", "FAILED")
        problems = [f"{len(failed)} jobs failed, the first: {failed[0]}"] if failed else []
        if len(shared) != 2:
            problems.append(f"{len(shared)} workers had jobs, not 2")
        for database in databases:
            rows = [row[0] for row in database.rows()]
            lost, doubled = files * ROWS_EACH - len(set(rows)), len(rows) - len(set(rows))
            entries = sorted(database.jobs())
            print(f"{database.scheme}: {len(rows)} rows of {files} jobs, {lost} lost, {doubled} doubled")
            if lost or doubled or entries != list(range(1, files + 1)):
                problems.append(f"{database.scheme}: {lost} lost, {doubled} doubled, {len(entries)} entries")
            problems += [f"{database.scheme}: left over: {name}" for name in database.leftovers()]
        for problem in problems:
            print("FAILED " + problem)
        print(f"{files} jobs by two workers in {time.monotonic() - begun:.0f} s into {len(databases)} databases at once")
        print(f"{files} passed, {len(problems)} failed")
        return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
