"""Frames over the socket to the worker: `[type: 1][length: 4, big-endian]` and a payload."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from typing import Any, Dict, Optional, Tuple

import pyarrow as pa

HEADER = struct.Struct(">cI")
TOPIC_LENGTH = struct.Struct(">H")
#: The Arrow stream of a data frame begins at a multiple of this, so that it can be read where it lies.
ALIGNMENT_BYTES = 64
#: Neither side takes a longer payload.
FRAME_BYTES_MAX = 512 * 1024 * 1024

#: A buffer for encoded rows is at least so large, and kept for the next ones if it is not larger than that.
BUFFER_BYTES_MIN = 1 << 20
BUFFER_BYTES_MAX = 16 << 20

HELLO, JOB, DESCRIBE, LOAD = b"H", b"J", b"D", b"L"
DATA, DONE, FAILED, PLUGIN = b"B", b"E", b"F", b"P"


def _encode(batch: pa.RecordBatch, sink: Any) -> None:
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)


class ChannelBroken(Exception):
    """Nothing can be sent any more: the worker would take it for something else."""


class Channel:
    """The guest's end of the socket. Sending may come from any thread of a plugin."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._is_within_frame = False
        self._encoding = threading.RLock()
        self._buffer: Optional[pa.Buffer] = None

    def is_open(self) -> bool:
        """Whether the worker still listens."""
        try:
            return self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def receive(self) -> Optional[Tuple[bytes, Dict[str, Any]]]:
        """The next order; None when the worker is gone."""
        header = self._exactly(HEADER.size)
        if header is None:
            return None
        kind, length = HEADER.unpack(header)
        if length > FRAME_BYTES_MAX:
            raise ValueError(f"the worker announced a frame of {length} bytes")
        payload = self._exactly(length)
        return None if payload is None else (kind, json.loads(payload.decode("utf-8")))

    def _exactly(self, count: int) -> Optional[bytearray]:
        buffer = bytearray(count)
        view = memoryview(buffer)
        while view:
            got = self._socket.recv_into(view)
            if got == 0:
                return None
            view = view[got:]
        return buffer

    def send(self, kind: bytes, message: Dict[str, Any]) -> None:
        """Sends a control frame."""
        # ASCII: a lone surrogate in a plugin's text must not make the frame unreadable.
        payload = json.dumps(message, ensure_ascii=True).encode("ascii")
        self._write([HEADER.pack(kind, len(payload)) + payload])

    def send_data(self, topic: str, batch: pa.RecordBatch) -> None:
        """Sends one chunk as a complete Arrow IPC stream."""
        name = topic.encode("utf-8")
        head = TOPIC_LENGTH.pack(len(name)) + name
        head += bytes(-len(head) % ALIGNMENT_BYTES)
        counter = pa.MockOutputStream()
        _encode(batch, counter)
        size = counter.size()
        length = len(head) + size
        if length > FRAME_BYTES_MAX:
            raise ValueError(
                f"a row of topic '{topic}' is too large: {size} bytes with its schema, "
                f"{FRAME_BYTES_MAX} at most; split its values over rows")
        with self._encoding:
            # The same memory for every frame: fresh pages cost more than the copy into them. Taken out meanwhile, so that
            # a plugin's signal handler that publishes in between finds none and makes its own.
            buffer, self._buffer = self._buffer, None
            if buffer is None or buffer.size < size:
                buffer = pa.allocate_buffer(max(size, BUFFER_BYTES_MIN))
            _encode(batch, pa.FixedSizeBufferWriter(buffer))
            self._write([HEADER.pack(DATA, length) + head, memoryview(buffer)[:size]])
            if buffer.size <= BUFFER_BYTES_MAX:
                self._buffer = buffer

    def _write(self, parts: list) -> None:
        views = [memoryview(part).cast("B") for part in parts]
        if os.getpid() != self._owner:
            raise ChannelBroken("a process that a plugin forked cannot hand over tables")
        with self._lock:
            if self._is_within_frame:
                raise ChannelBroken("a signal handler of a plugin interrupted a frame half way")
            self._is_within_frame = True
            while views:
                sent = self._socket.sendmsg(views)
                while views and sent >= len(views[0]):
                    sent -= len(views.pop(0))
                if views and sent:
                    views[0] = views[0][sent:]
            self._is_within_frame = False
