"""Many small files, from scan to last promotion, against a loop in one process."""
import random

from .csv_to_parquet import counted
from .measure import alternate, measure, paired_ratio, summary
from .report import Result

FILES = 2_000
QUICK_FILES = 200
FILE_BYTES = 1_024
RATIO_MAX = 2.0


def make_files(folder, count: int) -> int:
    """Writes CSV files of about 1 KB that all differ; returns the rows in them."""
    source = random.Random(7)
    rows = 0
    for number in range(count):
        lines = ["id,name,price,day"]
        size = 0
        while size < FILE_BYTES - 40:
            line = f"{number * 100 + len(lines)},part {source.randrange(9999)},{source.randrange(1, 99999) / 100},2024-0{source.randrange(1, 10)}-1{source.randrange(10)}"
            size += len(line) + 1
            lines.append(line)
        rows += len(lines) - 1
        (folder / f"part_{number:05d}.csv").write_text("\n".join(lines) + "\n")
    return rows


def run(program, workspace, quick, repetitions) -> Result:
    count = QUICK_FILES if quick else FILES
    source = workspace.fresh("small")
    rows = make_files(source, count)

    def up():
        project = workspace.fresh("out-up")
        program.run("init", project)
        program.run("roots", "add", source, folder=project)
        program.run("rules", "add", "*.csv", "auto_csv", folder=project)
        program.run("plugins", "set", "csv", folder=project)
        return measure(program.command("up", "--until-idle", "--log-level", "warning"), program.environment, project)

    def loop():
        script = program.root / "Benchmarks/peers/small_loop.py"
        return measure([program.python, script, source, workspace.fresh("out-loop")])

    samples = alternate({"up": up, "loop": loop}, repetitions or (2 if quick else 5))
    result = Result(f"{count:,} CSV files of 1 KB, one table each, from scan to last promotion")
    for name in samples:
        made = counted(program, workspace.path("out-" + name))
        if (made["files"], made["rows"]) != (count, rows):
            raise RuntimeError(f"{name} wrote {made['files']} files with {made['rows']} rows, not {count} with {rows}")
        result.rows.append({"contestant": name} | summary(samples[name])
                           | {"output_mb": round(made["bytes"] / 1e6, 2),
                              "up/this": paired_ratio(samples, "up", name)})
    result.goal("time of `up --until-idle` to the loop's", paired_ratio(samples, "up", "loop"), RATIO_MAX)
    result.notes.append("`up` also hashes, records and queues every file and syncs every output to the disk; the loop does neither")
    return result
