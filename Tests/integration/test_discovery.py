"""Scans of real folders that others write to: nothing is lost, read twice or half."""
import contextlib
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time

import pyarrow.parquet as parquet
import pytest


def scan(project, *flags, status=0, **options):
    return project.rows("scan", project.source, *flags, status=status, **options)[0]


def with_csv(project):
    project.route("*.csv", "csv")
    project.run("roots", "add", project.source)


@contextlib.contextmanager
def started(project, *arguments, **options):
    """A program that goes on until it is told to end."""
    running = project.start(*arguments, **options)
    try:
        yield running
        assert running.is_alive(), running.log()
    finally:
        if running.is_alive():
            running.process.terminate()
            running.process.wait(timeout=60)


def rows_by_file(project) -> dict:
    """Relative path to the rows of its completed jobs."""
    files = {job["job_id"]: job["file"] for job in project.rows("jobs", "list") if job["status"] == "COMPLETED"}
    found = {}
    for artifact in project.rows("artifacts"):
        table = parquet.read_table(artifact["uri"].removeprefix("parquet://"))
        name = os.path.relpath(files[artifact["job_id"]], project.source)
        found.setdefault(name, []).extend(table.column("a").to_pylist())
    return found


def eventually(check, seconds=60):
    """The first true result of the check."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := check():
            return result
        time.sleep(0.1)
    pytest.fail(f"not so within {seconds} s: {check}")


def is_done(project, jobs):
    listed = project.rows("jobs", "list")
    return len(listed) >= jobs and all(job["status"] == "COMPLETED" for job in listed)


def tree(folder: pathlib.Path, files: int, folders: int = 20):
    for number in range(folders):
        (folder / f"d{number}").mkdir(parents=True, exist_ok=True)
    for number in range(files):
        (folder / f"d{number % folders}" / f"{number}.csv").write_text(f"a\n{number}\n")


def test_a_slow_writer_is_read_once_and_whole_by_the_window_of_its_rule(project):
    (project.folder / "casparian.yaml").write_text('settle:\n  - {files: "slow*", seconds: 8}\n')
    with_csv(project)
    writer = subprocess.Popen(
        ["bash", "-c", f"exec >{project.source}/slow.csv; echo a; echo 1; sleep 5; echo 2; sleep 1; echo 3"])
    (project.source / "quick.csv").write_text("a\n0\n")
    report = scan(project)
    writer.wait()
    assert report["new"] == 2 and report["unsettled"] == 0
    project.up()
    assert rows_by_file(project) == {"quick.csv": [0], "slow.csv": [1, 2, 3]}
    assert all(len(project.rows("files", "list", "--contains", name)) == 1 for name in ["slow", "quick"])
    assert len(project.rows("jobs", "list")) == 2


def test_a_file_that_is_held_open_is_read_when_it_is_closed_while_its_root_is_watched(project):
    with_csv(project)
    with started(project, "up", environment={"CASPARIAN_SETTLE_SECONDS": "30"}):
        eventually(lambda: project.rows("workers"))
        time.sleep(1)
        with open(project.source / "x.csv", "w") as file:
            for number in ["a", 1, 2, 3]:
                file.write(f"{number}\n")
                file.flush()
                time.sleep(1)
        eventually(lambda: is_done(project, 1), seconds=20)
    assert rows_by_file(project) == {"x.csv": [1, 2, 3]}
    assert len(project.rows("jobs", "list")) == 1


def test_a_tree_that_rsync_brings_is_read_by_its_final_names(project):
    if not shutil.which("rsync"):
        pytest.skip("rsync is not installed")
    with_csv(project)
    away = project.folder / "away"
    tree(away, 300)
    with started(project, "up", environment={"CASPARIAN_SETTLE_SECONDS": "2"}):
        eventually(lambda: project.rows("workers"))
        time.sleep(1)
        subprocess.run(["rsync", "-a", f"{away}/", f"{project.source}/"], check=True)
        eventually(lambda: is_done(project, 300))
        time.sleep(3)
    jobs = project.rows("jobs", "list")
    assert {job["status"] for job in jobs} == {"COMPLETED"} and len(jobs) == 300
    assert rows_by_file(project) == {f"d{number % 20}/{number}.csv": [number] for number in range(300)}


@pytest.mark.parametrize("is_watched", [False, True])
def test_ten_thousand_files_out_of_an_archive_are_each_one_version(project, is_watched):
    away = project.folder / "away"
    tree(away, 10_000, folders=100)
    archive = project.folder / "files.tar"
    subprocess.run(["tar", "-cf", archive, "-C", away, "."], check=True)
    unpack = ["tar", "-xf", archive, "-C", project.source]
    with_csv(project)
    if is_watched:
        with started(project, "scan", project.source, "--watch", environment={"CASPARIAN_SETTLE_SECONDS": "1"}):
            time.sleep(1)
            subprocess.run(unpack, check=True)
            eventually(lambda: len(project.rows("jobs", "list", "--limit", 20_000)) >= 10_000)
            time.sleep(1.5)
    else:
        subprocess.run(unpack, check=True)
        scan(project, environment={"CASPARIAN_SETTLE_SECONDS": "1"})
    again = scan(project)
    assert again["files"] == 10_000 and again["new"] == 0 and again["new_versions"] == 0 and again["queued"] == 0
    with sqlite3.connect(project.folder / "casparian_flow.sqlite3") as database:
        count = lambda sql: database.execute(sql).fetchone()[0]  # noqa: E731
        assert count("SELECT count(*) FROM cf_file_version") == 10_000
        assert count("SELECT count(DISTINCT rel_path) FROM cf_file_location") == 10_000
        assert count("SELECT count(*) FROM cf_processing_queue") == 10_000


@pytest.mark.parametrize("place", ["", "mounted"])
@pytest.mark.parametrize("kind", ["bind", "tmpfs"])
def test_a_mount_that_goes_and_comes_back_is_an_alarm_and_nothing_else(project, place, kind):
    with_csv(project)
    point = project.source / place if place else project.source
    disk = project.folder / "disk"
    disk.mkdir()
    point.mkdir(exist_ok=True)
    if place:
        (project.source / "beside.csv").write_text("a\n0\n")
    (disk / "deep").mkdir()
    for name in ["x.csv", "deep/y.csv"]:
        (disk / name).write_text(f"a\n{len(name)}\n")
    mount = ["mount", "--bind", disk, point] if kind == "bind" else ["mount", "-t", "tmpfs", "none", point]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount")
    try:
        if kind == "tmpfs":
            shutil.copytree(disk, point, dirs_exist_ok=True)
        files = 3 if place else 2
        assert scan(project)["new"] == files
        # Lazily, as a disk goes that somebody still uses; the tmpfs would be empty for good, so it stays mounted elsewhere.
        keep = project.folder / "keep"
        keep.mkdir()
        subprocess.run(["mount", "--bind", point, keep], check=True)
        try:
            subprocess.run(["umount", point], check=True)
            for _ in range(2):
                report = scan(project, status=69)
                assert report["gone"] == 0 and report["queued"] == 0 and report["new"] == 0
                assert report["alarms"] and "Is it mounted?" in report["alarms"][0]["reason"]
            assert all(row["gone_since"] is None for row in project.rows("files", "list"))
            assert project.run("status").count("Alarm:") >= 1
            subprocess.run(["mount", "--bind", keep, point], check=True)
        finally:
            subprocess.run(["umount", keep], check=True)
        report = scan(project)
        assert report["alarms"] == [] and report["unchanged"] == files and report["new_versions"] == 0
        assert "Alarm:" not in project.run("status")
        assert len(project.rows("jobs", "list")) == files
    finally:
        subprocess.run(["umount", point], capture_output=True)


def test_a_moved_file_keeps_its_job_and_one_that_waits_runs_where_the_file_is(project):
    with_csv(project)
    other = project.folder / "other"
    other.mkdir()
    project.run("roots", "add", other)
    for name in ["done", "waiting"]:
        (project.source / f"{name}.csv").write_text(f"a\n{len(name)}\n")
        if name == "done":
            project.up()
    scan(project)
    (project.source / "new").mkdir()
    (project.source / "done.csv").rename(project.source / "new/done.csv")
    (project.source / "waiting.csv").rename(other / "waiting.csv")
    reports = project.rows("scan")
    assert sum(report["moved"] for report in reports) == 2 and sum(report["queued"] for report in reports) == 0
    project.up()
    jobs = {os.path.basename(job["file"]): job for job in project.rows("jobs", "list")}
    assert {job["status"] for job in jobs.values()} == {"COMPLETED"} and len(jobs) == 2
    assert jobs["waiting.csv"]["file"] == str(other / "waiting.csv")
    told = project.run("why", project.source / "new/done.csv")
    assert "moved" in told and str(project.source / "done.csv") in told


def test_a_scan_that_is_killed_goes_on_where_it_was(project):
    tree(project.source, 20_000, folders=50)
    with_csv(project)
    database = project.folder / "casparian_flow.sqlite3"

    def recorded():
        with sqlite3.connect(database, timeout=30) as connection:
            return connection.execute("SELECT count(*) FROM cf_file_location").fetchone()[0]

    kills = 0
    for target in [1, 6_000, 12_000]:
        running = project.start("scan", project.source)
        end = time.monotonic() + 60
        while running.process.poll() is None and recorded() < target and time.monotonic() < end:
            time.sleep(0.005)
        if running.process.poll() is None:
            os.kill(running.pid, signal.SIGKILL)
            kills += 1
        running.process.wait()
    assert kills > 0
    before = recorded()
    report = scan(project)
    assert report["files"] == 20_000 and report["new"] == 20_000 - before
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        for table in ["cf_file_location", "cf_file_version", "cf_processing_queue"]:
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 20_000
    assert scan(project)["unchanged"] == 20_000


def test_a_used_up_limit_of_watches_is_told_and_files_are_found_all_the_same(project):
    limit = pathlib.Path("/proc/sys/fs/inotify/max_user_watches")
    before = limit.read_text()
    with_csv(project)
    for number in range(50):
        (project.source / f"d{number}").mkdir()
    try:
        limit.write_text("20")
    except OSError:
        pytest.skip("this user may not set the limit")
    try:
        with started(project, "scan", project.source, "--watch") as running:
            eventually(lambda: "max_user_watches" in running.log())
            for number in range(50):
                (project.source / f"d{number}/x.csv").write_text(f"a\n{number}\n")
            eventually(lambda: len(project.rows("jobs", "list")) == 50, seconds=30)
    finally:
        limit.write_text(before)


def test_a_replacement_with_the_same_size_and_time_is_seen_and_a_touch_is_none(project):
    with_csv(project)
    path = project.source / "x.csv"
    path.write_text("a\n1\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    stamp = path.stat()
    assert scan(project)["new"] == 1
    ways = [
        lambda other: subprocess.run(["cp", "-p", other, path], check=True),
        lambda other: subprocess.run(["mv", other, path], check=True),
    ]
    if shutil.which("rsync"):
        ways.append(lambda other: subprocess.run(["rsync", "-tI", other, path], check=True))
    for number, way in enumerate(ways):
        other = project.folder / "other.csv"
        other.write_text(f"a\n{number + 2}\n")
        os.utime(other, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        way(other)
        assert path.stat().st_mtime_ns == stamp.st_mtime_ns and path.stat().st_size == stamp.st_size
        report = scan(project)
        assert report["new_versions"] == 1 and report["queued"] == 1, f"way {number}"
    os.utime(path)
    path.chmod(0o600)
    report = scan(project)
    assert report["new_versions"] == 0 and report["queued"] == 0
