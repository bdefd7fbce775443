"""Whole processes, measured from outside.

Peak memory is the kernel's own figure for a finished process (wait4). A child started by fork inherits its parent's
peak, so this process must stay small: nothing here imports pyarrow or numpy.
"""
import dataclasses
import os
import statistics
import subprocess
import sys
import time

RUN_SECONDS_MAX = 900


class Failed(Exception):
    """A contestant ended with an error."""


@dataclasses.dataclass
class Sample:
    wall_s: float
    cpu_s: float
    peak_mb: float
    stdout: str = ""


def measure(command: list, environment: dict | None = None, folder=None) -> Sample:
    """Runs a command to its end; raises Failed with its output unless it ends with 0."""
    command = [str(part) for part in command]
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    text = output.decode(errors="replace")
    if process.returncode != 0:
        raise Failed(f"{' '.join(command)}\nended with {process.returncode}:\n{text[-4000:]}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def alternate(contestants: dict, repetitions: int, warm_up: int = 1) -> dict:
    """Runs contestants in turn (A B C A B C ...), so that a machine whose speed drifts drifts for all of them.

    contestants: name -> callable that returns a Sample. Returns name -> list of counted samples.
    """
    samples = {name: [] for name in contestants}
    for turn in range(warm_up + repetitions):
        for name, contest in contestants.items():
            sample = contest()
            if turn >= warm_up:
                samples[name].append(sample)
            print(f"  {name}: {sample.wall_s:.3f} s", file=sys.stderr, flush=True)
    return samples


def median(values) -> float:
    return statistics.median(values)


def paired_ratio(samples: dict, name: str, against: str) -> float:
    """The median over turns of one contestant's wall time to another's in the same turn."""
    return median([a.wall_s / b.wall_s for a, b in zip(samples[name], samples[against])])


def summary(samples: list) -> dict:
    walls = [sample.wall_s for sample in samples]
    return {
        "wall_s": round(median(walls), 4), "wall_min_s": round(min(walls), 4), "wall_max_s": round(max(walls), 4),
        "cpu_s": round(median([sample.cpu_s for sample in samples]), 4),
        "peak_mb": round(median([sample.peak_mb for sample in samples]), 1), "runs": len(samples),
    }


def percentile(values: list, share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
