"""pyarrow_table.py CODEC OUT FILE...: pyarrow's read_csv (threaded) and write_table, several files on threads."""
import concurrent.futures
import sys

import pyarrow.csv
import pyarrow.parquet

codec, out, files = sys.argv[1], sys.argv[2], sys.argv[3:]


def convert(index: int) -> None:
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(files[index]), f"{out}/{index}.parquet", compression=codec)


with concurrent.futures.ThreadPoolExecutor(len(files)) as pool:
    list(pool.map(convert, range(len(files))))
