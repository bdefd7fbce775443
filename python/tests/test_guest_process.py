"""The guest as a process: its streams, its channel, its end."""
import os
import signal
import time

import pytest

from host import DEADLINE_SECONDS, SDK_FOLDER, Gone, Guest


def test_the_greeting_names_protocol_language_and_version(guest):
    assert guest.greeting["protocol"] == 1 and guest.greeting["language"] == "python"
    assert guest.greeting["version"].count(".") >= 1


PRINTS = """
import os
import subprocess
import sys
"""


def test_what_a_plugin_prints_never_reaches_the_channel(plugins, start):
    plugins.write_execute("chatty", """
        print("printed", flush=True)
        sys.stderr.write("to stderr\\n")
        os.write(1, b"B\\x00\\x00\\x00\\x01x by descriptor\\n")
        subprocess.run(["echo", "by a child"], check=True)
        print("\\ud800 is no UTF-8")
        yield [{"n": 1}]
        print("later")
        yield [{"n": 2}]
        """, PRINTS)
    guest = start()
    outcome = guest.run("chatty")
    assert outcome.succeeded, outcome.message
    assert outcome.rows() == [{"n": 1}, {"n": 2}]
    assert guest.close() == 0
    for text in ("printed", "to stderr", "by descriptor", "by a child", "\\ud800 is no UTF-8", "later"):
        assert text in guest.printed()


@pytest.mark.parametrize("act", [
    "sys.stdout.close()", "sys.stdout = None", "sys.stdout = open(os.devnull, 'w')",
    "sys.stdout.close(); sys.stderr.close()",
    "print('unfinished', end='')",
])
def test_what_one_plugin_does_to_its_streams_does_not_silence_the_next(plugins, start, act):
    plugins.write_execute("rude", f"{act}\nreturn [{{'n': 1}}]", "import os, sys")
    plugins.write_execute("polite", "print('still heard')\nreturn [{'n': 2}]")
    guest = start()
    assert guest.run("rude").rows() == [{"n": 1}]
    outcome = guest.run("polite")
    assert outcome.succeeded, outcome.message
    assert guest.close() == 0
    assert "still heard" in guest.printed()


def test_a_plugin_that_changes_the_working_folder_changes_it_for_its_job_only(plugins, start, tmp_path):
    plugins.write_execute("mover", "os.chdir('/')\nreturn [{'n': 1}]", "import os")
    plugins.write_execute("asker", "return [{'folder': os.getcwd()}]", "import os")
    guest = start(working_folder=tmp_path)
    assert guest.run("mover").succeeded
    assert guest.run("asker").rows() == [{"folder": os.path.realpath(tmp_path)}]


def test_a_signal_that_interrupts_sending_ends_the_guest_rather_than_mixing_frames(plugins, guest):
    plugins.write("timer", """
        import signal
        import pyarrow as pa

        class Handler:
            def execute(self, file_path):
                def ring(*_):
                    raise TimeoutError("the plugin's own alarm")
                signal.signal(signal.SIGALRM, ring)
                yield pa.table({"x": pa.array([bytes(7 << 20)])})
        """)
    guest.order("timer")
    guest.await_frame(b"B")
    time.sleep(0.1)   # far more than a socket holds, and nobody reads: the guest waits in the middle of the frame
    guest.process.send_signal(signal.SIGALRM)
    with pytest.raises(Gone):
        while True:
            kind, _ = guest.receive()
            assert kind == b"B"
    assert guest.process.wait(DEADLINE_SECONDS) != 0


def test_a_childs_copy_of_the_guest_sends_nothing(plugins, guest):
    plugins.write_execute("forker", """
        if os.fork() == 0:
            return [{"who": "child"}]
        os.wait()
        return [{"who": "parent"}]
        """, "import os")
    outcome = guest.run("forker")
    assert outcome.succeeded and outcome.rows() == [{"who": "parent"}]
    plugins.write_execute("fine", "return [{'n': 1}]")
    assert guest.run("fine").rows() == [{"n": 1}]


def test_a_report_says_how_much_memory_the_process_holds(plugins, guest):
    plugins.write_execute("fine", "return [{'n': 1}]")
    plugins.write_execute("broken", "raise ValueError")
    for name in ("fine", "broken"):
        held = guest.run(name).report["resident_bytes"]
        assert 10 << 20 < held < 4 << 30


def test_the_guest_ends_quietly_when_the_worker_closes_the_channel(start):
    guest = start()
    assert guest.close() == 0
    assert guest.printed() == ""


def test_the_guest_ends_when_the_worker_goes_in_the_middle_of_a_job(plugins, start):
    plugins.write_execute("endless", "while True:\n    yield {'x': [bytes(1 << 20)]}")
    guest = start()
    guest.order("endless")
    assert guest.receive()[0] == b"B"
    assert guest.close() == 0
    assert "Traceback" not in guest.printed()


def test_a_plugin_that_kills_its_process_closes_the_channel(plugins, guest):
    plugins.write_execute("suicidal", "os.kill(os.getpid(), 9)", "import os")
    guest.order("suicidal")
    with pytest.raises(Gone):
        guest.receive()
    assert guest.process.wait(DEADLINE_SECONDS) == -signal.SIGKILL


def test_the_channel_is_not_inherited_by_a_plugins_children(plugins, guest):
    plugins.write_execute("parent", """
        done = subprocess.run([sys.executable, "-c", "import os; os.fstat(3)"], capture_output=True, close_fds=False)
        return [{"status": done.returncode, "said": done.stderr.decode()}]
        """, "import subprocess, sys")
    row = guest.run("parent").rows()[0]
    assert row["status"] != 0 and "Bad file descriptor" in row["said"]


def test_without_pyarrow_the_guest_says_so_and_ends(plugins, tmp_path):
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "pyarrow.py").write_text("raise ImportError('no pyarrow here')\n")
    guest = Guest(plugins.folder, environment={"PYTHONPATH": f"{stub}:{SDK_FOLDER}"})
    with pytest.raises(Gone):
        guest.receive()
    assert guest.process.wait(DEADLINE_SECONDS) == 78
    guest.close()
    assert "pyarrow" in guest.printed() and "no pyarrow here" in guest.printed()


@pytest.mark.parametrize("flags", [(), ("-P",)])
def test_modules_are_not_found_by_where_the_worker_was_started(plugins, start, tmp_path, flags):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "stray_module.py").write_text("")
    for name in ("socket", "traceback", "typing", "json", "struct", "threading", "pyarrow"):
        (folder / f"{name}.py").write_text("raise RuntimeError('a stray file was imported')")
    plugins.write_execute("importer", "import stray_module")
    guest = start(working_folder=folder, flags=flags)
    outcome = guest.run("importer")
    assert "No module named 'stray_module'" in outcome.message


def test_a_guest_started_in_the_sdks_own_folder_still_finds_it(plugins, start):
    plugins.write_execute("importer", "from casparian_flow.sdk import FileEvent\nreturn [{'n': 1}]")
    guest = start(working_folder=SDK_FOLDER, flags=("-P",))
    assert guest.run("importer").rows() == [{"n": 1}]
