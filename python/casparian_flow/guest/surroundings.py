"""What plugins of one process share, put back after each job: a plugin that bends it bends it for its own job only."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, Optional

STREAMS = {"stdout": 1, "stderr": 2}


class Surroundings:
    """Standard streams, working folder and alarm clock, as they were when this was made."""

    def __init__(self) -> None:
        self._streams = {name: _open(descriptor) for name, descriptor in STREAMS.items()}
        self._folder = _folder()
        self.restore()

    def restore(self) -> None:
        """Flushes what was printed and puts everything back."""
        for name, descriptor in STREAMS.items():
            _flush(getattr(sys, name))
            _flush(self._streams[name])
            if self._streams[name].closed:
                self._streams[name] = _open(descriptor)
            setattr(sys, name, self._streams[name])
        if self._folder is not None:
            os.fchdir(self._folder)
        # An alarm that a plugin left set would ring in another one's job.
        signal.setitimer(signal.ITIMER_REAL, 0)


def _open(descriptor: int) -> Any:
    # The descriptor stays open when a plugin closes the stream: else the next file that is opened would get its number.
    return open(
        descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _folder() -> Optional[int]:
    try:
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None  # It may be searched but not read; then it is left alone.


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except (OSError, ValueError, AttributeError):
        pass  # A plugin may have closed or replaced it.
