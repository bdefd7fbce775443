"""Keys on the socket: real processes with the right ones, wrong ones and none; and no plain text to other machines."""
import os
import stat
import sys

import pytest
import zmq

from project import ROOT, WAIT_SECONDS, wait_until

sys.path.append(str(ROOT / "Tests/peers"))
import v4  # noqa: E402


@pytest.fixture
def keyed(project):
    """A project with keys of a sentinel and of a worker that it lets in."""
    for name in ("sentinel", "worker"):
        project.run("keys", "generate", name)
    project.keys = project.folder / "keys"
    project.run("keys", "allow", project.keys / "worker.public")
    project.route("*.csv", "csv")
    return project


def secrets(project) -> list[str]:
    return [path.read_text().strip() for path in project.folder.rglob("*.secret")]


def key(project, name) -> str:
    return (project.keys / f"{name}.public").read_text().strip()


def other_keys(project, name: str, sentinel: str | None = None):
    """A folder of keys of somebody else."""
    folder = project.folder / name
    project.run("keys", "generate", "worker", "--keys", folder)
    (folder / "sentinel.public").write_text(sentinel or key(project, "sentinel"))
    return folder


def check_only_the_right_worker_works(project, sentinel) -> None:
    """After somebody was turned away: a job goes to the worker that may have it, and nobody else was ever known."""
    project.write("a.csv", "x\n1\n2\n")
    project.run("scan")
    assert project.rows("workers", "list") == []
    assert [job["status"] for job in project.jobs()] == ["QUEUED"]
    worker = project.start_worker("--keys", project.keys)
    project.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    assert [job["rows"] for job in project.jobs()] == [2]
    assert [row["pid"] for row in project.rows("workers", "list")] == [worker.pid]
    assert sentinel.is_alive()


def check_nothing_leaked(project) -> None:
    logs = project.logs()
    assert len(secrets(project)) >= 2
    for text in secrets(project):
        assert text not in logs


def test_a_worker_with_the_right_key_does_its_jobs(keyed):
    sentinel = keyed.start_sentinel("--keys", keyed.keys)
    check_only_the_right_worker_works(keyed, sentinel)
    check_nothing_leaked(keyed)


def test_keys_are_found_by_configuration_and_a_secret_one_in_a_variable_that_plugins_do_not_see(keyed):
    with open(keyed.folder / "casparian.yaml", "a") as file:
        file.write("keys:\n  folder: keys\nplugin_environment: ['WORKER_*']\n")
    keyed.write_plugin("shows_environment", """
        import os

        class Handler:
            def execute(self, file_path):
                yield [{"secret": os.environ.get("WORKER_KEY", ""), "other": os.environ["WORKER_NAME"]}]
        """)
    keyed.route("*.txt", "shows_environment")
    secret = keyed.keys / "worker.secret"
    secret.rename(keyed.folder / "moved.secret")
    variables = {"WORKER_KEY": (keyed.folder / "moved.secret").read_text(), "WORKER_NAME": "rack7"}
    sentinel = keyed.start_sentinel()
    worker = keyed.start(
        "worker", "--connect", keyed.address, environment=variables | {"CASPARIAN_KEYS_SECRET_ENV": "WORKER_KEY"})
    keyed.write("a.txt", "x")
    keyed.run("scan")
    keyed.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    artifact, = keyed.rows("artifacts", "list")
    assert keyed.cells(artifact["uri"]) == [{"secret": "", "other": "rack7"}]
    assert sentinel.is_alive() and worker.is_alive()
    check_nothing_leaked(keyed)


def test_up_works_with_keys_and_lets_other_workers_in(keyed):
    keyed.write("a.csv", "x\n1\n")
    keyed.up(0, "--keys", keyed.keys)
    assert [job["status"] for job in keyed.jobs()] == ["COMPLETED"]
    up = keyed.start("up", "--keys", keyed.keys)
    worker = keyed.start_worker("--keys", keyed.keys)
    worker.wait_for_log("connected to the sentinel")
    assert worker.stop() == 0 and up.stop() == 0


def test_a_worker_that_is_not_allowed_is_turned_away_until_it_is(keyed):
    sentinel = keyed.start_sentinel("--keys", keyed.keys)
    folder = other_keys(keyed, "stranger")
    stranger = keyed.start_worker("--keys", folder)
    sentinel.wait_for_log("its key is not allowed")
    stranger.wait_for_log("the sentinel does not allow this worker's key")
    check_only_the_right_worker_works(keyed, sentinel)
    text = (folder / "worker.public").read_text().strip()
    assert text in sentinel.log()
    # No restart on either side.
    keyed.run("keys", "allow", text, "--name", "rack7")
    keyed.wait_for_worker(stranger)
    assert {row["name"] for row in keyed.rows("keys", "list")} == {"worker", "rack7"}
    check_nothing_leaked(keyed)


def test_a_revoked_worker_loses_its_jobs_to_another(keyed):
    keyed.write_plugin("patient", """
        import os
        import time

        class Handler:
            def execute(self, file_path):
                while not os.path.exists(file_path + ".open"):
                    time.sleep(0.01)
                yield [{"n": 1}]
        """)
    keyed.route("*.txt", "patient")
    sentinel = keyed.start_sentinel("--keys", keyed.keys)
    first = keyed.start_worker("--keys", keyed.keys)
    path = keyed.write("a.txt", "x")
    keyed.run("scan")
    job, = keyed.jobs()
    keyed.wait_for_status(job["job_id"], "RUNNING")
    folder = other_keys(keyed, "second")
    keyed.run("keys", "allow", folder / "worker.public", "--name", "second")
    keyed.run("keys", "revoke", "worker")
    second = keyed.start_worker("--keys", folder)
    wait_until(
        lambda: keyed.job(job["job_id"])["worker_pid"] == second.pid, lambda: f"it stays there; {keyed.logs()}")
    assert "its key is no longer allowed" in sentinel.log()
    first.kill()
    (path.parent / "a.txt.open").touch()
    keyed.run("jobs", "wait", "--timeout", WAIT_SECONDS)


def test_a_worker_that_expects_another_sentinel_is_turned_away(keyed):
    sentinel = keyed.start_sentinel("--keys", keyed.keys)
    folder = other_keys(keyed, "stranger", sentinel=key(keyed, "worker"))
    stranger = keyed.start_worker("--keys", folder)
    sentinel.wait_for_log("it has another public key for this sentinel")
    stranger.wait_for_log("no connection to the sentinel")
    check_only_the_right_worker_works(keyed, sentinel)


def test_a_worker_without_keys_is_turned_away(keyed):
    sentinel = keyed.start_sentinel("--keys", keyed.keys)
    plain = keyed.start_worker("--log-level", "debug")
    # Of two sides with different mechanisms one notices first; the other may only see it go away.
    sentinel.wait_for_log("peer refused")
    plain.wait_for_log("no connection to the sentinel")
    check_only_the_right_worker_works(keyed, sentinel)


def plain_peer(address, **options):
    """A DEALER of others' making that identifies; with what libzmq tells about it."""
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.IDENTITY, b"intruder")
    for name, value in options.items():
        socket.setsockopt(getattr(zmq, name), value)
    socket.connect(address)
    socket.send_multipart(v4.encode("IDENTIFY", 0, {"capabilities": ["csv"], "worker_id": "intruder"}))
    return socket


def test_a_plain_text_peer_gets_nothing_from_a_port_with_keys(keyed):
    sentinel = keyed.start_sentinel("--keys", keyed.keys)
    peer = plain_peer(keyed.address)
    sentinel.wait_for_log("peer refused")
    check_only_the_right_worker_works(keyed, sentinel)
    assert peer.poll(0) == 0
    peer.close()


def test_a_peer_with_keys_gets_nothing_from_a_port_without(keyed):
    sentinel = keyed.start_sentinel("--log-level", "debug")
    public, secret = zmq.curve_keypair()
    peer = plain_peer(
        keyed.address, CURVE_SERVERKEY=key(keyed, "sentinel").encode(), CURVE_PUBLICKEY=public, CURVE_SECRETKEY=secret)
    sentinel.wait_for_log("peer refused")
    keyed.write("a.csv", "x\n1\n")
    keyed.run("scan")
    worker = keyed.start_worker()
    keyed.run("jobs", "wait", "--timeout", WAIT_SECONDS)
    assert [row["pid"] for row in keyed.rows("workers", "list")] == [worker.pid]
    assert peer.poll(0) == 0
    peer.close()


def test_a_peer_of_others_making_with_an_allowed_key_is_let_in(keyed):
    sentinel = keyed.start_sentinel("--keys", keyed.keys)
    public, secret = zmq.curve_keypair()
    keyed.run("keys", "allow", public.decode(), "--name", "python")
    keyed.write("a.csv", "x\n1\n")
    keyed.run("scan")
    peer = plain_peer(
        keyed.address, CURVE_SERVERKEY=key(keyed, "sentinel").encode(), CURVE_PUBLICKEY=public, CURVE_SECRETKEY=secret)
    assert peer.poll(WAIT_SECONDS * 1000), sentinel.log()
    operation, _, fields = v4.decode(peer.recv_multipart())
    assert operation == "DISPATCH" and fields["plugin_name"] == "csv"
    peer.close()


@pytest.mark.parametrize("bind", ["tcp://0.0.0.0:*", "tcp://*:*", "tcp://127.example.org:5555"])
def test_a_sentinel_without_keys_is_not_reached_from_other_machines(project, bind):
    for command in ("sentinel", "up"):
        complaint = project.refuse(command, "--bind", bind, status=64)
        assert bind in complaint and "casparian keys generate" in complaint and "--insecure" in complaint
    assert "keys" not in os.listdir(project.folder)


def test_a_worker_without_keys_does_not_talk_to_other_machines(project):
    complaint = project.refuse("worker", "--connect", "tcp://192.0.2.1:5555", status=64)
    assert "192.0.2.1" in complaint and "casparian keys generate" in complaint and "--insecure" in complaint


def test_plain_text_with_other_machines_is_possible_and_says_so(project):
    sentinel = project.start("sentinel", "--bind", "tcp://0.0.0.0:*", "--insecure")
    sentinel.wait_for_log("sentinel listens")
    assert "plain text to other machines" in sentinel.log()
    worker = project.start("worker", "--connect", "tcp://192.0.2.1:5555", "--insecure")
    worker.wait_for_log("worker starts")
    assert "plain text to other machines" in worker.log()


def test_a_sentinel_with_keys_listens_to_all_machines(keyed):
    sentinel = keyed.start("sentinel", "--bind", "tcp://0.0.0.0:*", "--keys", keyed.keys)
    sentinel.wait_for_log("sentinel listens")
    assert "plain text" not in sentinel.log()


def test_key_files_are_made_shown_and_kept(keyed):
    path = keyed.keys / "sentinel.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    assert str(path) in keyed.refuse("keys", "generate", "sentinel", status=64)
    assert path.read_text() == before
    assert keyed.run("keys", "show", "sentinel").strip() == key(keyed, "sentinel")
    assert keyed.run("keys", "show", path).strip() == key(keyed, "sentinel")
    made, = keyed.rows("keys", "generate", "rack7")
    assert made["public_key"] == key(keyed, "rack7") and list(made) == [
        "name", "public_key", "secret_file", "public_file"]
    told = keyed.run("keys", "generate", "rack8")
    for text in secrets(keyed):
        assert text not in told and text not in str(made)


def test_allowing_names_what_is_wrong(keyed):
    assert "already" in keyed.run("keys", "allow", keyed.keys / "worker.public")
    keyed.run("keys", "generate", "second")
    second = key(keyed, "second")
    assert "--name" in keyed.refuse("keys", "allow", second, status=64)
    assert "another" in keyed.refuse("keys", "allow", second, "--name", "worker", status=64)
    assert "a/b" in keyed.refuse("keys", "allow", second, "--name", "a/b", status=64)
    assert "garbage" in keyed.refuse("keys", "allow", "garbage", "--name", "x", status=64)
    secret = secrets(keyed)[0]
    wrong = keyed.refuse("keys", "allow", keyed.folder / "casparian.yaml", status=64)
    assert "holds no public key" in wrong and secret not in wrong
    keyed.refuse("keys", "revoke", "nobody", status=64)
    keyed.run("keys", "revoke", key(keyed, "worker"))
    assert keyed.rows("keys", "list") == []


def test_key_files_that_cannot_be_used_end_the_command_with_what_to_do(keyed):
    path = keyed.keys / "sentinel.secret"
    secret = path.read_text().strip()
    start = ("sentinel", "--bind", keyed.address, "--keys", keyed.keys)
    path.chmod(0o644)
    complaint = keyed.refuse(*start, status=64)
    assert f"chmod 600 {path}" in complaint and secret not in complaint
    path.chmod(0o600)
    path.write_text(secret[:-1])
    complaint = keyed.refuse(*start, status=64)
    assert str(path) in complaint and secret[:-1] not in complaint
    path.unlink()
    assert str(path) in keyed.refuse(*start, status=69)
    path.write_text(secret)
    path.chmod(0o600)
    (keyed.keys / "allowed/broken.public").write_text("garbage")
    assert "broken.public" in keyed.refuse(*start, status=64)
    (keyed.keys / "allowed/broken.public").unlink()
    # Half of the keys is not taken for none.
    assert "secret_file" in keyed.refuse(
        "sentinel", "--bind", keyed.address, status=64,
        environment={"CASPARIAN_KEYS_SENTINEL_FILE": str(keyed.keys / "sentinel.public")})
    assert "sentinel_file" in keyed.refuse(
        "worker", "--connect", keyed.address, status=64, environment={"CASPARIAN_KEYS_SECRET_FILE": str(path)})
