"""Tables leave the guest as they are made, in order, and no faster than they are taken."""
import time

from host import DEADLINE_SECONDS


def test_a_generators_first_table_arrives_while_it_still_works_on_the_second(plugins, guest, tmp_path):
    plugins.write_execute("lazy", f"""
        yield [{{"n": 1}}]
        deadline = time.monotonic() + {DEADLINE_SECONDS}
        while not os.path.exists({str(tmp_path / "go")!r}):
            assert time.monotonic() < deadline, "the first table was not sent"
            time.sleep(0.005)
        yield [{{"n": 2}}]
        """, "import os, time")
    guest.order("lazy")
    kind, (topic, batches) = guest.receive()
    assert (kind, topic, batches[0].to_pylist()) == (b"B", "output", [{"n": 1}])
    (tmp_path / "go").touch()
    outcome = guest.outcome()
    assert outcome.succeeded, outcome.message
    assert outcome.rows() == [{"n": 2}]


def test_a_table_is_let_go_before_the_next_one_is_made(plugins, guest):
    plugins.write("tidy", """
        import weakref
        import pyarrow as pa

        class Table:
            def __arrow_c_stream__(self, requested_schema=None):
                return pa.table({"n": [1]}).__arrow_c_stream__()

        class Handler:
            def execute(self, file_path):
                earlier = []
                def make():
                    table = Table()
                    earlier.append(weakref.ref(table))
                    return table
                for _ in range(4):
                    assert all(table() is None for table in earlier), "an earlier table is still held"
                    yield make()
        """)
    outcome = guest.run("tidy")
    assert outcome.succeeded, outcome.message
    assert len(outcome.rows()) == 4


def test_a_worker_that_does_not_read_stops_the_plugin(plugins, guest, tmp_path):
    mark = tmp_path / "made"
    plugins.write_execute("fast", f"""
        for n in range(64):
            yield pa.table({{"x": pa.array([bytes(1 << 20)])}})
            with open({str(mark)!r}, "a") as file:
                file.write(".")
        """, "import pyarrow as pa")
    guest.order("fast")
    assert guest.receive()[0] == b"B"
    made, still_since = 0, time.monotonic()
    while time.monotonic() - still_since < 0.5:
        count = mark.stat().st_size if mark.exists() else 0
        if count != made:
            made, still_since = count, time.monotonic()
        time.sleep(0.01)
    assert made < 40
    outcome = guest.outcome()
    assert outcome.succeeded and mark.stat().st_size == 64


def test_published_and_yielded_tables_keep_their_order(plugins, guest):
    plugins.write("mixed", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def consume(self, event):
                for n in range(3):
                    yield [{"n": n}]
                    self.publish("odd" if n % 2 else "even", [{"n": n}])
                self.publish("output", [{"n": 99}])
        """)
    guest.order("mixed")
    seen = []
    while (frame := guest.receive())[0] == b"B":
        seen.append((frame[1][0], frame[1][1][0].to_pylist()[0]["n"]))
    assert frame[0] == b"E" and frame[1]["rows"] == 7
    assert seen == [
        ("output", 0), ("even", 0), ("output", 1), ("odd", 1), ("output", 2), ("even", 2), ("output", 99)]


def test_tables_published_from_threads_arrive_whole(plugins, guest):
    plugins.write("threads", """
        import threading
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def consume(self, event):
                def work(number):
                    for n in range(50):
                        self.publish(f"t{number}", [{"n": n, "x": "y" * 10_000}])
                threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
        """)
    outcome = guest.run("threads")
    assert outcome.succeeded and outcome.report["rows"] == 200
    for number in range(4):
        assert [row["n"] for row in outcome.rows(f"t{number}")] == list(range(50))


def test_a_thread_that_outlives_its_job_cannot_write_into_the_next_one(plugins, guest, tmp_path):
    plugins.write("leaver", f"""
        import os, threading, time
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def consume(self, event):
                def late():
                    while not os.path.exists({str(tmp_path / "go")!r}):
                        time.sleep(0.002)
                    try:
                        self.publish("late", [{{"n": 1}}])
                        word = "sent"
                    except RuntimeError as error:
                        word = str(error)
                    with open({str(tmp_path / "part")!r}, "w") as file:
                        file.write(word)
                    os.rename({str(tmp_path / "part")!r}, {str(tmp_path / "word")!r})
                threading.Thread(target=late, daemon=True).start()
        """)
    plugins.write_execute("next", f"""
        open({str(tmp_path / "go")!r}, "w").close()
        deadline = time.monotonic() + {DEADLINE_SECONDS}
        while not os.path.exists({str(tmp_path / "word")!r}):
            assert time.monotonic() < deadline
            time.sleep(0.002)
        return [{{"n": 2}}]
        """, "import os, time")
    assert guest.run("leaver").succeeded
    outcome = guest.run("next")
    assert outcome.succeeded, outcome.message
    assert list(outcome.chunks) == ["output"] and outcome.rows() == [{"n": 2}]
    assert "after its job had ended" in (tmp_path / "word").read_text()
