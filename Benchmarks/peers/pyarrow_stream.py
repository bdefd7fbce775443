"""pyarrow_stream.py CODEC OUT FILE...: pyarrow's open_csv batch by batch into a ParquetWriter, several on threads."""
import concurrent.futures
import sys

import pyarrow.csv
import pyarrow.parquet

BLOCK_BYTES = 8 * 1024 * 1024
codec, out, files = sys.argv[1], sys.argv[2], sys.argv[3:]


def convert(index: int) -> None:
    options = pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES)
    with pyarrow.csv.open_csv(files[index], read_options=options) as reader:
        with pyarrow.parquet.ParquetWriter(f"{out}/{index}.parquet", reader.schema, compression=codec) as writer:
            for batch in reader:
                writer.write_batch(batch)


with concurrent.futures.ThreadPoolExecutor(len(files)) as pool:
    list(pool.map(convert, range(len(files))))
