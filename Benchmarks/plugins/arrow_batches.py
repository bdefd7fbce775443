"""Yields the record batches of a CSV file. Parameter: block_bytes, what pyarrow reads at once."""
import pyarrow.csv

BLOCK_BYTES = 8 * 1024 * 1024


class Handler:
    def configure(self, context, config):
        self.block_bytes = config.get("block_bytes", BLOCK_BYTES)

    def execute(self, file_path):
        options = pyarrow.csv.ReadOptions(block_size=self.block_bytes)
        with pyarrow.csv.open_csv(file_path, read_options=options) as reader:
            yield from reader
