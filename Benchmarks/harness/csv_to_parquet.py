"""CSV to Parquet, one file and four at once, each contestant a whole process."""
import functools
import json
import subprocess

from .measure import alternate, measure, paired_ratio, summary
from .report import Result

ROWS = 1_600_000
QUICK_ROWS = 160_000
SEED = 20_240_229
PEERS = ["duckdb_copy", "polars_sink", "pyarrow_table", "pyarrow_stream"]
RATIO_MAX = 1.2
# What people use for this: our output is to be smaller than both's, in no more time.
RIVALS = ["duckdb_copy", "polars_sink"]


def make_csv(program, workspace, quick: bool, number: int = 0):
    """A generated file; the same bytes for the same number."""
    rows = QUICK_ROWS if quick else ROWS
    path = workspace.path(f"orders_{rows}_{number}.csv")
    if not path.exists():
        peer(program, "make_csv", rows, SEED + number, path)
    return path


def peer(program, name: str, *arguments) -> str:
    script = program.root / "Benchmarks/peers" / f"{name}.py"
    return subprocess.run(
        [program.python, script, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout


def counted(program, folder) -> dict:
    return json.loads(peer(program, "count_rows", folder))


def run(program, workspace, quick, repetitions) -> Result:
    repetitions = repetitions or (3 if quick else 5)
    files = [make_csv(program, workspace, quick, number) for number in range(4)]
    result = Result(f"CSV to Parquet ({files[0].stat().st_size / 1e6:.0f} MB a file), whole process")
    for codec in ("snappy", "zstd"):
        for count in (1, 4):
            one_case(program, workspace, codec, files[:count], repetitions, result, (QUICK_ROWS if quick else ROWS))
    return result


def one_case(program, workspace, codec, files, repetitions, result, rows_each) -> None:
    def ours():
        out = workspace.fresh("out-ours")
        sink = f"parquet://orders.parquet?compression={codec}"
        return measure(program.command("run", "csv", *files, "--output", out, "--sink", sink), program.environment)

    def theirs(name):
        out = workspace.fresh("out-" + name)
        script = program.root / "Benchmarks/peers" / f"{name}.py"
        return measure([program.python, script, codec, out, *files])

    contestants = {"casparian": ours} | {name: functools.partial(theirs, name) for name in PEERS}
    samples = alternate(contestants, repetitions)
    sizes = {}
    for name in contestants:
        made = counted(program, workspace.path("out-ours" if name == "casparian" else "out-" + name))
        if made["rows"] != rows_each * len(files):
            raise RuntimeError(f"{name} wrote {made['rows']} rows, {rows_each * len(files)} were expected")
        sizes[name] = made["bytes"]
    for name in contestants:
        figures = summary(samples[name])
        result.rows.append(
            {"codec": codec, "files": len(files), "contestant": name} | figures
            | {"output_mb": round(sizes[name] / 1e6, 1), "casparian/this": paired_ratio(samples, "casparian", name)})
    fastest = min(PEERS, key=lambda name: summary(samples[name])["wall_s"])
    label = f"{codec}, {len(files)} file{'s' if len(files) > 1 else ''}"
    result.goal(f"{label}: time to the fastest peer's ({fastest})",
                paired_ratio(samples, "casparian", fastest), RATIO_MAX)
    for name in RIVALS:
        result.goal(f"{label}: time to {name}'s", paired_ratio(samples, "casparian", name), 1.0)
        result.goal(f"{label}: size to {name}'s", sizes["casparian"] / sizes[name], 1.0)
