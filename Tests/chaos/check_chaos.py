"""A sentinel and three workers are killed, stopped, cut off and restarted at random while jobs run; then it is looked
at whether every row arrived once.

    make chaos        (ARGS="--minutes 1 --jobs 300 --seed 7" for a quick look)

Files trickle in all the time. Each worker reaches the sentinel through a forwarder that can be cut, stalled or made to
lose what it has. The seed decides which faults come in which order and what the files hold; when exactly a fault meets
what is the machine's. Afterwards all is calm, the queue is drained, and everything is compared with what the files
demand. Exit status 1 if a job is not COMPLETED (one whose attempts ran out may be retried once, which is counted), a
row is lost or doubled, a ledger has not one entry for a job, staging or a process is left, or a process ended by
itself. Then the project's folder is kept, with the logs and, in `chaos.log`, what was done when.

With --children plugins start processes of their own, which have to end with them.
"""
import argparse
import collections
import contextlib
import datetime
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import outcome  # noqa: E402
from faults import Faults  # noqa: E402
from forwarder import Link  # noqa: E402
from inputs import KINDS, Input  # noqa: E402
from members import GRACEFUL_STATUSES, Member  # noqa: E402
from project import Project, find_program, wait_until  # noqa: E402

WORKERS, SLOTS = 3, 2
#: The last files come when so much of the time is over.
FEEDING_SHARE = 0.9
#: For the processes to start.
FIRST_FAULT_SECONDS = 5
TICK_SECONDS = 0.02
SCAN_PAUSE_SECONDS = 1
#: While it is calm: nothing ends for so long means that something is stuck; and all has to end within the other.
STUCK_SECONDS, DRAIN_SECONDS = 180, 1800
#: Processes are gone so long after the last worker ended.
ORPHAN_SECONDS = 60


class Chaos:
    """A project with its processes and what is done to them."""

    def __init__(self, folder: pathlib.Path, program: pathlib.Path, minutes: float, jobs: int, seed: int,
                 has_children: bool = False):
        self.seconds, self.seed = minutes * 60, seed
        self.files = [Input(number, seed) for number in range(jobs)]
        self.written = 0
        self.problems: list[str] = []
        self.retried = self.ended_early = 0
        self.project = project = Project(folder, program)
        self.log = open(folder / "chaos.log", "w", buffering=1)
        self.marker = f"CHAOS_RUN={uuid.uuid4()}"
        project.environment |= dict([self.marker.split("=")])
        project.run("init", ".")
        project.run("roots", "add", project.source)
        for kind in KINDS:
            kind.configure(project, has_children)
        self.queue = outcome.Queue(project)
        port = int(project.address.rpartition(":")[2])
        self.links = [Link(port) for _ in range(WORKERS)]
        self.sentinel = Member("sentinel", self.start_sentinel, self.note, self.complain)
        self.workers = [Member(f"worker {number}", lambda link=link: self.start_worker(link), self.note, self.complain)
                        for number, link in enumerate(self.links)]
        self.members = [self.sentinel, *self.workers]
        self.scan = None
        self.scans, self.scans_at = 0, time.monotonic()
        self.faults = Faults(seed, self.sentinel, self.workers, self.links, lambda: self.scan,
                             self.queue.holders, self.note)

    def start_sentinel(self):
        return self.project.start("sentinel", "--bind", self.project.address)

    def start_worker(self, link: Link):
        project = self.project
        return project.start("worker", "--connect", link.address, "--plugins", project.plugins, "--output",
                             project.output, "--slots", SLOTS)

    def note(self, text: str) -> None:
        self.log.write(f"{datetime.datetime.now(datetime.timezone.utc).isoformat()} {text}\n")

    def complain(self, text: str) -> None:
        self.note(f"PROBLEM {text}")
        self.problems.append(text)

    # The run

    def disturb(self) -> None:
        begun = time.monotonic()
        strikes_at = begun + FIRST_FAULT_SECONDS
        while (passed := time.monotonic() - begun) < self.seconds:
            self.tick()
            self.feed(int(len(self.files) * passed / (self.seconds * FEEDING_SHARE)) + 1)
            if time.monotonic() >= strikes_at:
                self.faults.strike()
                strikes_at = time.monotonic() + self.faults.pause()
            time.sleep(TICK_SECONDS)

    def tick(self) -> None:
        for one in (*self.members, *self.links):
            one.tick()

    def feed(self, wanted: int) -> None:
        """Writes files up to that number and scans, one scan at a time, also when nothing is new."""
        if self.scan is not None:
            if self.scan.is_alive():
                return
            self.note(f"{self.scan.path.name} ended with {self.scan.process.returncode}")
            self.scan, self.scans_at = None, time.monotonic() + SCAN_PAUSE_SECONDS
        if time.monotonic() < self.scans_at:
            return
        for file in self.files[self.written:wanted]:
            self.project.write(file.name, file.content())
        self.written = max(self.written, min(wanted, len(self.files)))
        self.scan = self.project.start("scan")
        self.scans += 1

    def calm(self) -> None:
        """Ends all faults, and waits until everything runs and has looked at all files."""
        counts = self.queue.counts()
        self.ended_early = sum(counts.get(status, 0) for status in outcome.TERMINAL)
        self.note(f"calm; so far {counts}")
        for link in self.links:
            link.heal()
        for member in self.members:
            member.calm()
        wait_until(lambda: self.tick() or all(member.is_there and member.leaves is None for member in self.members),
                   self.project.logs)
        if self.scan is not None:
            self.scan.wait(STUCK_SECONDS)
        for file in self.files[self.written:]:
            self.project.write(file.name, file.content())
        self.project.run("scan")

    def drain(self) -> None:
        """Waits until every job has ended; those whose attempts ran out get new ones, once."""
        if not self.wait_for_end():
            return
        for job, is_dead, error in self.queue.failed():
            last = (error or "").strip().rpartition("\n")[2]
            self.note(f"job {job} is FAILED: {error}")
            if not is_dead:
                self.complain(f"job {job} is FAILED, though not out of attempts: {last}")
            self.retried += 1
        if self.retried:
            self.project.run("jobs", "retry", "--all")
            self.wait_for_end()

    def wait_for_end(self) -> bool:
        ended, begun = -1, time.monotonic()
        changed = begun
        while True:
            self.tick()
            counts = self.queue.counts()
            now, ends = time.monotonic(), sum(counts.get(status, 0) for status in outcome.TERMINAL)
            if ends == sum(counts.values()):
                return True
            if ends != ended:
                ended, changed = ends, now
            if now - changed > STUCK_SECONDS or now - begun > DRAIN_SECONDS:
                self.complain(f"jobs do not end: {counts}")
                return False
            time.sleep(0.2)

    def end(self) -> None:
        """Tells all to end, workers first, and looks for processes that they left."""
        for member in reversed(self.members):
            if member.is_there:
                status = member.running.stop()
                if status not in GRACEFUL_STATUSES:
                    self.complain(f"{member.name} was told to end and did with {status}, "
                                  f"see {member.running.path.name}")
        deadline = time.monotonic() + ORPHAN_SECONDS
        while (left := outcome.processes(self.marker)) and time.monotonic() < deadline:
            time.sleep(0.1)
        for pid, command in left.items():
            self.complain(f"process {pid} is left: {command}")

    def check(self) -> tuple[int, int]:
        """Rows lost and rows doubled."""
        ids, problems = outcome.check_jobs(self.queue, self.files)
        lost, doubled, more = outcome.check_rows(self.project.output, self.files, ids)
        for problem in problems + more + outcome.check_files(self.project):
            self.complain(problem)
        return lost, doubled

    def close(self) -> None:
        self.project.end()
        for pid in outcome.processes(self.marker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for link in self.links:
            link.close()
        self.log.close()


def run(chaos: Chaos) -> None:
    begun = time.monotonic()
    lost = doubled = None
    try:
        chaos.disturb()
        chaos.calm()
        chaos.drain()
        chaos.end()
        lost, doubled = chaos.check()
    except Exception as error:
        chaos.complain(f"{type(error).__name__}: {error}")
    finally:
        chaos.close()
    for text, count in collections.Counter(chaos.problems).items():
        print(f"FAILED {text}" + (f" ({count} times)" if count > 1 else ""))
    starts = sum(member.starts for member in chaos.members)
    told = ", ".join(f"{count} {name}" for name, count in chaos.faults.counts.items())
    print(f"{len(chaos.files)} jobs, {chaos.ended_early} of them before it was calm; {told}, {starts} starts, "
          f"{chaos.scans} scans")
    print(f"{chaos.queue.attempts()} attempts, {chaos.queue.lost_attempts()} attempts lost, {chaos.retried} jobs "
          f"retried, {lost} rows lost, {doubled} rows doubled, {len(chaos.problems)} problems, "
          f"{time.monotonic() - begun:.0f} s, seed {chaos.seed}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--children", action="store_true", help="plugins start processes, which have to end with them")
    parser.add_argument("--keep", action="store_true", help="keep the folder also if nothing is wrong")
    arguments = parser.parse_args()
    program = find_program()
    if program is None:
        parser.error("there is no program; build it (swift build) or name one (CASPARIAN_BIN)")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="casparian-chaos-"))
    chaos = Chaos(folder, program, arguments.minutes, arguments.jobs, arguments.seed, arguments.children)
    run(chaos)
    if chaos.problems or arguments.keep:
        print(f"kept: {folder} (chaos.log says what was done when)")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(chaos.files)} passed, {len(chaos.problems)} failed")
    return 1 if chaos.problems else 0


if __name__ == "__main__":
    sys.exit(main())
