"""Plugin files: loaded, loaded again when they change, and described."""
import hashlib
import os

import pytest

DEFAULTS = {
    "pattern": None, "topic": None, "priority": 50, "subscriptions": [], "sinks": {}, "version": "1.0.0",
    "description": None}


def failure(warm_guest, name):
    outcome = warm_guest.run(name)
    assert not outcome.succeeded
    return outcome.report["code"], outcome.message


def test_a_syntax_error_is_told_with_file_and_line(plugins, warm_guest):
    plugins.write("typo", "class Handler:\n    def execute(self, file_path)\n        return None\n")
    code, message = failure(warm_guest, "typo")
    assert code == "cannot_load"
    assert "SyntaxError" in message and "typo.py" in message and "line 2" in message


def test_a_missing_import_is_told_with_its_traceback(plugins, warm_guest):
    plugins.write("needy", "import nowhere_to_be_found\n\nclass Handler:\n    def execute(self, file_path): ...\n")
    code, message = failure(warm_guest, "needy")
    assert code == "cannot_load"
    assert "Traceback" in message and "needy.py\", line 1" in message
    assert "No module named 'nowhere_to_be_found'" in message


@pytest.mark.parametrize("source, words", [
    ("", "no class Handler"), ("Handler = 5", "no class Handler"), ("def Handler(): ...", "no class Handler"),
    ("class Handler: ...", "neither consume(event) nor execute(file_path)"),
    ("raise ValueError('on import')", "on import"), ("import sys; sys.exit(4)", "sys.exit(4)"),
])
def test_a_module_that_is_no_plugin_cannot_be_loaded(plugins, warm_guest, source, words):
    plugins.write("wrong", source)
    code, message = failure(warm_guest, "wrong")
    assert code == "cannot_load" and words in message
    assert words in warm_guest.describe("wrong")["error"]


def test_a_missing_file_cannot_be_loaded_even_if_it_was_there_before(plugins, warm_guest):
    plugins.write_execute("gone", "return [{'n': 1}]")
    assert warm_guest.run("gone").succeeded
    (plugins.folder / "gone.py").unlink()
    code, message = failure(warm_guest, "gone")
    assert code == "cannot_load" and "gone.py" in message


def test_a_missing_import_inside_a_job_is_the_jobs_failure(plugins, warm_guest):
    plugins.write_execute("late", "import nowhere_to_be_found")
    code, message = failure(warm_guest, "late")
    assert code == "failed" and "nowhere_to_be_found" in message


def test_a_handler_that_cannot_be_made_is_the_jobs_failure(plugins, warm_guest):
    plugins.write("needs", """
        class Handler:
            def __init__(self, needed): ...
            def execute(self, file_path): ...
        """)
    code, message = failure(warm_guest, "needs")
    assert code == "failed" and "needed" in message


def test_a_changed_file_is_loaded_again(plugins, warm_guest):
    plugins.write_execute("changing", "return [{'n': 1}]")
    assert warm_guest.run("changing").rows() == [{"n": 1}]
    plugins.write_execute("changing", "return [{'n': 2}]")
    assert warm_guest.run("changing").rows() == [{"n": 2}]


def test_an_unchanged_file_stays_warm(plugins, warm_guest):
    plugins.write("warm", """
        import itertools
        numbers = itertools.count()

        class Handler:
            def execute(self, file_path):
                return [{"n": next(numbers)}]
        """)
    assert [warm_guest.run("warm").rows()[0]["n"] for _ in range(3)] == [0, 1, 2]
    os.utime(plugins.folder / "warm.py")
    assert warm_guest.run("warm").rows() == [{"n": 3}]


def test_a_broken_file_works_once_it_is_mended(plugins, warm_guest):
    plugins.write_execute("mended", "return [{'n': 1}]")
    assert warm_guest.run("mended").succeeded
    plugins.write("mended", "class Handler:\n  oops\n")
    assert failure(warm_guest, "mended")[0] == "cannot_load"
    plugins.write_execute("mended", "return [{'n': 3}]")
    assert warm_guest.run("mended").rows() == [{"n": 3}]


def test_a_shared_module_is_read_again_with_the_plugin_that_changed(plugins, guest):
    plugins.write("_shared", "NUMBER = 1\n")
    plugins.write_execute("user", "return [{'n': NUMBER}]", "from _shared import NUMBER")
    assert guest.run("user").rows() == [{"n": 1}]
    plugins.write("_shared", "NUMBER = 2\n")   # as long as before, within the same second
    plugins.write_execute("user", "return [{'n': NUMBER}]", "from _shared import NUMBER  # changed")
    assert guest.run("user").rows() == [{"n": 2}]


def test_a_shared_module_is_read_again_after_a_failed_load(plugins, guest):
    plugins.write("_shared", "OTHER = 1\n")
    plugins.write_execute("user", "return [{'n': NUMBER}]", "from _shared import NUMBER")
    assert failure(guest, "user")[0] == "cannot_load"
    plugins.write("_shared", "NUMBER = 1\n")
    assert guest.run("user").rows() == [{"n": 1}]


def test_a_shared_module_that_came_later_is_found(plugins, guest):
    plugins.write_execute("user", "return [{'n': NUMBER}]", "from _late import NUMBER")
    assert failure(guest, "user")[0] == "cannot_load"
    plugins.write("_late", "NUMBER = 1\n")
    assert guest.run("user").rows() == [{"n": 1}]


def test_the_guest_writes_nothing_into_the_folder_of_plugins(plugins, guest):
    plugins.write("_shared", "NUMBER = 1\n")
    plugins.write_execute("user", "return [{'n': NUMBER}]", "from _shared import NUMBER")
    assert guest.run("user").succeeded
    assert sorted(path.name for path in plugins.folder.iterdir()) == ["_shared.py", "user.py"]


def test_dataclasses_and_pickle_work_in_a_plugin(plugins, warm_guest):
    plugins.write("classy", """
        from __future__ import annotations
        import dataclasses
        import pickle
        import typing

        @dataclasses.dataclass
        class Row:
            n: typing.ClassVar[int] = 1
            m: int = 2

        class Handler:
            def execute(self, file_path):
                row = pickle.loads(pickle.dumps(Row()))
                return [{"m": row.m, "hints": len(typing.get_type_hints(Row)), "file": __file__, "name": __name__}]
        """)
    row = warm_guest.run("classy").rows()[0]
    assert (row["m"], row["hints"]) == (2, 2)
    assert row["file"] == str(plugins.folder / "classy.py") and row["name"] != "__main__"


def test_sources_in_another_declared_encoding_are_read(plugins, warm_guest):
    (plugins.folder / "old.py").write_bytes(
        "# -*- coding: latin-1 -*-\nclass Handler:\n    def execute(self, file_path):\n"
        "        return [{'t': 'größe'}]\n".encode("latin-1"))
    assert warm_guest.run("old").rows() == [{"t": "größe"}]


def test_plugins_of_one_folder_do_not_see_each_others_names(plugins, warm_guest):
    for number in (1, 2):
        plugins.write_execute(f"p{number}", "return [{'n': NUMBER}]", f"NUMBER = {number}")
    assert [warm_guest.run(name).rows()[0]["n"] for name in ("p1", "p2", "p1")] == [1, 2, 1]


def described(plugins, warm_guest, manifest):
    plugins.write("named", f"{manifest}\n\nclass Handler:\n    def execute(self, file_path): ...\n")
    return warm_guest.describe("named")


def test_a_plugin_without_a_manifest_is_described_by_the_defaults(plugins, warm_guest):
    reply = described(plugins, warm_guest, "")
    assert reply["manifest"] == DEFAULTS
    source = (plugins.folder / "named.py").read_bytes()
    assert reply["content_hash"] == hashlib.sha256(source).hexdigest()


FULL = ("pattern='*.csv', topic='sales', priority=70, subscriptions=['a', 'b'], "
        "sinks={'errors': 'parquet://errors.parquet'}, version='2.1', description='Sales'")


@pytest.mark.parametrize("manifest", [
    f"from casparian_flow.sdk import PluginMetadata\nMANIFEST = PluginMetadata({FULL})",
    f"MANIFEST = dict({FULL})",
    f"import types\nMANIFEST = types.SimpleNamespace({FULL}, unknown=5)",
])
def test_a_manifest_is_told_whole_whatever_object_it_is(plugins, warm_guest, manifest):
    assert described(plugins, warm_guest, manifest)["manifest"] == {
        "pattern": "*.csv", "topic": "sales", "priority": 70, "subscriptions": ["a", "b"],
        "sinks": {"errors": "parquet://errors.parquet"}, "version": "2.1", "description": "Sales"}


def test_a_manifest_that_leaves_fields_out_gets_their_defaults(plugins, warm_guest):
    reply = described(plugins, warm_guest, "MANIFEST = {'pattern': '*.csv', 'subscriptions': ('x',), 'sinks': None}")
    assert reply["manifest"] == DEFAULTS | {"pattern": "*.csv", "subscriptions": ["x"]}


@pytest.mark.parametrize("manifest, field", [
    ("{'priority': 'high'}", "priority"), ("{'priority': True}", "priority"), ("{'pattern': 5}", "pattern"),
    ("{'subscriptions': 'a,b'}", "subscriptions"), ("{'subscriptions': [1]}", "subscriptions"),
    ("{'sinks': ['x']}", "sinks"), ("{'sinks': {'output': 5}}", "sinks"), ("{'version': 2}", "version"),
])
def test_a_manifest_field_of_the_wrong_type_is_refused_by_name(plugins, warm_guest, manifest, field):
    reply = described(plugins, warm_guest, f"MANIFEST = {manifest}")
    assert "manifest" not in reply and f"MANIFEST.{field}" in reply["error"]


def test_describing_leaves_no_module_behind(plugins, warm_guest):
    plugins.write("stateful", """
        import sys
        seen = "casparian_plugin_other" in sys.modules

        class Handler:
            def execute(self, file_path):
                return [{"seen": seen}]
        """)
    plugins.write("other", "class Handler:\n    def execute(self, file_path): ...\n")
    assert warm_guest.describe("other")["manifest"] == DEFAULTS
    assert warm_guest.run("stateful").rows() == [{"seen": False}]


def test_describing_a_broken_plugin_says_why_and_the_next_is_described(plugins, warm_guest):
    plugins.write("typo", "def\n")
    plugins.write("fine", "class Handler:\n    def execute(self, file_path): ...\n")
    assert "SyntaxError" in warm_guest.describe("typo")["error"]
    assert warm_guest.describe("fine")["manifest"] == DEFAULTS
