"""How a job ends that a plugin fails."""
import pytest


@pytest.mark.parametrize("expression, kind", [
    ("5", "int"), ("'text'", "str"), ("b'bytes'", "bytes"), ("object()", "object"), ("[1, 2]", "int"),
    ("[['a', 'b']]", "list"), ("['text']", "str"), ("(n for n in [3.5])", "float"), ("[{'n': 1}, 5]", "int"),
    ("Handler()", "Handler"), ("Handler", "type"),
])
def test_what_is_no_table_is_unsupported_and_named(plugins, warm_guest, expression, kind):
    plugins.write_execute("odd", f"return {expression}")
    outcome = warm_guest.run("odd")
    assert not outcome.succeeded and outcome.report["code"] == "unsupported_data"
    assert "plugin 'odd', topic 'output'" in outcome.message
    if not expression.startswith("[{"):
        assert kind in outcome.message and "pandas DataFrame" in outcome.message


def test_an_unsupported_object_that_is_published_names_its_topic_and_the_line_that_did_it(plugins, warm_guest):
    plugins.write("odd", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def consume(self, event):
                self.publish("errors", 5)   # this line
        """)
    outcome = warm_guest.run("odd")
    assert outcome.report["code"] == "unsupported_data"
    assert "topic 'errors'" in outcome.message and "# this line" in outcome.message


def test_a_failure_carries_the_plugins_whole_traceback_and_none_of_the_guests_frames(plugins, warm_guest):
    plugins.write("broken", """
        class Handler:
            def execute(self, file_path):
                yield [{"n": 1}]
                self.deeper()
            def deeper(self):
                try:
                    {}["missing"]
                except KeyError as error:
                    raise ValueError("größe \\ud800") from error
        """)
    outcome = warm_guest.run("broken")
    assert not outcome.succeeded and outcome.report["code"] == "failed"
    for text in ("Traceback (most recent call last)", "KeyError: 'missing'", "self.deeper()", "ValueError: größe"):
        assert text in outcome.message
    assert "casparian_flow/guest" not in outcome.message
    assert warm_guest.run("broken").report["code"] == "failed"


def test_a_very_long_message_is_cut_in_its_middle(plugins, warm_guest):
    plugins.write_execute("wordy", "raise ValueError('begin' + 'x' * 5_000_000 + 'the end')")
    outcome = warm_guest.run("wordy")
    assert len(outcome.message) < 300_000
    assert "begin" in outcome.message and outcome.message.endswith("the end") and "left out" in outcome.message


@pytest.mark.parametrize("act, words", [
    ("sys.exit(3)", "sys.exit(3)"), ("sys.exit('no')", "sys.exit('no')"), ("sys.exit()", "sys.exit(None)"),
    ("raise KeyboardInterrupt", "KeyboardInterrupt"), ("raise GeneratorExit", "GeneratorExit"),
    ("raise StopIteration", "StopIteration"), ("raise BaseException('base')", "base"),
    ("raise MemoryError", "MemoryError"), ("raise BrokenPipeError('mine')", "mine"),
    ("execute(self)", "RecursionError"),
])
def test_whatever_a_plugin_raises_ends_its_job_and_not_the_guest(plugins, warm_guest, act, words):
    plugins.write("raiser", f"""
        import sys

        def execute(self, file_path=None):
            {act}

        class Handler:
            execute = execute
        """)
    plugins.write_execute("fine", "return [{'n': 1}]")
    outcome = warm_guest.run("raiser")
    assert not outcome.succeeded and words in outcome.message
    assert warm_guest.run("fine").rows() == [{"n": 1}]
