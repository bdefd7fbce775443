"""The program under measurement and the environment it runs in."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys


class Program:
    def __init__(self, root: pathlib.Path, binary: pathlib.Path):
        self.root = root
        self.binary = binary
        self.python = str(root / ".deps/python/bin/python3")
        self.environment = dict(os.environ)
        self.environment["CASPARIAN_PYTHON"] = self.python
        self.environment.setdefault("CASPARIAN_SETTLE_SECONDS", "0")

    @staticmethod
    def find(root: pathlib.Path, binary: str | None) -> "Program":
        path = pathlib.Path(binary or os.environ.get("CASPARIAN_BIN") or root / ".build/release/casparian").absolute()
        if not path.exists():
            sys.exit(f"{path}: no such program; build it (make release) or name another (CASPARIAN_BIN)")
        return Program(root, path)

    def command(self, *arguments) -> list:
        return [str(self.binary), *map(str, arguments)]

    def run(self, *arguments, folder=None) -> str:
        """Runs a command that must succeed; returns what it printed."""
        done = subprocess.run(
            self.command(*arguments), env=self.environment, cwd=folder, capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            raise RuntimeError(f"casparian {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                               f"{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout

    def rows(self, *arguments, folder=None) -> list:
        """What a listing prints with --json."""
        return [json.loads(line) for line in self.run(*arguments, "--json", folder=folder).splitlines()]

    def start(self, *arguments, folder=None) -> subprocess.Popen:
        return subprocess.Popen(
            self.command(*arguments), env=self.environment, cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def stop(process: subprocess.Popen) -> None:
    """Ends a process that was started here, and waits for it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stderr:
        process.stderr.close()


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"
