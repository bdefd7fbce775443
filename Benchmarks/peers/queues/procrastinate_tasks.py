"""Procrastinate on PostgreSQL."""
import os

import procrastinate

from marks import mark

CHUNK = 1000
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["BENCH_BROKER"]))


@app.task(name="noop")
def noop(number):
    mark(number)


def enqueue(numbers):
    numbers = list(numbers)
    deferrer = app.configure_task("noop")
    if len(numbers) == 1:
        deferrer.defer(number=numbers[0])
    for first in range(0, len(numbers), CHUNK) if len(numbers) > 1 else ():
        deferrer.batch_defer(*({"number": number} for number in numbers[first:first + CHUNK]))


def open_queue():
    app.open()
