"""count_rows.py FOLDER: prints files, rows, bytes and columns of the Parquet files below a folder, as JSON."""
import json
import pathlib
import sys

import pyarrow.parquet

files = sorted(pathlib.Path(sys.argv[1]).rglob("*.parquet"))
footers = [pyarrow.parquet.read_metadata(path) for path in files]
print(json.dumps({
    "files": len(files), "rows": sum(footer.num_rows for footer in footers),
    "bytes": sum(path.stat().st_size for path in files),
    "columns": sorted({footer.num_columns for footer in footers}),
}))
