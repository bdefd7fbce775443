"""CSV to a SQLite table, each contestant a whole process that ends with the rows on disk."""
import sqlite3

from .csv_to_parquet import peer
from .measure import alternate, measure, paired_ratio, summary
from .report import Result

ROWS = 2_000_000
QUICK_ROWS = 200_000
SEED = 7
#: Of the shell's `.import`.
RATIO_MAX = 1.0
MEMORY_MB_MAX = 200
COLUMNS = ("order_id INTEGER, customer INTEGER, amount REAL, weight REAL, quantity INTEGER, ordered TEXT, updated TEXT, "
           "city TEXT, state TEXT, code TEXT")
PEERS = ["sqlite3 .import", "adbc", "pandas"]


def run(program, workspace, quick, repetitions) -> Result:
    rows = QUICK_ROWS if quick else ROWS
    path = workspace.path(f"orders_{rows}.csv")
    if not path.exists():
        peer(program, "make_csv", rows, SEED, path)

    def database(name):
        return workspace.fresh("sqlite-" + name) / "t.db"

    def ours():
        command = program.command(
            "run", "csv", path, "--output", workspace.fresh("sqlite-casparian"), "--sink", "sqlite://t.db/orders")
        return measure(command, program.environment)

    def shell():
        target = database("sqlite3 .import")
        with sqlite3.connect(target) as connection:
            connection.execute(f"CREATE TABLE orders ({COLUMNS})")
        connection.close()
        return measure(["sqlite3", target, "-cmd", ".mode csv", f".import --skip 1 {path} orders"])

    def script(name):
        return lambda: measure(
            [program.python, program.root / f"Benchmarks/peers/{name}_to_sqlite.py", path, database(name)])

    contestants = {"casparian": ours, "sqlite3 .import": shell, "adbc": script("adbc"), "pandas": script("pandas")}
    samples = alternate(contestants, repetitions or (3 if quick else 5))
    result = Result(f"CSV to a SQLite table ({path.stat().st_size / 1e6:.0f} MB, {rows:,} rows), whole process")
    for name in contestants:
        with sqlite3.connect(workspace.path("sqlite-" + name) / "t.db") as connection:
            found, = connection.execute("SELECT count(*) FROM orders").fetchone()
        connection.close()
        if found != rows:
            raise RuntimeError(f"{name} wrote {found} rows, {rows} were expected")
        figures = summary(samples[name])
        result.rows.append(
            {"contestant": name} | figures | {"rows/s": round(rows / figures["wall_s"]),
                                               "casparian/this": paired_ratio(samples, "casparian", name)})
    for name in PEERS:
        result.goal(f"time to {name}'s", paired_ratio(samples, "casparian", name), RATIO_MAX)
    result.goal("memory in MB", summary(samples["casparian"])["peak_mb"], MEMORY_MB_MAX)
    return result
