"""The Swift micro-benchmarks: routing, wire format, catalog."""
import json
import subprocess

from .report import Result


def run(program, workspace, quick, repetitions) -> Result:
    folder = program.root / "Benchmarks"
    build = ["swift", "build", "--package-path", str(folder), "-c", "release", "--product", "micro-benchmarks"]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    binary = folder / ".build/release/micro-benchmarks"
    printed = subprocess.run(
        [binary, "--quick"] if quick else [binary], check=True, stdout=subprocess.PIPE, text=True).stdout
    result = Result("Parts by themselves")
    result.rows = [json.loads(line) for line in printed.splitlines()]
    return result
