"""The same Python code as a plugin, and writing Parquet by itself in one process."""
from .csv_to_parquet import QUICK_ROWS, ROWS, counted, make_csv
from .measure import alternate, measure, paired_ratio, summary
from .report import Result

RATIO_MAX = 1.3


def run(program, workspace, quick, repetitions) -> Result:
    path = make_csv(program, workspace, quick)
    plugins = program.root / "Benchmarks/plugins"
    alone = program.root / "Benchmarks/peers/pyarrow_stream.py"

    def plugin():
        out = workspace.fresh("out-plugin")
        return measure(
            program.command("run", "arrow_batches", path, "--plugins", plugins, "--output", out,
                            "--sink", "parquet://orders.parquet?compression=snappy"), program.environment)

    def script():
        return measure([program.python, alone, "snappy", workspace.fresh("out-script"), path])

    samples = alternate({"plugin": plugin, "script": script}, repetitions or (3 if quick else 5))
    result = Result("A Python plugin that yields Arrow batches, and the same code by itself")
    for name in samples:
        made = counted(program, workspace.path("out-" + name))
        if made["rows"] != (QUICK_ROWS if quick else ROWS):
            raise RuntimeError(f"{name} wrote {made['rows']} rows")
        result.rows.append({"contestant": name} | summary(samples[name])
                           | {"output_mb": round(made["bytes"] / 1e6, 1),
                              "plugin/this": paired_ratio(samples, "plugin", name)})
    result.goal("time of the plugin to the script's", paired_ratio(samples, "plugin", "script"), RATIO_MAX)
    result.notes.append("peak_mb of the plugin is the largest of its processes, not their sum")
    return result
