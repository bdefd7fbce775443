"""Yields as many batches of 1,000,000 int64 (8 MB) as the file says, the same one again and again."""
import pyarrow


class Handler:
    def execute(self, file_path):
        batch = pyarrow.record_batch({"n": pyarrow.array(range(1_000_000), pyarrow.int64())})
        for _ in range(int(open(file_path).read())):
            yield batch
