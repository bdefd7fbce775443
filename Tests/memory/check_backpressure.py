"""A plugin that yields 20 GB, into a sink that is slower than it, stays under its limit, and so does the worker.

    Tests/memory/check_backpressure.py [--gigabytes 20]

Writes Parquet below a temporary folder (about an eighth of that).
"""
import argparse
import pathlib
import shutil
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/integration"))
from conftest import initialised  # noqa: E402
from project import find_program  # noqa: E402

#: What the plugin may allocate, and what the worker may hold.
PLUGIN_MIB = 256
WORKER_MIB = 600
BATCH_BYTES = 8_000_000
PLUGIN = """
    import pyarrow

    MANIFEST = {"pattern": "*.many"}

    class Handler:
        def execute(self, file_path):
            batch = pyarrow.record_batch({"n": pyarrow.array(range(1_000_000), pyarrow.int64())})
            for _ in range(int(open(file_path).read())):
                yield batch
    """


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=20)
    arguments = parser.parse_args()
    count = int(arguments.gigabytes * 1e9 / BATCH_BYTES)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="casparian-backpressure-"))
    project = initialised(find_program(), folder / "project")
    try:
        return check(project, count)
    finally:
        project.end()
        shutil.rmtree(folder, ignore_errors=True)


def check(project, count: int) -> int:
    project.write_plugin("many", PLUGIN)
    project.run("plugins", "set", "many", "--memory", PLUGIN_MIB)
    project.run("register", "--plugins", project.plugins)
    project.run("topics", "set", "many", "output", "parquet://many.parquet?compression=zstd")
    project.write("a.many", str(count))
    sentinel, worker = project.start_both()
    peak = [0]
    ended = threading.Event()

    def look():
        while not ended.wait(0.05):
            if worker.is_alive():
                peak[0] = max(peak[0], worker.resident_bytes())
    threading.Thread(target=look, daemon=True).start()
    begin = time.monotonic()
    project.run("scan")
    while project.jobs()[0]["status"] not in ("COMPLETED", "FAILED"):
        time.sleep(1)
    seconds = time.monotonic() - begin
    ended.set()
    job = project.job(1)
    guest = job["peak_bytes"] if "peak_bytes" in job else project.rows("why", "1")[0]["jobs"][0]["attempts"][0]["peak_bytes"]
    print(f"{count * BATCH_BYTES / 1e9:.1f} GB in {seconds:.0f} s: {job['status']}, {job['rows']} rows; plugin at most "
          f"{guest / 2**20:.0f} MiB resident (may allocate {PLUGIN_MIB} beside its {70} or so), worker {peak[0] / 2**20:.0f} MiB")
    wrong = []
    if (job["status"], job["rows"]) != ("COMPLETED", count * 1_000_000):
        wrong.append(f"the job ended as {job['status']} with {job['rows']} rows: {job['error']}")
    if guest > (PLUGIN_MIB + 150) * 2**20:
        wrong.append("the plugin's process held more than it may")
    if peak[0] > WORKER_MIB * 2**20:
        wrong.append(f"the worker held more than {WORKER_MIB} MiB")
    for text in wrong:
        print("WRONG:", text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
