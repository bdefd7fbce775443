"""Prints the GB/s of Arrow batches of 8 MB from one Python process to another, as an IPC stream over a socket pair.

    ipc_socket.py BATCHES
"""
import os
import socket
import sys
import time

import pyarrow

count = int(sys.argv[1])
reading, writing = socket.socketpair()
for end in (reading, writing):
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
if os.fork() == 0:
    reading.close()
    batch = pyarrow.record_batch({"n": pyarrow.array(range(1_000_000), pyarrow.int64())})
    with writing.makefile("wb", buffering=0) as sink, pyarrow.ipc.new_stream(sink, batch.schema) as stream:
        writing.sendall(b"")
        for _ in range(count):
            stream.write_batch(batch)
    os._exit(0)
writing.close()
with reading.makefile("rb", buffering=1 << 20) as source, pyarrow.ipc.open_stream(source) as stream:
    begin = time.perf_counter()
    rows = sum(batch.num_rows for batch in stream)
    seconds = time.perf_counter() - begin
assert rows == count * 1_000_000
print(rows * 8 / 1e9 / seconds)
