"""The files that jobs read, who reads them, where their rows go, and which rows those have to be."""
import collections
import dataclasses
import random

#: First line of a file: how many seconds its job takes. The others: its rows.
PLUGIN = '''"""{name}"""
import subprocess
import time


class Handler:
    def execute(self, file_path):
        child = subprocess.Popen(["sleep", "3600"]) if {has_child} else None
        yield from self.rows(file_path)
        if child is not None:
            child.kill()
            child.wait()

    def rows(self, file_path):
        with open(file_path) as file:
            seconds, *texts = file.read().split("\\n")
        half = len(texts) // 2
        for first, part in ((0, texts[:half]), (half, texts[half:])):
            if part:
                yield {{"n": list(range(first + 1, first + len(part) + 1)), "text": part}}
            time.sleep(float(seconds) / 2)
'''
#: Rows of a common file at most, and of one in `LARGE_SHARE`.
ROWS_MAX, LARGE_ROWS, LARGE_SHARE = 40, 20_000, 100
#: Seconds that a plugin's job takes at most, and that one in `SLOW_SHARE` takes.
SECONDS_MAX, SLOW_SECONDS, SLOW_SHARE = 0.6, 5.0, 20
PARQUET, SQLITE = "parquet", "sqlite"


@dataclasses.dataclass(frozen=True)
class Kind:
    """Files of one suffix, which one plugin reads."""
    plugin: str
    #: Of 100 files.
    share: int
    sinks: tuple
    is_python: bool = False
    #: Names of the columns with the row's number in its file and with its text.
    number: str = "n"
    text: str = "text"

    @property
    def uris(self) -> list[str]:
        uris = {PARQUET: f"parquet://{self.plugin}/t.parquet", SQLITE: f"sqlite://db/sales.db/{self.plugin}"}
        return [uris[sink] for sink in self.sinks]

    def configure(self, project, has_child: bool) -> None:
        """has_child: a plugin starts a process beside itself, which has to go when it does."""
        if self.is_python:
            project.write_plugin(self.plugin, PLUGIN.format(name=self.plugin, has_child=has_child))
            project.run("register", "--plugins", project.plugins)
        project.route(f"*.{self.plugin}", self.plugin)
        for index, uri in enumerate(self.uris):
            project.run("topics", "set", self.plugin, "output", uri, *(["--additional"] if index else []))


KINDS = [
    Kind("csv", 40, (SQLITE,)),
    Kind("words", 40, (PARQUET,), is_python=True),
    Kind("lines", 10, (PARQUET, SQLITE), number="line_number", text="line"),
    Kind("pairs", 10, (SQLITE, PARQUET), is_python=True),
]


class Input:
    """A file of the run; the same for the same seed."""

    def __init__(self, number: int, seed: int):
        chance = random.Random(f"{seed} {number}")
        self.kind: Kind = chance.choices(KINDS, [kind.share for kind in KINDS])[0]
        self.name = f"{number:05}.{self.kind.plugin}"
        count = LARGE_ROWS if chance.randrange(LARGE_SHARE) == 0 else chance.randint(1, ROWS_MAX)
        self.seconds = SLOW_SECONDS if chance.randrange(SLOW_SHARE) == 0 else chance.uniform(0, SECONDS_MAX)
        #: Each names file and row, so that no two of the run are equal.
        self.texts = [f"{self.name} {row} {chance.randrange(10**6)}" for row in range(1, count + 1)]

    def content(self) -> str:
        if self.kind.is_python:
            return "\n".join([f"{self.seconds:.3f}", *self.texts])
        if self.kind.plugin == "csv":
            return "n,text\n" + "".join(f"{row},{text}\n" for row, text in enumerate(self.texts, start=1))
        return "".join(f"{text}\n" for text in self.texts)

    def rows(self, job: int) -> collections.Counter:
        """What each of its sinks has to hold: plugin, row number, text, job."""
        return collections.Counter((self.kind.plugin, row, text, job) for row, text in enumerate(self.texts, start=1))
