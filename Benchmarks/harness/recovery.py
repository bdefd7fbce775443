"""How long a job waits when its worker or the sentinel dies: until its plugin runs."""
import contextlib
import os
import signal
import subprocess
import time

from .jobs import DEADLINE_SECONDS, open_catalog, prepare
from .measure import percentile
from .program import free_address, stop
from .report import Result

KILLS, STOPS, SENTINEL_KILLS = 20, 5, 20
QUICK_KILLS, QUICK_STOPS = 4, 1
POLL_SECONDS = 0.002


class Pool:
    """A sentinel and workers of one slot on a project whose jobs wait in the plugin `gate`."""

    def __init__(self, program, project):
        self.program, self.project = program, project
        self.address = free_address()
        self.workers: dict[int, subprocess.Popen] = {}
        self.sentinel = None
        file = project / "source/000000.txt"
        self.began, self.gate = file.with_name(file.name + ".began"), file.with_name(file.name + ".open")

    def start_sentinel(self) -> None:
        self.sentinel = self.program.start(
            "sentinel", "--bind", self.address, "--log-level", "error", folder=self.project)

    def start_worker(self) -> None:
        worker = self.program.start(
            "worker", "--connect", self.address, "--plugins", self.program.root / "Benchmarks/plugins", "--output",
            self.project / "output", "--slots", 1, "--log-level", "error", folder=self.project)
        self.workers[worker.pid] = worker

    def end(self) -> None:
        for process in [*self.workers.values(), self.sentinel]:
            if process is not None:
                process.send_signal(signal.SIGCONT)
                stop(process)

    def bury(self, pid: int) -> None:
        worker = self.workers.pop(pid)
        worker.kill()
        worker.wait()
        worker.stderr.close()

    # Jobs

    def query(self, text: str, *values):
        with contextlib.closing(open_catalog(self.project)) as catalog:
            return catalog.execute(text, values).fetchall()

    def wait(self, what: str, condition):
        """The condition's value as soon as it is true."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (value := condition()):
            for process in [*self.workers.values(), self.sentinel]:
                if process.poll() is not None:
                    raise RuntimeError(f"a process ended with {process.returncode}: {process.stderr.read()[-2000:]}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"after {DEADLINE_SECONDS} s: {what}")
            time.sleep(POLL_SECONDS)
        return value

    def wait_for_workers(self) -> None:
        """Until the sentinel knows all that live."""
        def are_known():
            known = {pid for pid, in self.query("SELECT pid FROM cf_worker_node WHERE status <> 'OFFLINE'")}
            return set(self.workers) <= known
        self.wait("the sentinel does not know a worker", are_known)

    def queue(self) -> int:
        """One more job, whose gate is shut."""
        self.gate.unlink(missing_ok=True)
        self.began.unlink(missing_ok=True)
        with contextlib.closing(open_catalog(self.project)) as catalog:
            return catalog.execute(
                "INSERT INTO cf_processing_queue (file_version_id, plugin_name, status, priority, retry_count) "
                "SELECT file_version_id, plugin_name, 'QUEUED', 100, 0 FROM cf_processing_queue ORDER BY id LIMIT 1"
            ).lastrowid

    def wait_for_begin(self) -> float:
        """When the plugin began, on the monotonic clock."""
        self.wait("no job began", self.began.exists)
        begin = float(self.began.read_text())
        self.began.unlink()
        return begin

    def finish(self, job: int) -> None:
        self.gate.touch()
        self.wait(f"job {job} does not end", lambda: self.query(
            "SELECT 1 FROM cf_processing_queue WHERE id = ? AND status = 'COMPLETED'", job))

    # What is measured: seconds

    def without_worker(self, number: int) -> float:
        """From the signal to a worker until its job begins at the other one, which is idle."""
        self.wait_for_workers()
        job = self.queue()
        self.wait_for_begin()
        (holder,), = self.query("SELECT worker_pid FROM cf_processing_queue WHERE id = ?", job)
        hurt = time.monotonic()
        os.kill(holder, number)
        if number == signal.SIGKILL:
            self.bury(holder)
        seconds = self.wait_for_begin() - hurt
        if number != signal.SIGKILL:
            self.bury(holder)
        self.finish(job)
        self.start_worker()
        return seconds

    def without_sentinel(self) -> float:
        """From the end of a sentinel, after which the next starts at once, until a job that waits has begun."""
        self.wait_for_workers()
        killed = time.monotonic()
        self.sentinel.kill()
        self.sentinel.wait()
        self.sentinel.stderr.close()
        job = self.queue()
        self.start_sentinel()
        seconds = self.wait_for_begin() - killed
        self.finish(job)
        return seconds


@contextlib.contextmanager
def running(program, workspace, name: str, workers: int):
    """A pool that has done its first job."""
    pool = Pool(program, prepare(program, workspace, name, "gate", 1))
    try:
        pool.gate.touch()
        pool.start_sentinel()
        for _ in range(workers):
            pool.start_worker()
        pool.wait_for_begin()
        yield pool
    finally:
        pool.end()


def row(what: str, seconds: list) -> dict:
    return {"what": what, "times": len(seconds), "p50_s": percentile(seconds, 0.5), "p99_s": percentile(seconds, 0.99),
            "max_s": max(seconds)}


def run(program, workspace, quick, repetitions) -> Result:
    kills, stops = (QUICK_KILLS, QUICK_STOPS) if quick else (KILLS, STOPS)
    result = Result("Recovery: a worker or the sentinel is gone, default lease")
    with running(program, workspace, "recovery-worker", 2) as pool:
        killed = [pool.without_worker(signal.SIGKILL) for _ in range(kills)]
        stopped = [pool.without_worker(signal.SIGSTOP) for _ in range(stops)]
    with running(program, workspace, "recovery-sentinel", 1) as pool:
        sentinels = [pool.without_sentinel() for _ in range(QUICK_KILLS if quick else SENTINEL_KILLS)]
    result.rows.append(row("worker killed, its job begins at the other", killed))
    result.rows.append(row("worker stopped (silent), its job begins at the other", stopped))
    result.rows.append(row("sentinel killed and started again, a job that waits begins", sentinels))
    result.notes.append("each until the Python plugin has begun; p99 of fewer than 100 times is the longest")
    return result
