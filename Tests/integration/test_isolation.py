"""Plugins that do what they must not: each is denied or ended and named, costs one job, and the worker goes on.

`make check-isolation` runs these and shows what each plugin was told.
"""
import os
import shutil
import socket
import threading

import pytest

from project import wait_until

#: What each plugin does, the limits it is given, and what its job's error says.
BREACHES = {
    "reads_a_credential": ("import os; os.environ['DATABASE_PASSWORD']", [], "not given the variable DATABASE_PASSWORD"),
    "opens_a_socket": (
        "import socket; socket.create_connection(('192.0.2.1', 80), 5)", [], "--network yes"),
    "writes_beside_its_input": ("open(file_path + '.mine', 'w')", [], "may write to a folder of their own only"),
    "removes_its_input": ("import os; os.unlink(file_path)", [], "Read-only file system"),
    "forks_without_end": (
        "import os, time\n[os.fork() for _ in range(6)]\ntime.sleep(60)", ["--processes", 8], "may have 8"),
    "allocates_4_gb": ("bytearray(4 << 30)", ["--memory", 512], "may allocate 512 MiB"),
    "loops": ("while True: pass", ["--cpu", 1], "1 s of processor time"),
    "sleeps_past_its_deadline": ("import time; time.sleep(600)", ["--deadline", 2], "longer than its deadline of 2 s"),
    "opens_many_files": (
        "held = [open(file_path) for _ in range(1000)]", ["--open-files", 64], "may have 64 files open"),
    "crashes": ("import ctypes; ctypes.string_at(0)", ["--attempts", 1], "signal 11"),
    "leaves_at_once": ("import os; os._exit(3)", ["--attempts", 1], "exit status 3"),
    "signals_everybody": (
        "import os, signal; os.kill(-1, signal.SIGKILL)", [], "No such process"),
    "breaks_the_protocol": ("import os; os.write(3, b'x' * 4096)", ["--attempts", 1], "broke the guest protocol"),
}

PLUGIN = '''
MANIFEST = {{"pattern": "*.{name}"}}

class Handler:
    def execute(self, file_path):
        yield [{{"n": 1}}]
        {body}
'''

needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


@pytest.fixture
def walled(project):
    project.environment["CASPARIAN_SANDBOX"] = "require"
    project.environment["DATABASE_PASSWORD"] = "secret"
    return project


@needs_bubblewrap
def test_every_breach_is_named_and_costs_one_job_and_the_worker_goes_on(walled, capsys):
    for name, (body, limits, _) in BREACHES.items():
        walled.write_plugin(name, PLUGIN.format(name=name, body=body.replace("\n", "\n        ")))
        walled.run("plugins", "set", name, *limits)
    walled.write_plugin("good", PLUGIN.format(name="good", body="pass"))
    sentinel, worker = walled.start_both(slots=1)
    for number, name in enumerate(BREACHES):
        walled.write(f"{number}.{name}", "x")
        walled.write(f"{number}.good", "x")
    walled.run("scan")
    walled.run("jobs", "wait", "--timeout", 250, status=1)
    jobs = {job["plugin"]: walled.job(job["job_id"]) for job in walled.jobs() if job["plugin"] != "good"}
    with capsys.disabled():
        print()
        for name, job in jobs.items():
            print(f"  {name:26} {job['status']}: {last_line(job['error'])}")
    for name, (_, _, told) in BREACHES.items():
        assert jobs[name]["status"] == "FAILED" and told in jobs[name]["error"], (name, jobs[name]["error"])
    good = [job for job in walled.jobs() if job["plugin"] == "good"]
    assert [job["status"] for job in good] == ["COMPLETED"] * len(BREACHES)
    # Nothing of what failed is visible, nobody wrote to the root, and it is the same worker.
    assert all(name.startswith("good_") for name in walled.output_files()), walled.output_files()
    assert len(list(walled.source.iterdir())) == 2 * len(BREACHES)
    assert worker.is_alive() and {row["pid"] for row in walled.rows("workers", "list")} == {worker.pid}
    assert worker.stop() == 0
    assert not leftovers(walled), leftovers(walled)


def last_line(error: str) -> str:
    return error.strip().splitlines()[-1][:200]


def leftovers(project) -> list[str]:
    """Command lines of processes that still see the project's folder, but for its sentinel."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = open(f"/proc/{pid}/cmdline").read().replace("\0", " ")
            mark = b"CASPARIAN_GUEST=" in open(f"/proc/{pid}/environ", "rb").read()
            if mark and os.readlink(f"/proc/{pid}/cwd").startswith(str(project.folder)):
                found.append(command)
        except OSError:
            continue
    return found


CALLER = """
    import socket

    MANIFEST = {"pattern": "*.call"}

    class Handler:
        def execute(self, file_path):
            with socket.create_connection(("127.0.0.1", int(open(file_path).read())), 5) as peer:
                peer.sendall(b"hello")
            return [{"n": 1}]
    """


@needs_bubblewrap
def test_a_plugin_reaches_the_network_only_where_a_person_said_so(walled):
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        def listen():
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    heard.append(peer.recv(5))
        threading.Thread(target=listen, daemon=True).start()
        walled.write_plugin("caller", CALLER)
        walled.write("a.call", str(server.getsockname()[1]))
        walled.up(1)
        job, = walled.jobs()
        assert job["status"] == "FAILED" and not heard
        walled.run("plugins", "set", "caller", "--network", "yes")
        walled.run("jobs", "retry", job["job_id"])
        walled.up()
        wait_until(lambda: heard, "the plugin did not call")
    assert heard == [b"hello"] and walled.jobs()[0]["status"] == "COMPLETED"


WRITER = """
    import os, pathlib, tempfile

    MANIFEST = {"pattern": "*.w"}

    class Handler:
        def execute(self, file_path):
            with tempfile.NamedTemporaryFile() as file:
                file.write(b"x" * 1000)
                file.flush()
                size = os.path.getsize(file.name)
            kept = pathlib.Path(os.environ["TMPDIR"], "kept")
            kept.write_text("x")
            keys = pathlib.Path("keys")
            return [{"size": size, "folder": str(kept.parent), "keys": len(list(keys.iterdir())) if keys.exists() else -1,
                     "processes": len([name for name in os.listdir("/proc") if name.isdigit()])}]
    """


@needs_bubblewrap
def test_a_plugin_has_a_folder_of_its_own_and_sees_neither_keys_nor_other_processes(walled):
    (walled.folder / "keys").mkdir()
    (walled.folder / "keys/secret").write_text("secret")
    walled.environment["CASPARIAN_KEYS_FOLDER"] = str(walled.folder / "keys")
    walled.write_plugin("writer", WRITER)
    walled.write("a.w", "x")
    done = walled.run("run", "writer", walled.source / "a.w", "--output", walled.output, "--json")
    row, = walled.cells(str(walled.output / "writer_output_1.parquet"))
    assert (row["size"], row["keys"]) == (1000, 0) and row["processes"] <= 3, (row, done)
    assert not os.path.exists(row["folder"])


def test_the_status_of_protections_names_what_is_missing(project):
    active = {row["protection"]: row["active"] for row in project.rows("protections")}
    assert active["memory"] and active["read-only files"] == active["no network"]
    bare = project.attempt("protections", "--json", environment={"PATH": "/nowhere"})
    assert bare.returncode == 1 and "bwrap is not on PATH; install bubblewrap" in bare.stdout
    off = project.attempt("protections", environment={"CASPARIAN_SANDBOX": "off"})
    assert off.returncode == 1 and "sandbox: off" in off.stdout


def test_a_worker_that_has_to_have_a_sandbox_refuses_to_run_plugins_without(project):
    project.write_plugin("good", PLUGIN.format(name="good", body="pass"))
    project.write("a.good", "x")
    said = project.refuse(
        "run", "good", project.source / "a.good", status=69,
        environment={"PATH": "/nowhere", "CASPARIAN_SANDBOX": "require"})
    assert "sandbox: require" in said and "install bubblewrap" in said
    wrong = project.refuse("status", status=64, environment={"CASPARIAN_SANDBOX": "maybe"})
    assert "one of auto, require, off" in wrong
