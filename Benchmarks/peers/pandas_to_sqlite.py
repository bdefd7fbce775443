"""pandas_to_sqlite.py FILE DATABASE: read_csv in chunks, to_sql."""
import sqlite3
import sys

import pandas

with sqlite3.connect(sys.argv[2]) as connection:
    for chunk in pandas.read_csv(sys.argv[1], chunksize=200_000):
        chunk.to_sql("orders", connection, if_exists="append", index=False)
connection.close()
