"""`python -m casparian_flow.environments`: builds the environment that a plugin's `# /// script` block asks for.

The block (TOML, without its comment marks) comes on standard input. What happens goes to standard output, a JSON object
on each line: `progress`, then `python` (the program that runs the plugin) or `error`. With uv if it is there, else with
venv and pip; wheels only, so that building runs no code of the packages. Interrupted builds are begun anew; of several
processes that want the same environment one builds it.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Any, Dict, List, NoReturn, Optional

#: What every guest needs.
GUEST_NEEDS = "pyarrow>=14"
#: Written last, so that an environment without it is not whole.
RECORD = "casparian.json"
#: Minor versions of Python 3 that are looked for when the block wants another than this one.
MINOR_VERSIONS = range(9, 20)
ERROR_LINES = 20
#: Least time between two lines of progress.
PROGRESS_SECONDS = 0.5


class CannotBuild(Exception):
    """The environment cannot be had; the text says why."""


def main() -> None:
    arguments = _arguments()
    # Whoever wanted it is gone or asks to end: what was begun is cleared away on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped on request"))
    # What leads this process to its modules would count as installed in what it builds.
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        os.environ.pop(name, None)
    try:
        python = build(sys.stdin.read(), arguments.folder, arguments.wheels, arguments.copy_sdk)
    except CannotBuild as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error}; is there room on the disk, and may this user write to {arguments.folder}?")
    _say(python=python)


def build(block: str, folder: str, wheels: Optional[str], copies_sdk: bool) -> str:
    """Builds the environment in a folder, unless it is there; returns its interpreter."""
    wanted = _read(block)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + ".lock", "w") as lock:
        _take(lock)
        python = os.path.join(folder, "bin", "python")
        if os.path.exists(os.path.join(folder, RECORD)):
            return python
        shutil.rmtree(folder, ignore_errors=True)
        try:
            _install(wanted, folder, python, wheels)
            if copies_sdk:
                _copy_sdk(python)
            record = {"python": python, "block": block, "packages": _packages(python)}
            temporary = os.path.join(folder, RECORD + ".new")
            with open(temporary, "w", encoding="utf-8") as file:
                json.dump(record, file, indent=2)
                file.write("\n")
            os.replace(temporary, os.path.join(folder, RECORD))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return python


def _read(block: str) -> Dict[str, Any]:
    toml = _module("tomllib", "tomli", "pip._vendor.tomli")
    if toml is None:
        raise CannotBuild(f"{sys.executable} has no module that reads TOML; it is part of Python 3.11, or install tomli")
    try:
        values = toml.loads(block)
    except ValueError as error:
        raise CannotBuild(f"the script block is no TOML: {error}") from error
    dependencies = values.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(text, str) for text in dependencies):
        raise CannotBuild('"dependencies" in the script block must be a list of texts, such as ["pandas==2.2.3"]')
    options = [text for text in dependencies if text.lstrip().startswith("-")]
    if options:
        raise CannotBuild(f"{options[0]!r} in the script block is no requirement")
    for text in dependencies:
        name, _, url = text.partition(";")[0].partition("@")
        if url and not url.strip().partition("#")[0].endswith(".whl"):
            raise CannotBuild(
                f"{text!r} in the script block would be built from its source, outside any sandbox; name a version of "
                f"{name.strip()} or the URL of a wheel")
    version = values.get("requires-python")
    if version is not None and not isinstance(version, str):
        raise CannotBuild('"requires-python" in the script block must be a text, such as ">=3.11"')
    return {"dependencies": dependencies, "python": version}


def _module(*names: str) -> Any:
    for name in names:
        try:
            return __import__(name, fromlist=["_"])
        except ImportError:
            continue
    return None


def _take(lock: Any) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _say(progress="another process builds it")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _interpreter(version: Optional[str]) -> str:
    """This interpreter, or one on PATH that the block's `requires-python` allows."""
    if version is None:
        return sys.executable
    specifiers = _module("packaging.specifiers", "pip._vendor.packaging.specifiers")
    if specifiers is None:
        raise CannotBuild(f"{sys.executable} has neither packaging nor pip, which read \"requires-python\"; install one")
    try:
        wanted = specifiers.SpecifierSet(version)
    except specifiers.InvalidSpecifier as error:
        raise CannotBuild(f'"requires-python" in the script block: {error}') from error
    candidates = [sys.executable] + [
        found for found in (shutil.which(f"python3.{minor}") for minor in reversed(MINOR_VERSIONS)) if found]
    seen = []
    for candidate in candidates:
        has = _version(candidate)
        if has is not None and wanted.contains(has, prereleases=True):
            return candidate
        if has is not None:
            seen.append(f"{candidate} ({has})")
    raise CannotBuild(f"it wants Python {version}, and there is only {', '.join(seen)}; install one that fits")


def _version(python: str) -> Optional[str]:
    if python == sys.executable:
        return sys.version.split()[0]
    script = "import platform; print(platform.python_version())"
    result = subprocess.run([python, "-I", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return result.stdout.strip() if result.returncode == 0 else None


def _install(wanted: Dict[str, Any], folder: str, python: str, wheels: Optional[str]) -> None:
    base = _interpreter(wanted["python"])
    requirements = wanted["dependencies"] + [GUEST_NEEDS]
    if wheels is not None and not os.path.isdir(wheels):
        raise CannotBuild(f"the folder of wheels {wheels} is not there; plugin_wheels in casparian.yaml names it")
    source = ["--no-index", "--find-links", wheels] if wheels else []
    uv = shutil.which("uv")
    if uv:
        _run([uv, "venv", "--quiet", "--no-python-downloads", "--python", base, folder])
        _say(progress=f"installing {', '.join(requirements)} with uv")
        _run([uv, "pip", "install", "--python", python, "--only-binary", ":all:"] + source + requirements)
        return
    _run([base, "-m", "venv", folder])
    _say(progress=f"installing {', '.join(requirements)}")
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    _run(pip + ["--only-binary", ":all:"] + source + requirements)


def _run(command: List[str]) -> None:
    """Runs a step; its lines are progress, and the last of them the reason when it fails."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    lines: List[str] = []
    assert process.stdout is not None
    try:
        with process.stdout as output:
            for line in output:
                line = line.strip()
                if line:
                    lines = (lines + [line])[-ERROR_LINES:]
                    _say(progress=line)
    except BaseException:
        process.kill()
        raise
    if process.wait() != 0:
        told = "\n".join(lines) or f"exit status {process.returncode}"
        raise CannotBuild(f"{os.path.basename(command[0])} failed:\n{told}")


def _copy_sdk(python: str) -> None:
    script = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    place = subprocess.run([python, "-I", "-c", script], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    own = os.path.dirname(os.path.abspath(__file__))
    shutil.copytree(own, os.path.join(place, "casparian_flow"), ignore=shutil.ignore_patterns("__pycache__"))


def _packages(python: str) -> List[str]:
    script = (
        "import importlib.metadata as m\n"
        "for d in m.distributions(): print(d.metadata['Name'] + '==' + d.version)")
    result = subprocess.run([python, "-I", "-c", script], stdout=subprocess.PIPE, check=True, text=True)
    return sorted(set(result.stdout.split()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m casparian_flow.environments", description=__doc__)
    parser.add_argument("--folder", required=True, help="where the environment is to be, absolute")
    parser.add_argument("--wheels", help="take packages from this folder of wheels only")
    parser.add_argument("--copy-sdk", action="store_true", help="put casparian_flow into the environment")
    return parser.parse_args()


_said_at = 0.0


def _say(**message: str) -> None:
    """Progress now and then: whoever reads it shows the last line only."""
    global _said_at
    now = time.monotonic()
    if "progress" in message and now - _said_at < PROGRESS_SECONDS:
        return
    _said_at = now
    print(json.dumps(message), flush=True)


def _fail(reason: str) -> NoReturn:
    _say(error=reason)
    sys.exit(1)


if __name__ == "__main__":
    main()
