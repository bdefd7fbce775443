"""Guests: how fast rows come over, what a warm one costs a job, and what starting ahead of demand saves."""
import json
import shutil
import statistics
import subprocess
import time

from . import jobs
from .measure import percentile
from .report import Result

BATCHES = 400
QUICK_BATCHES = 60
JOBS = 3_000
QUICK_JOBS = 500
GOALS_MS = {"Python": 1.0, "Swift": 0.3}
#: For a worker's guests to be started and to have imported their plugins.
WARMING_SECONDS = 8
COLD_STARTS = 3


def previewed(program, plugin: str, plugins, files, folder) -> list[dict]:
    """What `run` reports of each file when nothing is written: seconds of the plugin's part among it."""
    done = subprocess.run(
        program.command("run", plugin, *files, "--plugins", plugins, "--preview", 1, "--slots", 1, "--json"),
        env=program.environment, cwd=folder, capture_output=True, text=True, timeout=600)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    if len(reports) != len(files) or any(report["status"] != "SUCCESS" for report in reports):
        raise RuntimeError(f"{plugin}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    return reports


def run_transport(program, workspace, quick, repetitions) -> Result:
    """Arrow batches of 8 MB from a guest to the worker, which looks at them and keeps none."""
    folder = workspace.fresh("transport")
    (folder / "a.txt").write_text(str(QUICK_BATCHES if quick else BATCHES))
    result = Result("Arrow batches from a Python guest to the worker")
    ours, theirs = [], []
    for _ in range(repetitions or 5):
        report, = previewed(program, "many_batches", program.root / "Benchmarks/plugins", [folder / "a.txt"], folder)
        gigabytes = report["rows"] * 8 / 1e9
        ours.append(gigabytes / report["read_seconds"])
        peer = subprocess.run(
            [program.python, program.root / "Benchmarks/peers/ipc_socket.py", (folder / "a.txt").read_text()],
            capture_output=True, text=True, check=True)
        theirs.append(float(peer.stdout))
    for name, rates in {"guest to worker": ours, "pyarrow to pyarrow over a socket": theirs}.items():
        result.rows.append({"contestant": name, "gb_s p50": round(statistics.median(rates), 2),
                            "gb_s min": round(min(rates), 2), "gb_s max": round(max(rates), 2)})
    result.notes.append("the peer: two Python processes, pyarrow's IPC stream over a Unix socket pair; it validates nothing")
    return result


def run_overhead(program, workspace, quick, repetitions) -> Result:
    """Jobs that make nothing, one after another in one warm guest: the plugin's part of each."""
    folder = workspace.fresh("overhead")
    plugins = folder / "plugins"
    plugins.mkdir()
    shutil.copy(program.root / "Benchmarks/plugins/noop.py", plugins)
    swift = program.binary.parent / "Sales"
    if swift.exists():
        shutil.copy(swift, plugins / "sales.plugin")
    files = [folder / f"{number}.sales" for number in range(QUICK_JOBS if quick else JOBS)]
    for file in files:
        file.write_text("")
    result = Result("A job of a warm guest that makes nothing")
    for name, plugin in {"Python": "noop", "Swift": "sales"}.items():
        if plugin == "sales" and not swift.exists():
            result.notes.append(f"{swift} is not built (swift build -c release --product Sales): not measured")
            continue
        times = [report["read_seconds"] * 1000 for report in previewed(program, plugin, plugins, files, folder)][50:]
        result.rows.append({"guest": name, "p50 ms": round(percentile(times, 0.5), 3),
                            "p99 ms": round(percentile(times, 0.99), 3), "jobs": len(times)})
        result.goal(f"a job of a warm {name} guest, ms", percentile(times, 0.5), GOALS_MS[name])
    return result


def run_cold_start(program, workspace, quick, repetitions) -> Result:
    """The first job of a plugin that imports pandas: in a worker that has just come, and in one that has had time."""
    result = Result("The first job of a plugin that imports pandas")
    times: dict[str, list[float]] = {"started for the job": [], "started ahead of it": []}
    for _ in range(COLD_STARTS):
        for name, pause in (("started for the job", 0), ("started ahead of it", WARMING_SECONDS)):
            project = jobs.prepare(program, workspace, "cold", "with_pandas", 0)
            (project / "source/a.txt").write_text("x")
            if not pause:
                program.run("scan", project / "source", folder=project)
            with jobs.running(program, project, slots=1) as processes:
                if pause:
                    # The job comes when its guest is there.
                    time.sleep(pause)
                    program.run("scan", project / "source", folder=project)
                jobs.wait_for_end(project, processes, 1)
            with jobs.contextlib.closing(jobs.open_catalog(project)) as catalog:
                metrics, = catalog.execute("SELECT metrics FROM cf_job_attempt WHERE outcome = 'SUCCESS'").fetchone()
            times[name].append(json.loads(metrics)["elapsed_us"] / 1000)
    for name, found in times.items():
        result.rows.append({"guest": name, "p50 ms": round(statistics.median(found), 1), "max ms": round(max(found), 1)})
    return result
