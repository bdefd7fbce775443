"""make_csv.py ROWS SEED FILE: a CSV with integers, decimals, dates, timestamps, words of few and of many values.

About 87 bytes a row; the same file for the same arguments.
"""
import sys

import numpy
import pyarrow
import pyarrow.csv

CHUNK_ROWS = 250_000
CITIES = ["Lisboa", "Osaka", "Quito", "Turku", "Gdansk", "Cork", "Lyon", "Perth", "Nuuk", "Sao Paulo"]
STATES = ["new", "paid", "packed", "sent", "returned", "lost"]


def chunk(random: numpy.random.Generator, first: int, count: int) -> pyarrow.Table:
    day = numpy.datetime64("2019-01-01")
    moment = numpy.datetime64("2024-01-01T00:00:00")
    codes = random.integers(0, 16**6, count)
    return pyarrow.table({
        "order_id": numpy.arange(first, first + count),
        "customer": random.integers(1, 90_000, count),
        "amount": random.integers(50, 9_000_000, count) / 100,
        "weight": numpy.round(random.normal(12, 3, count), 6),
        "quantity": random.integers(1, 40, count),
        "ordered": day + random.integers(0, 2_000, count),
        "updated": moment + random.integers(0, 31_000_000, count).astype("timedelta64[s]"),
        "city": pyarrow.array(CITIES).take(pyarrow.array(random.integers(0, len(CITIES), count))),
        "state": pyarrow.array(STATES).take(pyarrow.array(random.integers(0, len(STATES), count))),
        "code": pyarrow.array([f"item-{code:06x}" for code in codes]),
    })


def main() -> None:
    rows, seed, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    random = numpy.random.default_rng(seed)
    with pyarrow.OSFile(path, "wb") as file:
        for first in range(0, rows, CHUNK_ROWS):
            options = pyarrow.csv.WriteOptions(include_header=first == 0, quoting_style="none")
            pyarrow.csv.write_csv(chunk(random, first, min(CHUNK_ROWS, rows - first)), file, options)


main()
