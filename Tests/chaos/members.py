"""Processes of the program that are killed, stopped and told to end, and others that take their places."""
import signal
import time

from project import Running

#: How a process that was told to end may end: by itself, or by the signal, if that came before it was listened to.
GRACEFUL_STATUSES = (0, -signal.SIGTERM)
#: A process that was told to end hangs if it is there so long after it last could do something.
END_SECONDS = 120


class Member:
    """A place that a process has: when it ends, another takes it after a while."""

    def __init__(self, name: str, begin, note, complain):
        """begin() starts a process; note(text) and complain(text) take what happens and what must not."""
        self.name, self._begin, self._note, self._complain = name, begin, note, complain
        self.running: Running | None = None
        self.starts_at: float | None = time.monotonic()
        self.wakes_at: float | None = None
        #: Told to end, and how long to wait with its successor then.
        self.leaves: tuple[float, float] | None = None
        self.starts = 0

    @property
    def is_there(self) -> bool:
        return self.running is not None and self.running.is_alive()

    @property
    def is_awake(self) -> bool:
        return self.is_there and self.wakes_at is None

    def tick(self) -> None:
        """Starts, wakes and buries what is due."""
        now = time.monotonic()
        if self.running is not None and not self.is_there:
            self._bury(now)
        if self.starts_at is not None and self.starts_at <= now:
            self.starts_at = None
            self.running = self._begin()
            self.starts += 1
            self._note(f"{self.name} starts as {self.running.pid}, {self.running.path.name}")
        if self.wakes_at is not None and self.wakes_at <= now:
            self.wake()
        if self.leaves is not None and self.wakes_at is None and now - self.leaves[0] > END_SECONDS:
            self._complain(f"{self.name} {self.running.pid} does not end, {END_SECONDS} s after it was told to")
            self.kill(0)

    def _bury(self, now: float) -> None:
        status, pid = self.running.process.returncode, self.running.pid
        if self.leaves is None:
            self._complain(f"{self.name} {pid} ended by itself with {status}, see {self.running.path.name}")
        elif status not in GRACEFUL_STATUSES:
            self._complain(f"{self.name} {pid} was told to end and did with {status}, see {self.running.path.name}")
        self._note(f"{self.name} {pid} ended with {status}")
        self.starts_at = now + (self.leaves[1] if self.leaves else 0)
        self.running = self.leaves = self.wakes_at = None

    # Faults

    def kill(self, pause: float) -> None:
        """SIGKILL, also while it is stopped; another starts after so many seconds."""
        self._note(f"{self.name} {self.running.pid} is killed; another in {pause:.1f} s")
        self.running.kill()
        self.running = self.leaves = self.wakes_at = None
        self.starts_at = time.monotonic() + pause

    def stop(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after so long."""
        self._note(f"{self.name} {self.running.pid} is stopped for {seconds:.1f} s")
        self.running.process.send_signal(signal.SIGSTOP)
        self.wakes_at = time.monotonic() + seconds

    def wake(self) -> None:
        self.wakes_at = None
        if self.is_there:
            self._note(f"{self.name} {self.running.pid} goes on")
            self.running.process.send_signal(signal.SIGCONT)
        if self.leaves is not None:
            self.leaves = (time.monotonic(), self.leaves[1])

    def leave(self, pause: float) -> None:
        """SIGTERM; another starts so many seconds after it has ended."""
        self._note(f"{self.name} {self.running.pid} is told to end; another {pause:.1f} s later")
        self.leaves = (time.monotonic(), pause)
        self.running.process.send_signal(signal.SIGTERM)

    def calm(self) -> None:
        """Back to work at once, whatever was done to it."""
        if self.wakes_at is not None:
            self.wake()
        if self.starts_at is not None:
            self.starts_at = time.monotonic()
        if self.leaves is not None:
            self.leaves = (self.leaves[0], 0)
