"""Scans of many files beside find and fd, hashing beside openssl, and how soon a file that appears is queued and read."""
import contextlib
import os
import pathlib
import re
import shutil
import sqlite3
import statistics
import time

from .jobs import open_catalog
from .measure import alternate, measure, median, paired_ratio, percentile, summary
from .program import free_address, stop
from .report import Result

FILES = 100_000
QUICK_FILES = 10_000
MANY_FILES = 1_000_000
FILES_IN_A_FOLDER = 100
CATALOG_SECONDS_A_FILE = 5e-6
INVENTORY_RATIO_MAX = 2.0
RESCAN_RATIO_MAX = 1.5
MANY_FILES_MB_MAX = 300
SMALL_HASH_SECONDS = 0.75
BIG_BYTES = 1 << 30
LATENCY_SAMPLES = 200
DEADLINE_SECONDS = 60


def make_tree(folder: pathlib.Path, count: int) -> pathlib.Path:
    """Files of a few bytes, all different, a hundred in each folder."""
    for number in range(0, count, FILES_IN_A_FOLDER):
        inner = folder / f"d{number // FILES_IN_A_FOLDER:05d}"
        inner.mkdir()
        for name in range(FILES_IN_A_FOLDER):
            (inner / f"f{name:03d}.csv").write_bytes(b"a,b\n%d,%d\n" % (number, name))
    return folder


def run_scans(program, workspace, quick, repetitions) -> Result:
    count = QUICK_FILES if quick else FILES
    tree = make_tree(workspace.fresh("tree"), count)
    known = workspace.fresh("known") / "state.sqlite3"
    program.run("scan", tree, "--database", known)

    def first():
        return measure(program.command("scan", tree, "--database", workspace.fresh("first") / "state.sqlite3"),
                       program.environment)

    # With no rule and no plugin a plan looks at all files, reads and hashes those that are new, and records nothing.
    planning = workspace.fresh("plan")
    program.run("roots", "add", tree, "--database", planning / "state.sqlite3")

    def walk_and_hash():
        return measure(program.command("plan", "--database", planning / "state.sqlite3"), program.environment)

    contestants = {
        "find": lambda: measure(["find", tree, "-type", "f", "-printf", "%s %T@ %p\\n"]),
        "find -type f": lambda: measure(["find", tree, "-type", "f"]),
        "first inventory": first,
        "unchanged rescan": lambda: measure(program.command("scan", tree, "--database", known), program.environment),
        "walk, read and hash": walk_and_hash,
        "walk and hash in Python": lambda: measure(
            [program.python, program.root / "Benchmarks/peers/hash_loop.py", tree]),
        "start of the program": lambda: measure(program.command("--version"), program.environment),
    }
    fd = shutil.which("fdfind") or shutil.which("fd")
    if fd:
        contestants["fd"] = lambda: measure([fd, "--unrestricted", "--type", "f", ".", tree])
    samples = alternate(contestants, repetitions or (3 if quick else 7))
    result = Result(f"{count:,} files of a few bytes, {FILES_IN_A_FOLDER} in a folder, warm cache")
    for name in samples:
        result.rows.append({"contestant": name} | summary(samples[name])
                           | {"this/find": paired_ratio(samples, name, "find")})
    find = median([sample.wall_s for sample in samples["find"]])
    inventory = median([sample.wall_s for sample in samples["first inventory"]])
    bound = INVENTORY_RATIO_MAX * find + CATALOG_SECONDS_A_FILE * count
    result.goal("first inventory to twice find's time and 5 us a file", inventory / bound, 1.0)
    result.goal("unchanged rescan to find", paired_ratio(samples, "unchanged rescan", "find"), RESCAN_RATIO_MAX)
    result.goal("walk, read and hash to a loop in Python",
                paired_ratio(samples, "walk, read and hash", "walk and hash in Python"), 1.0)
    if not quick:
        result.goal("seconds to walk, read and hash", median([sample.wall_s for sample in samples["walk, read and hash"]]),
                    SMALL_HASH_SECONDS)
    result.notes.append("find prints size and time of each file (-printf), as a scan has to look at them")
    if not quick:
        result.rows += many_files(program, workspace, result)
    return result


def many_files(program, workspace, result) -> list:
    tree = make_tree(workspace.fresh("many"), MANY_FILES)
    database = workspace.fresh("many-state") / "state.sqlite3"
    rows = []
    for name in ["first inventory", "unchanged rescan"]:
        sample = measure(program.command("scan", tree, "--database", database), program.environment)
        rows.append({"contestant": f"{name}, {MANY_FILES:,} files"} | summary([sample]))
        result.goal(f"MB resident, {name} of {MANY_FILES:,} files", sample.peak_mb, MANY_FILES_MB_MAX)
    shutil.rmtree(tree)
    return rows


def run_hashing(program, workspace, quick, repetitions) -> Result:
    """Big files: what a scan of two takes longer than one of none, and of one, beside what openssl hashes in a second."""
    size = BIG_BYTES // 8 if quick else BIG_BYTES
    folders = []
    for files in range(3):
        folder = workspace.fresh(f"big-{files}")
        for number in range(files):
            with open(folder / f"{number}.bin", "wb") as file:
                block = os.urandom(1 << 20)
                for _ in range(size >> 20):
                    file.write(block)
        folders.append(folder)
    speeds = []

    def scan(folder):
        database = workspace.fresh("state") / "state.sqlite3"
        return measure(program.command("scan", folder, "--database", database), program.environment)

    def openssl():
        sample = measure(["openssl", "speed", "-seconds", "1", "-bytes", "16384", "-evp", "sha256"])
        speeds.append(float(re.findall(r"(\d+\.\d+)k", sample.stdout)[-1]) / 1e3)
        return sample

    samples = alternate(
        {"nothing": lambda: scan(folders[0]), "one file": lambda: scan(folders[1]), "two files": lambda: scan(folders[2]),
         "openssl": openssl}, repetitions or (2 if quick else 5))
    walls = {name: median([sample.wall_s for sample in samples[name]]) for name in samples}
    speed = median(speeds)
    one = size / 1e6 / (walls["one file"] - walls["nothing"])
    two = 2 * size / 1e6 / (walls["two files"] - walls["nothing"])
    result = Result(f"SHA-256 of files of {size >> 20} MiB in the cache, MB/s")
    result.rows = [
        {"contestant": "openssl speed, 16 KiB blocks, one thread", "mb_s": speed},
        {"contestant": "scan of one file, less a scan of none", "mb_s": one, "to openssl": one / speed},
        {"contestant": "scan of two files, less a scan of none", "mb_s": two, "to openssl": two / speed}]
    result.goal("one file to openssl", one / speed, 0.9, at_most=False)
    result.goal("two files to one", two / one, 1.8, at_most=False)
    return result


def run_watch(program, workspace, quick, repetitions) -> Result:
    """A small CSV is renamed into the folder of an idle `up`: until its job stands in the catalog, and until its rows are
    there."""
    count = LATENCY_SAMPLES // 10 if quick else LATENCY_SAMPLES
    project = workspace.fresh("watch")
    source, desk = project / "source", project / "desk"
    source.mkdir()
    desk.mkdir()
    program.run("init", ".", folder=project)
    program.run("roots", "add", source, folder=project)
    program.run("rules", "add", "*.csv", "auto_csv", folder=project)
    program.run("plugins", "set", "csv", folder=project)
    up = program.start("up", "--bind", free_address(), "--log-level", "warning", folder=project)
    queued, promoted = [], []
    try:
        with contextlib.closing(open_catalog(project)) as catalog:
            wait(lambda: catalog.execute("SELECT count(*) FROM cf_worker_node").fetchone()[0])
            time.sleep(2)
            for number in range(count + 3):
                (desk / "x").write_text(f"a,b\n{number},1\n")
                begin = time.perf_counter()
                (desk / "x").rename(source / f"{number}.csv")
                wait(lambda: catalog.execute("SELECT max(id) FROM cf_processing_queue").fetchone()[0] == number + 1)
                middle = time.perf_counter()
                wait(lambda: list((project / "output").glob(f"*_{number + 1}.parquet")))
                end = time.perf_counter()
                # The first few pay for what is started lazily.
                if number >= 3:
                    queued.append((middle - begin) * 1e3)
                    promoted.append((end - begin) * 1e3)
    finally:
        stop(up)
    result = Result(f"From `mv` into a watched folder, {count} files one after the other, in ms")
    for name, values in [("job queued", queued), ("rows promoted", promoted)]:
        result.rows.append({"until": name, "median": statistics.median(values), "p99": percentile(values, 0.99),
                            "longest": max(values)})
    result.goal("p99 until the job is queued, ms", percentile(queued, 0.99), 100)
    return result


def wait(check) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        with contextlib.suppress(sqlite3.OperationalError):
            if check():
                return
        if time.monotonic() > end:
            raise RuntimeError(f"nothing came within {DEADLINE_SECONDS} s")
        time.sleep(0.0002)
