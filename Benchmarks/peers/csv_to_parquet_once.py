"""csv_to_parquet_once.py FILE OUT: input for benchmarks that read Parquet, so that reading costs little."""
import sys

import pyarrow.csv
import pyarrow.parquet

pyarrow.parquet.write_table(pyarrow.csv.read_csv(sys.argv[1]), sys.argv[2], compression="snappy")
