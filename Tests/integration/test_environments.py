"""Plugins that name the packages they need: each block gets an environment of its own, built once."""
import fcntl
import hashlib
import json
import pathlib
import subprocess
import zipfile

import pyarrow
import pytest

from project import PYTHON, wait_until

#: What the tests' plugins ask for, beside what every guest needs.
PANDAS = ("2.3.3", "3.0.0")
#: A plugin that needs nothing.
PLAIN = """
MANIFEST = {"pattern": "*.n"}

class Handler:
    def execute(self, file_path):
        return [{"n": 1}]
"""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """A folder of wheels: what guests need, two versions of pandas, and two of a package made here."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [PYTHON, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--dest", folder]
    for version in PANDAS:
        subprocess.run(pip + [f"pandas=={version}", f"pyarrow=={pyarrow.__version__}"], check=True)
    for version in ("1.0", "2.0"):
        make_wheel(folder, version)
    return folder


def make_wheel(folder, version: str) -> None:
    with zipfile.ZipFile(folder / f"greeting-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("greeting.py", f"VERSION = {version!r}\n")
        info = f"greeting-{version}.dist-info"
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: greeting\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def offline(project, wheels):
    project.environment["CASPARIAN_WHEELS"] = str(wheels)
    project.environment["CASPARIAN_ENVIRONMENTS"] = str(project.folder / "environments")
    return project


def write(project, name: str, block: str, body: str, pattern: str = "*.txt") -> None:
    lines = "".join(f"# {line}\n" if line else "#\n" for line in ["/// script", *block.splitlines(), "///"])
    project.plugins.mkdir(exist_ok=True)
    (project.plugins / f"{name}.py").write_text(
        f"{lines}MANIFEST = {{'pattern': {pattern!r}, 'topic': {name!r}}}\n\n"
        f"class Handler:\n    def execute(self, file_path):\n        {body}\n")


def test_two_versions_of_pandas_side_by_side_in_one_worker(offline):
    for name, version in zip(("old", "new"), PANDAS):
        write(
            offline, name, f'dependencies = ["pandas=={version}"]',
            "import pandas; return pandas.DataFrame({'version': [pandas.__version__]})")
    offline.write("a.txt", "x")
    offline.up()
    for name, version in zip(("old", "new"), PANDAS):
        job, = offline.jobs("--plugin", name)
        assert offline.cells(f"{offline.output}/{name}_{job['job_id']}.parquet") == [{"version": version}]
    records = [json.loads(path.read_text()) for path in (offline.folder / "environments").glob("*/casparian.json")]
    assert sorted(package for record in records for package in record["packages"] if package.startswith("pandas=="))\
        == [f"pandas=={version}" for version in PANDAS]


def test_equal_blocks_share_an_environment_and_it_is_built_once(offline):
    for name in ("one", "two"):
        write(offline, name, 'dependencies = ["greeting==1.0"]', "import greeting; return [{'v': greeting.VERSION}]")
    offline.write("a.txt", "x")
    offline.up()
    folder, = [path for path in (offline.folder / "environments").iterdir() if path.is_dir()]
    built = (folder / "casparian.json").stat()
    write(offline, "three", 'dependencies = ["greeting==1.0"]', "import greeting; return [{'v': greeting.VERSION}]")
    shown = offline.run("run", "three", offline.source / "a.txt", "--preview", 1)
    assert "1.0" in shown and (folder / "casparian.json").stat().st_mtime_ns == built.st_mtime_ns


def test_a_build_is_a_state_of_the_plugin_whose_jobs_wait_and_others_go_on(offline):
    """The builder waits for a lock that this test holds, so that the state can be looked at."""
    write(offline, "slow", 'dependencies = ["greeting==2.0"]', "import greeting; return [{'v': greeting.VERSION}]")
    (offline.plugins / "plain.py").write_text(PLAIN)
    offline.route("*.txt", "slow")
    offline.write("a.txt", "x")
    offline.write("b.n", "x")
    place = environment(offline, 'dependencies = ["greeting==2.0"]\n')
    place.parent.mkdir()
    with open(f"{place}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sentinel, worker = offline.start_both()
        offline.run("scan")
        wait_until(lambda: offline.jobs("--plugin", "plain", "--status", "COMPLETED"), offline.logs)
        wait_until(lambda: "another process builds it" in (shown(offline, "slow")["error"] or ""), offline.logs)
        job, = offline.jobs("--plugin", "slow")
        assert (shown(offline, "slow")["status"], job["status"]) == ("BUILDING", "QUEUED")
        assert "waits until the packages of 'slow' are installed" in offline.run("why", job["job_id"])
    offline.wait_for_status(job["job_id"], "COMPLETED")
    assert offline.cells(f"{offline.output}/slow_{job['job_id']}.parquet") == [{"v": "2.0"}]


def shown(project, name: str) -> dict:
    return next(row for row in project.rows("plugins", "list") if row["plugin"] == name)


def environment(project, block: str) -> pathlib.Path:
    """Where a block's environment lies: in a folder that is named by what decides what is in it."""
    digest = hashlib.sha256()
    for part in (block, PYTHON, project.environment["CASPARIAN_WHEELS"]):
        digest.update(f"{len(part.encode())}:{part}".encode())
    return pathlib.Path(project.environment["CASPARIAN_ENVIRONMENTS"], digest.hexdigest()[:32])


@pytest.mark.parametrize("block, told", [
    ('dependencies = ["greeting==9.9"]', "greeting==9.9"),
    ('dependencies = "greeting"', "must be a list of texts"),
    ('dependencies = ["--index-url=http://127.0.0.1/"]', "is no requirement"),
    ('dependencies = [', "is no TOML"),
    ('dependencies = ["greeting @ git+https://192.0.2.1/greeting"]', "would be built from its source"),
    ('requires-python = ">=3.99"', "it wants Python >=3.99, and there is only"),
])
def test_what_cannot_be_installed_fails_its_jobs_with_the_reason_and_nothing_else(offline, block, told):
    write(offline, "wrong", block, "return [{'n': 1}]")
    (offline.plugins / "plain.py").write_text(PLAIN)
    offline.route("*.txt", "wrong")
    for number in range(20):
        offline.write(f"{number}.txt", "x")
    offline.write("b.n", "x")
    offline.up(1)
    jobs = offline.jobs("--plugin", "wrong")
    assert {job["status"] for job in jobs} <= {"FAILED", "QUEUED"}
    job = next(job for job in jobs if job["status"] == "FAILED")
    shown_job = offline.job(job["job_id"])
    assert shown_job["status"] == "FAILED" and told in shown_job["error"], shown_job["error"]
    assert shown(offline, "wrong")["status"] == "FAILED"
    assert [job["status"] for job in offline.jobs("--plugin", "plain")] == ["COMPLETED"]
    # Nothing half built is left.
    assert not [path for path in (offline.folder / "environments").glob("*") if path.is_dir()]


def test_a_plugin_whose_packages_are_mended_runs(offline):
    write(offline, "wrong", 'dependencies = ["greeting==9.9"]', "return [{'n': 1}]")
    offline.route("*.txt", "wrong")
    offline.write("a.txt", "x")
    offline.up(1)
    job, = offline.jobs()
    write(offline, "wrong", 'dependencies = ["greeting"]', "import greeting; return [{'v': greeting.VERSION}]")
    offline.run("jobs", "retry", job["job_id"])
    offline.up()
    assert offline.job(job["job_id"])["status"] == "COMPLETED"


def test_a_build_that_is_broken_off_leaves_nothing_and_is_begun_anew(offline):
    write(offline, "late", 'dependencies = ["greeting==1.0", "pandas"]', "import greeting; return [{'v': greeting.VERSION}]")
    sentinel, worker = offline.start_both()
    folder = pathlib.Path(offline.environment["CASPARIAN_ENVIRONMENTS"])
    wait_until(lambda: list(folder.glob("*/bin/python")), offline.logs)
    assert (worker.stop(), sentinel.stop()) == (0, 0)
    wait_until(lambda: not [path for path in folder.iterdir() if path.is_dir()], lambda: str(list(folder.iterdir())))
    offline.write("a.txt", "x")
    offline.up()
    assert offline.status()["jobs"]["COMPLETED"] == 1


def test_an_edit_that_needs_other_packages_waits_while_the_version_before_goes_on(offline):
    offline.plugins.mkdir(exist_ok=True)
    (offline.plugins / "p.py").write_text(PLAIN)
    sentinel, worker = offline.start_both()
    block = 'dependencies = ["greeting==2.0"]\n'
    place = environment(offline, block)
    place.parent.mkdir()
    with open(f"{place}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write(offline, "p", block.strip(), "import greeting; return [{'v': greeting.VERSION}]", pattern="*.n")
        wait_until(lambda: shown(offline, "p")["error"], offline.logs)
        assert shown(offline, "p")["status"] == "ACTIVE"
        offline.write("a.n", "x")
        offline.run("scan")
        offline.wait_for_status(1, "COMPLETED")
    wait_until(lambda: shown(offline, "p")["error"] is None, offline.logs)
    offline.write("b.n", "x")
    offline.run("scan")
    offline.wait_for_status(2, "COMPLETED")
    cells = [row for name in offline.output_files() for row in offline.cells(f"{offline.output}/{name}")]
    assert sorted(cells, key=str) == sorted([{"n": 1}, {"v": "2.0"}], key=str)
