"""Puts tasks into a peer's queue.

    enqueue.py MODULE many COUNT          all of them, before anybody works
    enqueue.py MODULE one COUNT SECONDS   one by one on an idle queue; prints milliseconds until each began, as JSON
"""
import importlib
import json
import os
import sys
import time

from marks import RECORD

WAIT_SECONDS = 60
POLL_SECONDS = 0.0002


def began(position: int) -> int:
    """When the task behind that many others began, in ns."""
    deadline = time.monotonic() + WAIT_SECONDS
    with open(os.environ["BENCH_MARKS"], "rb") as marks:
        while True:
            marks.seek(position * RECORD.size)
            record = marks.read(RECORD.size)
            if len(record) == RECORD.size:
                return RECORD.unpack(record)[1]
            if time.monotonic() > deadline:
                sys.exit(f"task {position} has not begun after {WAIT_SECONDS} s")
            time.sleep(POLL_SECONDS)


def one_by_one(tasks, count: int, pause: float) -> list:
    first = os.stat(os.environ["BENCH_MARKS"]).st_size // RECORD.size
    milliseconds = []
    for number in range(first, first + count):
        time.sleep(pause)
        begin = time.monotonic_ns()
        tasks.enqueue([number])
        milliseconds.append((began(number) - begin) / 1e6)
    return milliseconds


def main() -> None:
    tasks = importlib.import_module(sys.argv[1])
    if hasattr(tasks, "open_queue"):
        tasks.open_queue()
    if sys.argv[2] == "many":
        tasks.enqueue(range(int(sys.argv[3])))
    else:
        print(json.dumps(one_by_one(tasks, int(sys.argv[3]), float(sys.argv[4]))))


main()
