"""polars_sink.py CODEC OUT FILE...: polars' streaming scan_csv().sink_parquet(), several files collected together."""
import sys

import polars

codec, out, files = sys.argv[1], sys.argv[2], sys.argv[3:]
plans = [
    polars.scan_csv(path, try_parse_dates=True).sink_parquet(f"{out}/{index}.parquet", compression=codec, lazy=True)
    for index, path in enumerate(files)
]
polars.collect_all(plans, engine="streaming")
