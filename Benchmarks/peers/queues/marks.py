"""Where a task says that it runs: 16 bytes for each task at the end of one file, task number and monotonic time in ns.

The file (BENCH_MARKS) is in memory and every process appends to it, so that counting costs the queues a microsecond.
"""
import os
import struct
import time

RECORD = struct.Struct("<qq")
_file = os.open(os.environ["BENCH_MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def mark(number: int) -> None:
    os.write(_file, RECORD.pack(number, time.monotonic_ns()))
