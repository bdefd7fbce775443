"""small_loop.py IN OUT: pyarrow reads each CSV file of a folder and writes it as Parquet, one after another."""
import pathlib
import sys

import pyarrow.csv
import pyarrow.parquet

out = pathlib.Path(sys.argv[2])
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.csv")):
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(path), out / (path.stem + ".parquet"))
