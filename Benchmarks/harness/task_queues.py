"""Durable task queues that people use instead, with their servers: each made ready, filled and worked off."""
import contextlib
import json
import os
import pathlib
import signal
import struct
import subprocess
import time

from .program import free_address, stop
from .sql_sinks import servers

#: As Benchmarks/peers/queues/marks.py writes them.
RECORD = struct.Struct("<qq")
DEADLINE_SECONDS = 600
START_SECONDS = 60
PAUSE_SECONDS = 0.02
#: As in the benchmark of our own jobs.
WORKERS, SLOTS = 4, 2

#: huey that keeps results, and as it is by default for tasks that return nothing.
HUEY, HUEY_FORGETS = "huey, results kept", "huey, at most once"


class Peer:
    """A queue on its server: `enqueue.py` fills it, and commands of its own work it off."""

    def __init__(self, program, workspace, name: str, broker: str, extra: dict | None = None):
        self.name, self.module = name, f"{name}_tasks"
        self.folder = program.root / "Benchmarks/peers/queues"
        self.python = pathlib.Path(program.python)
        shared = pathlib.Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else workspace.root
        self.marks = shared / f"casparian-bench-{os.getpid()}-{name}"
        self.environment = {**program.environment, **(extra or {}), "BENCH_BROKER": broker,
                            "BENCH_MARKS": str(self.marks), "PYTHONPATH": str(self.folder)}

    def commands(self) -> list:
        """What is started for WORKERS processes of SLOTS tasks at once."""
        tool = str(self.python.parent)
        if self.name == "huey":
            # Pauses of an idle worker in seconds: huey polls. Its own defaults grow to ten seconds.
            return [[f"{tool}/huey_consumer", "huey_tasks.huey", "-k", "process", "-w", WORKERS * SLOTS, "-d", "0.01",
                     "-m", "0.05", "-n", "-q"]]
        if self.name == "celery":
            return [[f"{tool}/celery", "-A", "celery_tasks", "worker", "-c", SLOTS, "-n", f"worker{number}@localhost",
                     "-l", "error", "--without-gossip", "--without-mingle"] for number in range(WORKERS)]
        if self.name == "dramatiq":
            return [[f"{tool}/dramatiq", "dramatiq_tasks", "--processes", WORKERS, "--threads", SLOTS]]
        return [[f"{tool}/procrastinate", "--app", "procrastinate_tasks.app", "worker", "--concurrency", SLOTS]
                for _ in range(WORKERS)]

    @contextlib.contextmanager
    def working(self):
        processes = []
        try:
            for command in self.commands():
                processes.append(subprocess.Popen(
                    [str(part) for part in command], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            yield processes
        finally:
            for process in processes:
                stop(process)
            self.marks.unlink(missing_ok=True)

    def tell(self, *arguments) -> str:
        done = subprocess.run(
            [self.python, self.folder / "enqueue.py", self.module, *map(str, arguments)], env=self.environment,
            capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: tasks cannot be queued:\n{done.stderr[-3000:]}")
        return done.stdout

    def throughput(self, count: int) -> float:
        """Tasks a second, from the first that ran to the last, of a full queue."""
        self.marks.write_bytes(b"")
        self.tell("many", count)
        with self.working() as processes:
            self.wait_for(count, processes)
            times = [at for _, at in RECORD.iter_unpack(self.marks.read_bytes())]
        return count / ((max(times) - min(times)) / 1e9)

    def latency(self, count: int) -> list:
        """Milliseconds from the call that queues a task on an idle system until it runs; the first tenth is left out."""
        self.marks.write_bytes(b"")
        self.tell("many", 1)
        with self.working() as processes:
            self.wait_for(1, processes)
            return json.loads(self.tell("one", count, PAUSE_SECONDS))[count // 10:]

    def wait_for(self, count: int, processes: list) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.marks.stat().st_size < count * RECORD.size:
            ended = [process.returncode for process in processes if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                done = self.marks.stat().st_size // RECORD.size
                raise RuntimeError(f"{self.name}: {done} of {count} tasks ran; workers that ended: {ended}")
            time.sleep(0.05)


@contextlib.contextmanager
def redis(folder: pathlib.Path):
    """A server that syncs its file after every change, on a free port; yields its address."""
    port = free_address().rsplit(":", 1)[1]
    process = subprocess.Popen(
        ["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes",
         "--appendfsync", "always", "--save", ""],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run(["redis-cli", "-p", port, "ping"], capture_output=True).stdout != b"PONG\n":
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("redis-server does not start; apt-get install redis-server")
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


@contextlib.contextmanager
def peer(program, workspace, name: str):
    """A peer with an empty queue; its server ends afterwards."""
    folder = workspace.fresh(f"queue-{name}")
    if name in (HUEY, HUEY_FORGETS):
        kept = {"BENCH_RESULTS": "yes"} if name == HUEY else {}
        yield Peer(program, workspace, "huey", str(folder / "huey.sqlite3"), kept)
    elif name == "procrastinate":
        postgres_process, _ = servers(program)
        with postgres_process.running(folder) as server:
            broker = f"host=127.0.0.1 port={server.port} user={postgres_process.USER} dbname=postgres"
            made = Peer(program, workspace, name, broker, {"PGPASSWORD": postgres_process.PASSWORD})
            made.marks.write_bytes(b"")
            subprocess.run(
                [made.python.parent / "procrastinate", "--app", "procrastinate_tasks.app", "schema", "--apply"],
                env=made.environment, cwd=made.folder, check=True, capture_output=True)
            yield made
    else:
        with redis(folder) as address:
            yield Peer(program, workspace, name, address)
