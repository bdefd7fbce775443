"""A guest runs the version of a plugin that it is sent, whatever lies in the file; and rows of one frame stay its own."""
import base64
import hashlib
import socket
import struct

import pyarrow

from casparian_flow.guest import channel as channels

SOURCE = "VERSION = {0}\n\nclass Handler:\n    def execute(self, file_path):\n        {1}\n"


def sent(version: int, body: str = "return [{'v': VERSION}]", **more) -> dict:
    """A version as the host names it, with its bytes."""
    source = SOURCE.format(version, body).encode()
    return {"content_hash": hashlib.sha256(source).hexdigest(), "source": base64.b64encode(source).decode()} | more


def test_a_version_is_sent_once_and_named_after_that_in_any_order(guest, plugins):
    plugins.write("p", "def broken(")
    first, second = sent(1), sent(2)
    for version, wanted in ((first, 1), (second, 2)):
        assert guest.run("p", **version).rows() == [{"v": wanted}]
    for version, wanted in ((first, 1), (second, 2), (second, 2), (first, 1)):
        named = {"content_hash": version["content_hash"]}
        assert guest.run("p", **named).rows() == [{"v": wanted}]


def test_a_version_that_never_was_sent_is_not_taken_from_a_file_that_is_another(guest, plugins):
    plugins.write("p", SOURCE.format(1, "return [{'v': 1}]"))
    outcome = guest.run("p", content_hash="0" * 64)
    assert not outcome.succeeded and outcome.report["code"] == "cannot_load"
    assert "another version than the one that is meant" in outcome.message
    assert guest.run("p").rows() == [{"v": 1}]


def test_a_traceback_shows_the_lines_of_the_version_that_ran(guest, plugins):
    plugins.write("p", "# nothing here\n" * 9)
    message = guest.run("p", **sent(1, "raise ValueError('from the version that was sent')")).message
    assert "raise ValueError('from the version that was sent')" in message and "p.py" in message


def test_a_plugin_is_loaded_ahead_and_its_job_finds_it_loaded(guest, plugins):
    assert guest.greeting["loads"] is True
    counted = "import sys\nsys.count = getattr(sys, 'count', 0) + 1\n" + SOURCE.format(1, "import sys; return [{'n': sys.count}]")
    encoded = {"content_hash": hashlib.sha256(counted.encode()).hexdigest(),
               "source": base64.b64encode(counted.encode()).decode()}
    guest.send(b"L", {"module": str(plugins.folder / "p.py")} | encoded)
    kind, answer = guest.receive()
    assert (kind, answer["content_hash"]) == (b"P", encoded["content_hash"])
    assert guest.run("p", content_hash=encoded["content_hash"]).rows() == [{"n": 1}]
    guest.send(b"L", {"module": str(plugins.folder / "q.py"), "source": base64.b64encode(b"def broken(").decode()})
    assert "SyntaxError" in guest.receive()[1]["error"]


def test_rows_that_are_published_while_others_are_encoded_do_not_mix_with_them(monkeypatch):
    """As a signal handler of a plugin would, in the moment between encoding and sending."""
    ours, theirs = socket.socketpair()
    channel = channels.Channel(theirs)
    batches = {number: pyarrow.record_batch({"n": [number] * 100_000}) for number in (1, 2)}
    encode, nested = channels._encode, []

    def interrupted(batch, sink):
        encode(batch, sink)
        if isinstance(sink, pyarrow.FixedSizeBufferWriter) and not nested:
            nested.append(True)
            channel.send_data("second", batches[2])

    monkeypatch.setattr(channels, "_encode", interrupted)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        end.settimeout(20)
    channel.send_data("first", batches[1])
    found = {}
    for _ in range(2):
        length, = struct.unpack(">I", exactly(ours, 5)[1:])
        payload = exactly(ours, length)
        name = payload[2:2 + int.from_bytes(payload[:2], "big")].decode()
        with pyarrow.ipc.open_stream(payload[64:]) as stream:
            found[name] = set(stream.read_all()["n"].to_pylist())
    assert found == {"first": {1}, "second": {2}}


def exactly(end: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += end.recv(count - len(data))
    return data
