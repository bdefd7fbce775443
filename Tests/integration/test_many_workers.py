"""A thousand workers at once, and peers that introduce themselves without end."""
import contextlib
import resource
import sys

import pytest
import zmq

from project import ROOT, wait_until

sys.path.insert(0, str(ROOT / "Tests/peers"))
import v4  # noqa: E402

WORKERS = 1_000
ROUNDS = 3
STORM_MESSAGES = 50_000
RESIDENT_BYTES_MAX = 400_000_000
LOG_BYTES_MAX = 1_000_000
#: What a session has by default, on most systems.
USUAL_FILES = 1_024


@pytest.fixture
def sentinel(project):
    """Started with the descriptors that a session usually has; this process needs more."""
    project.route("*.csv", "csv")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (USUAL_FILES, hard))
    project.sentinel = project.start_sentinel()
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield project.sentinel
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def introduction(name: str) -> list:
    return v4.encode("IDENTIFY", 0, {"capabilities": ["nothing_here"], "worker_id": name})


@contextlib.contextmanager
def dealers(project, count: int):
    with zmq.Context() as context, contextlib.ExitStack() as stack:
        context.set(zmq.MAX_SOCKETS, count + 16)
        made = []
        for number in range(count):
            socket = stack.enter_context(context.socket(zmq.DEALER))
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.SNDTIMEO, 20_000)
            socket.setsockopt(zmq.IDENTITY, b"many%d" % number)
            socket.connect(project.address)
            made.append(socket)
        yield made


def online(project) -> int:
    return sum(row["status"] != "OFFLINE" for row in project.rows("workers"))


def test_a_thousand_workers_are_no_burden(project, sentinel):
    with dealers(project, WORKERS) as sockets:
        for _ in range(ROUNDS):
            for number, socket in enumerate(sockets):
                socket.send_multipart(introduction(f"many{number}"))
        wait_until(lambda: online(project) == WORKERS, lambda: f"{online(project)} workers:\n{sentinel.log()[-3000:]}")
        project.does_a_job()
        assert sentinel.resident_bytes() < RESIDENT_BYTES_MAX
    # Plain ones are gone when their connections are; the one that did the job stays.
    wait_until(lambda: online(project) == 1, lambda: f"{online(project)} workers")
    assert len(sentinel.log()) < LOG_BYTES_MAX
    assert sentinel.stop() == 0


def test_a_storm_of_introductions_is_harmless(project, sentinel):
    with dealers(project, 1) as (socket,):
        message = introduction("storm")
        for _ in range(STORM_MESSAGES):
            socket.send_multipart(message)
        project.does_a_job()
        assert online(project) == 2
        assert sentinel.resident_bytes() < RESIDENT_BYTES_MAX
        assert len(sentinel.log()) < LOG_BYTES_MAX
    assert sentinel.stop() == 0
