"""The public names that plugins import, and their defaults."""
import inspect

import pytest

from casparian_flow.interface import CaspContext, CaspPlugin
from casparian_flow.sdk import BasePlugin, FileEvent, PluginMetadata


class Recorder:
    """A context that keeps what it is given."""

    def __init__(self):
        self.topics, self.published = [], []

    def register_topic(self, topic, default_uri=None):
        self.topics.append(topic)
        return len(self.topics) - 1

    def publish(self, handle, data):
        self.published.append((self.topics[handle], data))


def parameters(function) -> dict:
    return {name: one.default for name, one in inspect.signature(function).parameters.items()}


def test_a_file_event_has_the_documented_fields_in_order_and_their_defaults():
    assert list(parameters(FileEvent)) == ["path", "file_id", "event_type", "metadata"]
    event = FileEvent("/a.csv")
    assert (event.path, event.file_id, event.event_type, event.metadata) == ("/a.csv", 0, "file_found", {})
    assert FileEvent("/a", 3, "again", {"k": 1}) == FileEvent(
        path="/a", file_id=3, event_type="again", metadata={"k": 1})


def test_a_file_event_needs_a_path():
    with pytest.raises(TypeError):
        FileEvent()


def test_plugin_metadata_has_the_documented_fields_in_order_and_their_defaults():
    assert list(parameters(PluginMetadata)) == [
        "pattern", "topic", "priority", "subscriptions", "sinks", "version", "description"]
    made = PluginMetadata()
    assert (made.pattern, made.topic, made.priority, made.subscriptions, made.sinks, made.version, made.description) \
        == (None, None, 50, [], {}, "1.0.0", None)


def test_two_values_never_share_a_default_list_or_dict():
    first, second = PluginMetadata(), PluginMetadata()
    first.subscriptions.append("tag")
    first.sinks["output"] = "parquet://x.parquet"
    assert (second.subscriptions, second.sinks) == ([], {})
    event = FileEvent("/a")
    event.metadata["k"] = 1
    assert FileEvent("/b").metadata == {}


def test_configuration_cannot_be_read_before_configure():
    with pytest.raises(RuntimeError, match="configur"):
        BasePlugin().config


def test_configuration_is_what_configure_was_given():
    plugin = BasePlugin()
    plugin.configure(Recorder(), {"delimiter": ";"})
    assert plugin.config == {"delimiter": ";"}


def test_an_empty_configuration_is_a_configuration():
    plugin = BasePlugin()
    plugin.configure(Recorder(), {})
    assert plugin.config == {}


def test_a_subclass_need_not_call_the_inherited_initializer():
    class Plugin(BasePlugin):
        def __init__(self):
            self.own = 1

    plugin = Plugin()
    with pytest.raises(RuntimeError):
        plugin.config
    plugin.configure(Recorder(), {"a": 1})
    assert plugin.config == {"a": 1}


def test_execute_wraps_the_path_in_an_event_for_consume():
    class Plugin(BasePlugin):
        def consume(self, event):
            return event

    assert Plugin().execute("/data/x.csv") == FileEvent(path="/data/x.csv")


def test_a_plugin_that_overrides_nothing_says_what_is_missing():
    with pytest.raises(NotImplementedError, match="consume"):
        BasePlugin().consume(FileEvent("/a"))
    with pytest.raises(NotImplementedError, match="execute"):
        BasePlugin().execute("/a")


def test_publish_before_configure_is_refused():
    with pytest.raises(RuntimeError, match="configure"):
        BasePlugin().publish("errors", [])


def test_publish_registers_each_topic_once_and_sends_to_it():
    context, plugin = Recorder(), BasePlugin()
    plugin.configure(context, {})
    plugin.publish("errors", [1])
    plugin.publish("rows", [2])
    plugin.publish("errors", [3])
    assert context.topics == ["errors", "rows"]
    assert context.published == [("errors", [1]), ("rows", [2]), ("errors", [3])]


def test_publish_after_a_second_configure_goes_to_the_new_context_under_its_own_handles():
    first, second, plugin = Recorder(), Recorder(), BasePlugin()
    plugin.configure(first, {})
    plugin.publish("errors", [1])
    plugin.configure(second, {})
    plugin.publish("rows", [2])
    plugin.publish("errors", [3])
    assert first.published == [("errors", [1])]
    assert second.published == [("rows", [2]), ("errors", [3])]


def test_base_plugin_has_the_documented_signatures():
    assert list(parameters(BasePlugin.configure)) == ["self", "ctx", "config"]
    assert list(parameters(BasePlugin.consume)) == ["self", "event"]
    assert list(parameters(BasePlugin.execute)) == ["self", "file_path"]
    assert list(parameters(BasePlugin.publish)) == ["self", "topic", "data"]


def test_interfaces_are_checked_at_run_time_by_what_an_object_has():
    class Bare:
        def execute(self, file_path):
            return None

    assert isinstance(Recorder(), CaspContext)
    assert isinstance(BasePlugin(), CaspPlugin)
    assert not isinstance(Bare(), CaspPlugin)
    assert not isinstance(object(), CaspContext)


def test_interfaces_have_the_documented_signatures():
    register = parameters(CaspContext.register_topic)
    assert list(register) == ["self", "topic", "default_uri"] and register["default_uri"] is None
    assert list(parameters(CaspContext.publish)) == ["self", "handle", "data"]
    assert list(parameters(CaspPlugin.configure)) == ["self", "ctx", "config"]
    assert list(parameters(CaspPlugin.execute)) == ["self", "file_path"]


def test_the_sdk_needs_no_pyarrow(tmp_path):
    import os
    import subprocess
    import sys

    (tmp_path / "pyarrow.py").write_text("raise ImportError('no pyarrow here')\n")
    import casparian_flow
    package = os.path.dirname(os.path.dirname(casparian_flow.__file__))
    subprocess.run(
        [sys.executable, "-c", "import casparian_flow.sdk, casparian_flow.interface"], check=True, timeout=60,
        env=dict(os.environ, PYTHONPATH=f"{tmp_path}:{package}"))
