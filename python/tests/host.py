"""The worker's end of a guest: starts `python -m casparian_flow.guest` with a socket on descriptor 3 and talks to it.

Written from the frames that Sources/PluginHost/Guest reads and writes; shares no code with the guest's own channel.
"""
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading

import pyarrow

SDK_FOLDER = pathlib.Path(__file__).resolve().parent.parent
#: Longest wait for a guest that does not answer, or for what a plugin waits for.
DEADLINE_SECONDS = 120
FRAME_BYTES_MAX = 512 << 20
ALIGNMENT_BYTES = 64


class Gone(Exception):
    """The guest closed its end."""


class Outcome:
    """What came of a job: its tables by topic, in the order of their chunks, and the guest's last word."""

    def __init__(self):
        self.chunks: dict[str, list[pyarrow.RecordBatch]] = {}
        self.report: dict = {}
        self.succeeded = False

    def table(self, topic: str = "output") -> pyarrow.Table:
        return pyarrow.Table.from_batches(self.chunks[topic])

    def rows(self, topic: str = "output") -> list[dict]:
        return [row for chunk in self.chunks.get(topic, []) for row in chunk.to_pylist()]

    @property
    def message(self) -> str:
        return self.report["message"]


class Guest:
    """A guest process; its printed text is kept whole."""

    def __init__(self, folder: pathlib.Path, environment: dict | None = None, working_folder=None, flags=()):
        self.folder = folder
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(DEADLINE_SECONDS)
        descriptor = theirs.fileno()
        variables = dict(os.environ, PYTHONPATH=str(SDK_FOLDER)) | (environment or {})
        self.process = subprocess.Popen(
            [sys.executable, *flags, "-m", "casparian_flow.guest"], cwd=working_folder, env=variables,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=(3,),
            preexec_fn=lambda: _place(descriptor))
        theirs.close()
        self._printed: list[bytes] = []
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def _drain(self) -> None:
        while piece := os.read(self.process.stdout.fileno(), 1 << 16):
            self._printed.append(piece)

    def close(self) -> int:
        """Closes the channel and waits for the guest to end; returns its exit status."""
        if self._socket.fileno() < 0:
            return self.process.returncode
        self._socket.close()
        try:
            self.process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self._reader.join(DEADLINE_SECONDS)
            self.process.stdout.close()
        return self.process.returncode

    def printed(self) -> str:
        """Everything the guest printed; only after it has ended."""
        return b"".join(self._printed).decode()

    def send(self, kind: bytes, message: dict) -> None:
        payload = json.dumps(message).encode()
        self._socket.sendall(kind + struct.pack(">I", len(payload)) + payload)

    def receive(self) -> tuple[bytes, object]:
        """The next frame: its type and its JSON, or (topic, batches) for data."""
        head = self._exactly(5)
        kind, length = head[:1], int.from_bytes(head[1:], "big")
        assert kind in (b"H", b"B", b"E", b"F", b"P"), f"{head!r} begins no frame"
        assert length <= FRAME_BYTES_MAX
        payload = self._exactly(length)
        if kind != b"B":
            return kind, json.loads(payload.decode("utf-8"))
        name_length = int.from_bytes(payload[:2], "big")
        assert name_length > 0
        topic = payload[2:2 + name_length].decode("utf-8")
        start = -(-(2 + name_length) // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
        with pyarrow.ipc.open_stream(payload[start:]) as stream:
            return kind, (topic, list(stream))

    def await_frame(self, kind: bytes) -> None:
        """Waits until a frame of that type begins, which stays to be received; frames before it are dropped."""
        while (begun := self._socket.recv(1, socket.MSG_PEEK)) != kind:
            if not begun:
                raise Gone(f"before a frame {kind!r}")
            self.receive()

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            piece = self._socket.recv(min(count - len(data), 1 << 20))
            if not piece:
                raise Gone(f"after {len(data)} of {count} bytes")
            data += piece
        return bytes(data)

    def order(self, plugin: str, file_path: str = "/data/file.txt", **fields) -> None:
        """Orders a job of the plugin of that name in the guest's folder."""
        self.send(b"J", {
            "plugin": plugin, "module": str(self.folder / f"{plugin}.py"), "file_path": str(file_path),
            "file_id": 7, "job_id": 42, "parameters": None} | fields)

    def outcome(self) -> Outcome:
        """Takes frames until the job's end."""
        outcome = Outcome()
        while True:
            kind, message = self.receive()
            if kind == b"B":
                topic, batches = message
                outcome.chunks.setdefault(topic, []).extend(batches)
                continue
            assert kind in (b"E", b"F"), f"frame {kind!r} in a job"
            outcome.succeeded, outcome.report = kind == b"E", message
            return outcome

    def run(self, plugin: str, file_path: str = "/data/file.txt", **fields) -> Outcome:
        self.order(plugin, file_path, **fields)
        return self.outcome()

    def describe(self, plugin: str) -> dict:
        self.send(b"D", {"module": str(self.folder / f"{plugin}.py")})
        kind, message = self.receive()
        assert kind == b"P"
        return message


def _place(descriptor: int) -> None:
    if descriptor == 3:
        os.set_inheritable(3, True)
    else:
        os.dup2(descriptor, 3)
