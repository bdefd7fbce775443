"""Fixtures for tests that run the built program: CASPARIAN_BIN, else .build/debug, else .build/release."""
import os
import signal

import pytest

from project import Project, find_program

#: No test takes longer, whatever hangs.
TEST_SECONDS = 900 + int(os.environ.get("CASPARIAN_FUZZ_SECONDS", "5"))


@pytest.fixture(scope="session")
def program():
    found = find_program()
    if found is None:
        pytest.fail("there is no program to test; build it (swift build) or name one (CASPARIAN_BIN)")
    return found


@pytest.fixture(autouse=True)
def bounded():
    """Fails a test that hangs."""
    def ring(*_):
        raise TimeoutError(f"the test took longer than {TEST_SECONDS} s")
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)


@pytest.fixture
def project(program, tmp_path):
    """A project folder as `casparian init` makes it, with `source` as its root."""
    made = initialised(program, tmp_path / "project")
    yield made
    made.end()


@pytest.fixture
def unwalled(project):
    """For plugins that leave marks beside their input, which a sandbox would keep them from."""
    project.environment["CASPARIAN_SANDBOX"] = "off"


def initialised(program, folder) -> Project:
    folder.mkdir()
    project = Project(folder, program)
    project.run("init", ".")
    project.run("roots", "add", project.source)
    return project
