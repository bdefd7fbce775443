"""Yields the record batches of a CSV file."""
import pyarrow.csv

BLOCK_BYTES = 8 * 1024 * 1024


class Handler:
    def execute(self, file_path):
        options = pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES)
        with pyarrow.csv.open_csv(file_path, read_options=options) as reader:
            yield from reader
