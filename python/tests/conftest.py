"""Fixtures: a folder of plugins and a guest process that reads from it."""
import textwrap

import pytest

from host import Guest


class Plugins:
    """A folder of plugin files."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name: str, source: str) -> None:
        (self.folder / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")

    def write_execute(self, name: str, body: str, imports: str = "") -> None:
        """A plugin whose `execute(self, file_path)` has that body."""
        lines = textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 8)
        self.write(name, f"{imports}\n\n\nclass Handler:\n    def execute(self, file_path):\n{lines}\n")


@pytest.fixture
def plugins(tmp_path):
    folder = tmp_path / "plugins"
    folder.mkdir()
    return Plugins(folder)


@pytest.fixture
def start(plugins):
    """Starts guests; each has ended when the test has, and its greeting is taken."""
    started = []

    def start_one(**options):
        started.append(greeted(plugins.folder, **options))
        return started[-1]

    yield start_one
    for guest in started:
        guest.close()


@pytest.fixture
def guest(start):
    """A guest of the test's own."""
    return start()


@pytest.fixture(scope="session")
def pool(tmp_path_factory):
    guest = greeted(tmp_path_factory.mktemp("none"))
    yield guest
    assert guest.close() == 0


@pytest.fixture
def warm_guest(pool, plugins):
    """One guest for many tests, as jobs have it: whatever one test's plugin does, the next test's job works."""
    pool.folder = plugins.folder
    return pool


def greeted(folder, **options) -> Guest:
    guest = Guest(folder, **options)
    kind, greeting = guest.receive()
    assert kind == b"H"
    guest.greeting = greeting
    return guest
