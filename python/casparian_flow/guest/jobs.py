"""One job: a fresh Handler, its configuration, the file, and everything it makes sent on."""

from __future__ import annotations

import json
import threading
from typing import Any, Dict, Iterable, List, Optional

from casparian_flow.guest import tables
from casparian_flow.guest.channel import Channel
from casparian_flow.guest.loading import Loader
from casparian_flow.guest.paths import system_path
from casparian_flow.sdk import BasePlugin, FileEvent

OUTPUT_TOPIC = "output"
#: A topic's name travels with a length of two bytes; sinks put it into file names.
TOPIC_BYTES_MAX = 255


class UnsupportedData(TypeError):
    """A plugin handed over what is no table."""


class Context:
    """The `CaspContext` of one job."""

    def __init__(self, channel: Channel, plugin: str) -> None:
        self._channel = channel
        self._plugin = plugin
        self._topics: List[str] = []
        self.rows = 0
        # A thread that a plugin left behind must not write into the next job.
        self._lock = threading.RLock()
        self._is_closed = False

    def close(self) -> None:
        """Ends the job: from here on nothing is sent."""
        with self._lock:
            self._is_closed = True

    def register_topic(self, topic: str, default_uri: Optional[str] = None) -> int:
        if not isinstance(topic, str) or not topic or len(topic.encode("utf-8", "replace")) > TOPIC_BYTES_MAX:
            raise ValueError(f"a topic is a text of 1 to {TOPIC_BYTES_MAX} bytes, not {topic!r}")
        if topic not in self._topics:
            self._topics.append(topic)
        return self._topics.index(topic)

    def publish(self, handle: int, data: Any) -> None:
        if not isinstance(handle, int) or not 0 <= handle < len(self._topics):
            raise ValueError(f"{handle!r} is no handle of a topic; register_topic gives one")
        self.send(self._topics[handle], data)

    def send(self, topic: str, data: Any) -> None:
        if data is None:
            return
        try:
            batches = tables.batches(data, self._plugin, topic)
            first = next(batches, None)
        except TypeError as error:
            raise UnsupportedData(str(error)) from error
        if first is None:
            return
        self._send(topic, first)
        for batch in batches:
            self._send(topic, batch)

    def _send(self, topic: str, batch: Any) -> None:
        with self._lock:
            if self._is_closed:
                raise RuntimeError(f"topic '{topic}' was published to after its job had ended")
            self._channel.send_data(topic, batch)
            self.rows += batch.num_rows


def run(order: Dict[str, Any], loader: Loader, channel: Channel) -> int:
    """Runs a job to its end; returns the rows sent. Whatever the plugin raises is raised here."""
    plugin = order["plugin"]
    handler = loader.load(order["module"], order.get("content_hash"), order.get("source")).module.Handler()
    context = Context(channel, plugin)
    parameters = order.get("parameters")
    event = FileEvent(
        path=system_path(order["file_path"]), file_id=order.get("file_id", 0), metadata={"job_id": order.get("job_id", 0)})
    try:
        _configure(handler, context, json.loads(parameters) if parameters else {})
        _forward(_call(handler, event), context)
    finally:
        context.close()
    return context.rows


def _configure(handler: Any, context: Context, config: Dict[str, Any]) -> None:
    if isinstance(handler, BasePlugin):
        # Also for a subclass whose `configure` does not call the inherited one.
        BasePlugin.configure(handler, context, config)
    if callable(getattr(handler, "configure", None)):
        handler.configure(context, config)


def _call(handler: Any, event: FileEvent) -> Any:
    if callable(getattr(handler, "consume", None)):
        try:
            return _started(handler.consume(event))
        except NotImplementedError:
            if not _overrides_execute(handler):
                raise
    return handler.execute(event.path)


def _overrides_execute(handler: Any) -> bool:
    # The inherited `execute` would only call `consume` again.
    execute = getattr(type(handler), "execute", None)
    return execute is not None and execute is not BasePlugin.execute


def _started(result: Any) -> Any:
    """A generator runs no line before its first value is asked for: ask, so that NotImplementedError shows here."""
    if not hasattr(result, "__next__") or tables.is_table(result):
        return result
    try:
        first = next(result)
    except StopIteration:
        return None
    return _chained(first, result)


def _chained(first: Any, rest: Iterable[Any]) -> Iterable[Any]:
    yield first
    del first
    yield from rest


def _forward(result: Any, context: Context) -> None:
    if result is None:
        return
    if tables.is_table(result) or isinstance(result, (str, bytes)) or not hasattr(result, "__iter__"):
        context.send(OUTPUT_TOPIC, result)
        return
    for table in result:
        context.send(OUTPUT_TOPIC, table)
        # Not kept while the plugin makes the next one.
        del table
