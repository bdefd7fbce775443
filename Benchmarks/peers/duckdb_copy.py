"""duckdb_copy.py CODEC OUT FILE...: DuckDB's COPY, several files at once on cursors of one connection."""
import concurrent.futures
import sys

import duckdb

codec, out, files = sys.argv[1], sys.argv[2], sys.argv[3:]
connection = duckdb.connect()


def convert(index: int) -> None:
    connection.cursor().execute(
        f"COPY (SELECT * FROM read_csv('{files[index]}')) TO '{out}/{index}.parquet' (FORMAT parquet, COMPRESSION {codec})")


with concurrent.futures.ThreadPoolExecutor(len(files)) as pool:
    list(pool.map(convert, range(len(files))))
