"""huey on SQLite, synced at every commit.

BENCH_RESULTS says whether a task's end is written down. Without that huey deletes a task when it begins, so that one whose
worker is killed is gone.
"""
import os

import huey as library

from marks import mark

RESULTS = "BENCH_RESULTS" in os.environ
huey = library.SqliteHuey("bench", filename=os.environ["BENCH_BROKER"], fsync=True,
                           results=RESULTS, store_none=RESULTS)


@huey.task()
def noop(number):
    mark(number)


def enqueue(numbers):
    for number in numbers:
        noop(number)
