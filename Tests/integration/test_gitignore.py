"""Ignore rules of real scans beside `git check-ignore`, on real trees of more than 20,000 files."""
import collections
import json
import pathlib
import random
import sqlite3
import subprocess

VECTORS = pathlib.Path(__file__).parent.parent / "CasparianRoutingTests/Vectors/gitignore.json"
#: Files in the tree of each list of patterns: its own cases, and paths of other lists.
FILES_OF_A_LIST = 26


def fits(path: str, files: set, folders: set) -> bool:
    """A path can lie beside others unless one is a file where the other has a folder."""
    parts = path.split("/")
    above = {"/".join(parts[:count]) for count in range(1, len(parts))}
    return path not in folders and not above & files


def choose(own: list, others: list) -> set:
    files, folders = set(), set()
    for path in own + others:
        if len(files) >= max(FILES_OF_A_LIST, len(own)):
            break
        if fits(path, files, folders):
            files.add(path)
            parts = path.split("/")
            folders |= {"/".join(parts[:count]) for count in range(1, len(parts))}
    return files


def test_every_case_of_the_vectors_and_20_000_files_are_ignored_as_git_ignores_them(project):
    cases = json.loads(VECTORS.read_text())["cases"]
    lists = collections.defaultdict(dict)
    for case in cases:
        lists[tuple(case["patterns"])][case["path"]] = case["matches"]
    everything = sorted({case["path"] for case in cases})
    generator = random.Random(5)
    trees, expected = {}, {}
    for number, (patterns, own) in enumerate(lists.items()):
        # Cases of one list can contradict each other as to what is a folder: then they get a tree each.
        rest = list(own)
        while rest:
            name = f"{number}-{len(rest)}"
            files = choose(rest, generator.sample(everything, 60))
            trees[name] = (patterns, files)
            for path in files & set(own):
                expected[f"{name}/{path}"] = own[path]
            rest = [path for path in rest if path not in files]
    for name, (patterns, files) in trees.items():
        for path in files:
            place = project.source / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        (project.source / name / ".gitignore").write_text("".join(f"{pattern}\n" for pattern in patterns))
    paths = [f"{name}/{path}" for name, (_, files) in trees.items() for path in files]
    assert len(paths) > 20_000 and len(expected) >= len(cases) - 5

    subprocess.run(["git", "init", "-q", project.source], check=True)
    told = subprocess.run(
        ["git", "-C", project.source, "check-ignore", "--stdin", "-z", "--no-index"],
        input="\0".join(paths), capture_output=True, text=True)
    assert told.returncode in (0, 1), told.stderr
    ignored = set(told.stdout.split("\0")) - {""}
    assert 0.1 < len(ignored) / len(paths) < 0.9, "git must have said both often enough"
    assert {path for path, matches in expected.items() if matches} == ignored & set(expected)

    project.run("roots", "list")
    with sqlite3.connect(project.folder / "casparian_flow.sqlite3") as database:
        database.execute("UPDATE cf_source_root SET active = 0")
        for number, (name, (patterns, _)) in enumerate(trees.items(), start=1_000):
            database.execute(
                "INSERT INTO cf_source_root (id, path, type, active) VALUES (?, ?, 'local', 1)",
                (number, str(project.source / name)))
            database.executemany(
                "INSERT INTO cf_ignore_rule (source_root_id, pattern, active) VALUES (?, ?, 1)",
                [(number, pattern) for pattern in patterns])
    project.run("scan")
    with sqlite3.connect(project.folder / "casparian_flow.sqlite3") as database:
        rows = database.execute(
            "SELECT r.path || '/' || l.rel_path FROM cf_file_location l JOIN cf_source_root r "
            "ON r.id = l.source_root_id WHERE l.rel_path <> '.gitignore'")
        found = {path.removeprefix(f"{project.source}/") for path, in rows}
    assert found == set(paths) - ignored
