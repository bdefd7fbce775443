"""`python -m casparian_flow.guest`: serves the worker on descriptor 3 until the worker closes it."""

import os
import sys

# `python -m` puts the working folder first on the module path: neither the guest nor a plugin may find modules by where
# the worker was started. Python has loaded `os` and `sys` by then; everything else comes after this.
if not getattr(sys.flags, "safe_path", False) and sys.path and sys.path[0] in ("", os.getcwd()):
    sys.path.pop(0)

import socket  # noqa: E402
import traceback  # noqa: E402
from typing import Any, Dict  # noqa: E402

from casparian_flow.guest.surroundings import Surroundings  # noqa: E402

PROTOCOL_VERSION = 1
CHANNEL_DESCRIPTOR = 3
#: Longest report of a failure; the middle of a longer one is left out.
MESSAGE_CHARACTERS_MAX = 256 * 1024


def main() -> None:
    connection = socket.socket(fileno=CHANNEL_DESCRIPTOR)
    connection.set_inheritable(False)
    surroundings = Surroundings()
    try:
        from casparian_flow.guest.channel import HELLO, Channel
    except ImportError as error:
        print(f"the guest needs pyarrow in {sys.executable}: {error}", file=sys.stderr)
        sys.exit(78)
    channel = Channel(connection)
    channel.send(HELLO, {"protocol": PROTOCOL_VERSION, "language": "python", "version": sys.version.split()[0], "loads": True})
    try:
        _serve(channel, surroundings)
    except (BrokenPipeError, ConnectionResetError):
        pass  # The worker is gone; nobody is left to tell.


def _serve(channel: Any, surroundings: Surroundings) -> None:
    from casparian_flow.guest.channel import DESCRIBE, JOB, LOAD
    from casparian_flow.guest.loading import Loader

    loader = Loader()
    while True:
        order = channel.receive()
        if order is None:
            return
        kind, message = order
        if kind == JOB:
            _job(message, loader, channel, surroundings)
        elif kind in (DESCRIBE, LOAD):
            _describe(message, loader, channel, surroundings, is_kept=kind == LOAD)
        else:
            raise ValueError(f"unknown order {kind!r}")


def _job(order: Dict[str, Any], loader: Any, channel: Any, surroundings: Surroundings) -> None:
    from casparian_flow.guest import jobs
    from casparian_flow.guest.channel import DONE, FAILED

    report, reply = DONE, {}
    try:
        reply = {"rows": jobs.run(order, loader, channel)}
    except (BrokenPipeError, ConnectionResetError):
        if not channel.is_open():
            raise
        report, reply = FAILED, {"code": "failed", "message": _traceback()}
    except BaseException as error:  # noqa: B902 - SystemExit and KeyboardInterrupt of a plugin end its job only
        report, reply = FAILED, {"code": _code(error, order, loader), "message": _traceback()}
    surroundings.restore()
    channel.send(report, dict(reply, resident_bytes=_resident_bytes()))


def _describe(
    order: Dict[str, Any], loader: Any, channel: Any, surroundings: Surroundings, is_kept: bool
) -> None:
    from casparian_flow.guest.channel import PLUGIN
    from casparian_flow.guest.loading import manifest

    path = order["module"]
    try:
        loaded = loader.load(path, order.get("content_hash"), order.get("source"))
        reply = {"manifest": manifest(loaded.module), "content_hash": loaded.content_hash}
    except BaseException:  # noqa: B902 - whatever a module does on import is told about that module only
        reply = {"error": _traceback()}
    finally:
        if not is_kept:
            loader.forget(path)
    surroundings.restore()
    channel.send(PLUGIN, reply)


def _code(error: BaseException, order: Dict[str, Any], loader: Any) -> str:
    from casparian_flow.guest.jobs import UnsupportedData

    if isinstance(error, UnsupportedData):
        return "unsupported_data"
    return "failed" if loader.has(order["module"]) else "cannot_load"


def _traceback() -> str:
    kind, error, trace = sys.exc_info()
    # The guest's own frames say nothing to the plugin's author.
    own = os.path.dirname(os.path.abspath(__file__)) + os.sep
    while trace is not None and os.path.abspath(trace.tb_frame.f_code.co_filename).startswith(own):
        trace = trace.tb_next
    text = "".join(traceback.format_exception(kind, error, trace)).rstrip("\n")
    if isinstance(error, SystemExit):
        text += f"\nthe plugin called sys.exit({error.code!r}); return from consume or execute instead"
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) > MESSAGE_CHARACTERS_MAX:
        half = MESSAGE_CHARACTERS_MAX // 2
        text = f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
    return text


def _resident_bytes() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    main()
