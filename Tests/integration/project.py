"""A project folder and the program's processes in it."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import pyarrow
import pyarrow.parquet

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "Tests/servers"))
from ports import free_port  # noqa: E402

#: A venv's interpreter by its own name: resolved, it would be the system's, without the venv's packages.
PYTHON = sys.executable
#: Longest wait for a command that does not end, and for anything to show up. They end what hangs; a machine that is
#: merely busy is not to come near them. A command that waits for jobs gets less, so that it says what it waited for.
COMMAND_SECONDS = 300
WAIT_SECONDS = 120
#: A process that was told to end has to end within this.
END_SECONDS = 60
POLL_SECONDS = 0.02
LINEAGE = ["_job_id", "_file_version_id"]


def find_program() -> pathlib.Path | None:
    named = os.environ.get("CASPARIAN_BIN")
    places = [named] if named else [ROOT / ".build/debug/casparian", ROOT / ".build/release/casparian"]
    return next((pathlib.Path(place).absolute() for place in places if pathlib.Path(place).exists()), None)


def free_address() -> str:
    return f"tcp://127.0.0.1:{free_port()}"


def wait_until(condition, what: str, seconds: float = WAIT_SECONDS):
    """The condition's value as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"after {seconds} s: {what() if callable(what) else what}")


class Running:
    """A process of the program that goes on until it is told to end; its log is a file."""

    def __init__(self, command: list, folder: pathlib.Path, environment: dict, log: pathlib.Path):
        self.path = log
        with open(log, "wb") as file:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self.pid = self.process.pid

    def log(self) -> str:
        return self.path.read_text(errors="replace")

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def wait_for_log(self, text: str) -> None:
        def seen():
            assert text in self.log() or self.is_alive(), f"ended with {self.process.returncode}:\n{self.log()}"
            return text in self.log()
        wait_until(seen, lambda: f"'{text}' is not in the log:\n{self.log()}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tells it to end and returns its exit status."""
        if self.is_alive():
            self.process.send_signal(number)
        return self.wait()

    def wait(self, seconds: float = END_SECONDS) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still there {seconds} s after it was told to end:\n{self.log()}") from None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def resident_bytes(self) -> int:
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Project:
    """A folder with the program's state, a folder of input files, and the commands that work on them."""

    def __init__(self, folder: pathlib.Path, program: pathlib.Path):
        self.folder, self.program = folder, program
        self.source, self.output, self.plugins = folder / "source", folder / "output", folder / "plugins"
        self.address = free_address()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CASPARIAN_")}
        self.environment = kept | {
            "CASPARIAN_PYTHON": PYTHON, "CASPARIAN_BIND": self.address, "XDG_CACHE_HOME": str(folder.parent / "cache"),
            # Tests write files and want them read at once; those about settling set their own.
            "CASPARIAN_SETTLE_SECONDS": "0"}
        self.processes: list[Running] = []
        self.source.mkdir(parents=True, exist_ok=True)

    # Commands

    def attempt(self, *arguments, environment: dict | None = None, folder=None) -> subprocess.CompletedProcess:
        """Runs a command to its end, whatever that is."""
        return subprocess.run(
            [self.program, *map(str, arguments)], cwd=folder or self.folder,
            env=self.environment | (environment or {}), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=COMMAND_SECONDS)

    def run(self, *arguments, status: int = 0, **options) -> str:
        """Runs a command that must end with the status; returns what it printed."""
        done = self.attempt(*arguments, **options)
        told = f"casparian {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        assert done.returncode == status, told
        return done.stdout

    def refuse(self, *arguments, status: int, **options) -> str:
        """Runs a command that must end with the status and say why; returns what it complained."""
        done = self.attempt(*arguments, **options)
        assert done.returncode == status, f"ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        assert done.stderr.strip(), "it did not say why"
        return done.stderr

    def rows(self, *arguments, **options) -> list[dict]:
        """What a listing prints with --json."""
        return [json.loads(line) for line in self.run(*arguments, "--json", **options).splitlines()]

    def up(self, status: int = 0, *flags) -> str:
        """Discovers, processes and ends."""
        return self.run("up", "--until-idle", *flags, status=status)

    # Processes

    def start(self, *arguments, environment: dict | None = None) -> Running:
        log = self.folder / f"{len(self.processes)}-{arguments[0]}.log"
        running = Running(
            [str(self.program), *map(str, arguments)], self.folder, self.environment | (environment or {}), log)
        self.processes.append(running)
        return running

    def start_sentinel(self, *flags) -> Running:
        sentinel = self.start("sentinel", "--bind", self.address, *flags)
        sentinel.wait_for_log("sentinel listens")
        return sentinel

    def start_worker(self, *flags, slots: int = 1) -> Running:
        worker = self.start(
            "worker", "--connect", self.address, "--plugins", self.plugins, "--output", self.output, "--slots", slots,
            *flags)
        return worker

    def start_both(self, slots: int = 1) -> tuple[Running, Running]:
        """A sentinel and a worker that it knows."""
        sentinel, worker = self.start_sentinel(), self.start_worker(slots=slots)
        self.wait_for_worker(worker)
        return sentinel, worker

    def wait_for_worker(self, worker: Running) -> None:
        def is_known():
            assert worker.is_alive(), f"the worker ended with {worker.process.returncode}:\n{worker.log()}"
            return any(row["pid"] == worker.pid and row["status"] != "OFFLINE" for row in self.rows("workers", "list"))
        wait_until(is_known, lambda: f"the sentinel does not know the worker:\n{worker.log()}")

    def does_a_job(self) -> None:
        """The sentinel (`self.sentinel`) is alive, and a new worker does the project's first job through it."""
        assert self.sentinel.is_alive(), self.sentinel.log()
        self.wait_for_worker(self.start_worker())
        self.write("after.csv", "n\n1\n")
        self.run("scan")
        self.run("jobs", "wait", "--timeout", WAIT_SECONDS)
        job, = self.jobs()
        assert (job["status"], job["rows"]) == ("COMPLETED", 1)

    def end(self) -> None:
        for running in reversed(self.processes):
            if running.is_alive():
                running.kill()

    # Files

    def write(self, name: str, content: str | bytes) -> pathlib.Path:
        """An input file. It appears whole: a scan that met it half written would make a version of that, too."""
        path, part = self.source / name, self.folder / "input.part"
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(path)
        return path

    def write_plugin(self, name: str, source: str) -> None:
        self.plugins.mkdir(exist_ok=True)
        (self.plugins / f"{name}.py").write_text(textwrap.dedent(source))

    def route(self, pattern: str, plugin: str) -> None:
        """Sends files to a plugin, by hand rather than by manifest."""
        self.run("rules", "add", pattern, f"auto_{plugin}")
        self.run("plugins", "set", plugin)

    # What came of it

    def status(self) -> dict:
        return json.loads(self.run("status", "--json"))

    def jobs(self, *flags) -> list[dict]:
        return self.rows("jobs", "list", *flags)

    def job(self, number: int) -> dict:
        shown, = self.rows("jobs", "show", number)
        return shown

    def wait_for_status(self, job: int, *wanted: str) -> dict:
        def has_it():
            shown = self.job(job)
            return shown if shown["status"] in wanted else None
        return wait_until(has_it, lambda: f"job {job} is {self.job(job)['status']}; {self.logs()}")

    def logs(self) -> str:
        return "".join(f"\n--- {running.path.name}\n{running.log()[-4000:]}" for running in self.processes)

    def table(self, uri: str) -> pyarrow.Table:
        return pyarrow.parquet.read_table(uri.removeprefix("parquet://"))

    def cells(self, uri: str) -> list[dict]:
        """A table's rows without lineage."""
        return self.table(uri).drop_columns(LINEAGE).to_pylist()

    def output_files(self) -> list[str]:
        """All but the receipts of workers that run, which come and go."""
        return sorted(
            str(path.relative_to(self.output)) for path in self.output.rglob("*")
            if path.is_file() and path.suffix != ".receipts")

    def staging(self) -> list[str]:
        return [name for name in self.output_files() if ".stg." in name]
