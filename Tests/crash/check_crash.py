"""Kills a worker (SIGKILL) at every step between a job's first rows and its receipt, for every kind of sink and for a
job with several at once; starts another and compares what is there then with a calm run.

    make check-crash        (a debug build: only that passes its steps to CASPARIAN_KILL_AT)

The steps are those that the program lists (`casparian steps`). The job replaces the rows of an older version of its
file, and its plugin widens its columns on the way, so that every step is there. Exit status 1 if a row is lost or
doubled, a ledger has not one entry for the job, staging is left, or a step was never reached.
"""
import argparse
import collections
import contextlib
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import targets  # noqa: E402
from project import Project, find_program, wait_until  # noqa: E402

#: A step that is passed more often is killed at this often.
TIMES_MAX = 4
#: The sinks of the job that has several.
TOGETHER = ["parquet", "sqlite", "postgresql", "mssql"]
#: A worker dies, or its job ends, within this.
STEP_SECONDS = 180

PLUGIN = """
import pyarrow as pa

class Handler:
    def execute(self, file_path):
        lines = open(file_path).read().split()
        yield pa.table({"n": pa.array(range(len(lines)), pa.int64()), "text": lines})
        yield pa.table({"n": pa.array([1000], pa.int64()), "text": ["wider"], "extra": [0.5]})
"""


class Case:
    """A project whose job is queued, put back to that state for each kill."""

    def __init__(self, folder: pathlib.Path, program: pathlib.Path, kinds: list):
        self.folder, self.kept, self.trace = folder / "project", folder / "kept", folder / "steps"
        self.program = program
        self.folder.mkdir(parents=True)
        project = self.project = Project(self.folder, program)
        project.run("init", ".")
        project.run("roots", "add", project.source)
        project.write_plugin("words", PLUGIN)
        self.targets = [kind.open(project.output) for kind in kinds]
        self.environment = {name: value for kind in kinds for name, value in kind.environment.items()}
        project.environment |= self.environment
        project.run("register", "--plugins", project.plugins)
        for index, target in enumerate(self.targets):
            project.run("topics", "set", "words", "output", target.uri, "--mode", "replace", *(["--additional"] if index else []))
        project.route("*.txt", "words")
        project.write("in.txt", "a b c")
        project.up()
        project.write("in.txt", "d e f g")
        project.run("scan")
        queued = project.jobs("--status", "QUEUED")
        assert len(queued) == 1, queued
        self.job = queued[0]["job_id"]
        shutil.copytree(self.folder, self.kept, symlinks=True)
        for target in self.targets:
            target.keep()

    def restore(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder, symlinks=True)
        self.project = Project(self.folder, self.program)
        self.project.environment |= self.environment
        for target in self.targets:
            target.restore()

    def run(self, step: str | None) -> None:
        """Runs the job, with a worker that dies at the step and one after it; without a step, with one that lives."""
        self.restore()
        project = self.project
        project.start_sentinel()
        try:
            if step is not None:
                first = self.start_worker(CASPARIAN_KILL_AT=step)
                wait_until(lambda: not first.is_alive() or self.has_ended(),
                           lambda: f"{step}: nothing happens\n{project.logs()}", STEP_SECONDS)
                assert not first.is_alive(), f"{step}: not reached\n{project.logs()}"
            second = self.start_worker(CASPARIAN_STEPS_FILE=str(self.trace))
            wait_until(self.has_ended, lambda: f"{step}: the job is {self.status()}\n{project.logs()}", STEP_SECONDS)
            assert self.status() == "COMPLETED", f"{step}: {project.job(self.job)}\n{project.logs()}"
            second.stop()
        finally:
            project.end()

    def start_worker(self, **environment):
        project = self.project
        return project.start("worker", "--connect", project.address, "--plugins", project.plugins, "--output",
                             project.output, environment=environment)

    def has_ended(self) -> bool:
        return self.status() in ("COMPLETED", "FAILED")

    def passes(self) -> collections.Counter:
        """How often a calm run passes each step."""
        self.run(None)
        return collections.Counter(self.trace.read_text().split())

    def status(self) -> str:
        """From the catalog itself: the program would take longer to say so than the job takes."""
        with contextlib.closing(sqlite3.connect(self.folder / "casparian_flow.sqlite3", timeout=30)) as catalog:
            return catalog.execute("SELECT status FROM cf_processing_queue WHERE id = ?", [self.job]).fetchone()[0]

    def rows(self) -> list[list[tuple]]:
        return [target.rows() for target in self.targets]

    def check(self, calm: list[list[tuple]]) -> tuple[int, int, list[str]]:
        """Rows lost, rows doubled, and what else is wrong."""
        lost = doubled = 0
        problems = []
        for target, expected in zip(self.targets, calm):
            found, wanted = collections.Counter(target.rows()), collections.Counter(expected)
            lost += (wanted - found).total()
            doubled += (found - wanted).total()
            if target.jobs() != [self.job]:
                problems.append(f"{target.scheme}: entries for jobs {target.jobs()} instead of [{self.job}]")
            problems += [f"{target.scheme}: left over: {name}" for name in target.leftovers()]
        intents = list((self.project.output / ".casparian/intents").glob("*"))
        return lost, doubled, problems + [f"left over: {path}" for path in intents]


def check(case: Case, steps: list[str]) -> tuple[int, int, int]:
    """Kills at each step, as often as it is passed; returns how many kills, rows lost and rows doubled."""
    name = " and ".join(target.name for target in case.targets)
    passes = case.passes()
    calm = case.rows()
    assert all(len(rows) == 5 for rows in calm), calm
    kills = lost = doubled = 0
    for step in steps:
        times = min(passes[step], TIMES_MAX)
        if times == 0:
            print(f"FAILED {name}: {step} is never reached", flush=True)
            FAILURES.append(step)
        for time_ in range(1, times + 1):
            case.run(f"{step}:{time_}")
            missing, extra, problems = case.check(calm)
            lost, doubled, kills = lost + missing, doubled + extra, kills + 1
            if missing or extra or problems:
                print(f"FAILED {name} killed at {step}:{time_}: {missing} lost, {extra} doubled; {problems}", flush=True)
                FAILURES.append(step)
        print(f"{name:<40} {step:<28} killed {times} times", flush=True)
    return kills, lost, doubled


FAILURES: list[str] = []


def all_steps(folder: pathlib.Path, program: pathlib.Path, kinds: dict) -> dict[str, list[str]]:
    """Steps by scheme, as the program lists them."""
    listing = Project(folder / "steps", program)
    for kind in kinds.values():
        listing.environment |= kind.environment
    steps = collections.defaultdict(list)
    for row in listing.rows("steps"):
        steps[row["scheme"]].append(row["step"])
    known = {kind.steps for kind in kinds.values()} | {"job"}
    unknown = [scheme for scheme, names in steps.items() if names and scheme not in known]
    assert not unknown, f"nothing here knows how to read {unknown}"
    return steps


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="kinds of sinks, such as 'parquet and sqlite'")
    arguments = parser.parse_args()
    program = find_program()
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casparian-crash-")))
        kinds = {kind.name: kind for kind in targets.open_kinds(stack, folder)}
        steps = all_steps(folder, program, kinds)
        wanted = [[kind] for kind in kinds.values()] + [[kinds[name] for name in TOGETHER]]
        if arguments.only:
            wanted = [[kinds[name] for name in arguments.only.split(" and ")]]
        total = [0, 0, 0]
        for number, chosen in enumerate(wanted):
            case = Case(folder / str(number), program, chosen)
            names = [step for step in steps["job"] if len(chosen) > 1 or step not in ("job.recorded", "job.cleared")]
            for kind in chosen:
                names += steps[kind.steps]
            total = [sum(pair) for pair in zip(total, check(case, names))]
    kills, lost, doubled = total
    print(f"{kills} kills, {lost} rows lost, {doubled} rows doubled, {len(FAILURES)} problems, "
          f"{time.monotonic() - begun:.0f} s")
    print(f"{kills} passed, {len(FAILURES)} failed")
    return 1 if FAILURES or not kills else 0


if __name__ == "__main__":
    sys.exit(main())
