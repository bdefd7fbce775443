"""A long queue of no-op jobs on four workers of two slots, beside the durable task queues that people use instead."""
import contextlib
import statistics

from . import jobs, task_queues
from .measure import percentile
from .report import Result

OUR_JOBS, PYTHON_JOBS, LATENCY_JOBS = 100_000, 30_000, 200
#: Enough for ten seconds of each and more.
PEER_JOBS = {
    task_queues.HUEY: 30_000, task_queues.HUEY_FORGETS: 30_000, "dramatiq": 30_000, "procrastinate": 10_000,
    "celery": 10_000,
}
QUICK_SHARE = 10
RATE_GOAL, LATENCY_GOAL_MS, GROWTH_GOAL = 5_000, 3.0, 1.1
MEMORY_SAMPLES = 10


def resident_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


def flood(program, workspace, plugin: str, count: int) -> dict:
    """All queued before anybody works."""
    project = jobs.prepare(program, workspace, f"queue-{plugin}", plugin, count)
    with jobs.running(program, project, task_queues.SLOTS, task_queues.WORKERS) as processes:
        memory = []
        for part in range(1, MEMORY_SAMPLES + 1):
            jobs.wait_for_end(project, processes, count * part // MEMORY_SAMPLES)
            memory.append([resident_mb(process.pid) for process in processes])
    span = jobs.seconds_of(project, count)
    with contextlib.closing(jobs.open_catalog(project)) as catalog:
        took = [seconds * 1000 for seconds, in catalog.execute(
            "SELECT (julianday(end_time) - julianday(claim_time)) * 86400 FROM cf_processing_queue")]
    sentinel, workers = [[sample[0] for sample in memory], [max(sample[1:]) for sample in memory]]
    return {"jobs_per_s": count / span, "turn_p50": percentile(took, 0.5), "turn_p99": percentile(took, 0.99),
            "sentinel": sentinel, "workers": workers}


def idle(program, workspace, count: int) -> tuple:
    """Milliseconds until a Python plugin runs, as with the peers, and until a built-in reader's job is COMPLETED."""
    begun = []
    project = jobs.prepare(program, workspace, "idle-gate", "gate", 1)
    gate = project / "source/000000.txt"
    gate.with_name(gate.name + ".open").touch()
    mark = gate.with_name(gate.name + ".began")
    with jobs.running(program, project, task_queues.SLOTS, task_queues.WORKERS) as processes:
        jobs.wait_for_end(project, processes, 1)
        for _ in range(count):
            mark.unlink()
            begin, _ = jobs.timed_job(project)
            begun.append((float(mark.read_text()) - begin) * 1000)
    project = jobs.prepare(program, workspace, "idle-lines", "lines", 1)
    with jobs.running(program, project, task_queues.SLOTS, task_queues.WORKERS) as processes:
        jobs.wait_for_end(project, processes, 1)
        completed = [jobs.one_job(project) for _ in range(count)]
    return begun[count // 10:], completed[count // 10:]


def row(queue: str, count: int, rates: list, milliseconds: list) -> dict:
    return {"queue": queue, "jobs": count, "jobs_per_s": statistics.median(rates), "lowest": min(rates),
            "idle_p50_ms": percentile(milliseconds, 0.5), "idle_p99_ms": percentile(milliseconds, 0.99)}


def run(program, workspace, quick, repetitions) -> Result:
    share = QUICK_SHARE if quick else 1
    turns = repetitions or (1 if quick else 3)
    result = Result(f"No-op jobs of a full queue, {task_queues.WORKERS} workers of {task_queues.SLOTS} slots, durable")
    floods, rates, latencies = [], {name: [] for name in PEER_JOBS}, {}
    python_rates, python_jobs = [], PYTHON_JOBS // share
    for _ in range(turns):
        floods.append(flood(program, workspace, "lines", OUR_JOBS // share))
        python_rates.append(flood(program, workspace, "noop", python_jobs)["jobs_per_s"])
        for name in PEER_JOBS:
            with task_queues.peer(program, workspace, name) as peer:
                rates[name].append(peer.throughput(PEER_JOBS[name] // share))
                latencies.setdefault(name, []).extend(peer.latency(LATENCY_JOBS // share))
    begun, completed = idle(program, workspace, LATENCY_JOBS // share)
    ours = row("casparian, native reader", OUR_JOBS // share, [one["jobs_per_s"] for one in floods], completed)
    python = row("casparian, Python plugin", python_jobs, python_rates, begun)
    result.rows += [ours, python]
    result.rows += [row(name, count // share, rates[name], latencies[name]) for name, count in PEER_JOBS.items()]
    last = floods[-1]
    sentinel, workers = last["sentinel"], last["workers"]
    result.goal("native: jobs a second", ours["jobs_per_s"], RATE_GOAL, at_most=False)
    fastest = max(one["jobs_per_s"] for one in result.rows[2:])
    result.goal("native: share of the fastest peer's jobs a second", ours["jobs_per_s"] / fastest, 1, at_most=False)
    result.goal("median idle latency in ms, until the task runs", python["idle_p50_ms"], LATENCY_GOAL_MS)
    result.goal("sentinel: memory at the end to that after a tenth", sentinel[-1] / sentinel[0], GROWTH_GOAL)
    result.goal("worker: memory at the end to that after a tenth", workers[-1] / workers[0], GROWTH_GOAL)
    result.notes.append(f"of the full queue, dispatch to receipt in the catalog: p50 {last['turn_p50']:.1f} ms, "
                        f"p99 {last['turn_p99']:.1f} ms")
    result.notes.append(f"resident at the end: sentinel {sentinel[-1]:.0f} MB, largest worker {workers[-1]:.0f} MB")
    result.notes.append("idle: one job at a time, until its Python code runs; of the native reader until COMPLETED is "
                        "seen in the catalog. Redis syncs every change (appendfsync always), huey's SQLite every commit (fsync)")
    return result
