"""Base class and values for plugins: `from casparian_flow.sdk import BasePlugin, PluginMetadata, FileEvent`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from casparian_flow.interface import CaspContext

__all__ = ["BasePlugin", "FileEvent", "PluginMetadata"]


@dataclass
class FileEvent:
    """A file that a plugin is asked to read."""

    path: str
    file_id: int = 0
    event_type: str = "file_found"
    metadata: Dict[str, Any] = field(default_factory=dict)


@dataclass
class PluginMetadata:
    """A module's `MANIFEST`: which files the plugin wants and where its topics go."""

    #: gitignore-style pattern of the files it wants.
    pattern: Optional[str] = None
    #: Name of the default Parquet output.
    topic: Optional[str] = None
    #: Priority of the routing rule made from `pattern`; higher goes first.
    priority: int = 50
    #: Tags it subscribes to.
    subscriptions: List[str] = field(default_factory=list)
    #: Topic to sink URI.
    sinks: Dict[str, str] = field(default_factory=dict)
    version: str = "1.0.0"
    description: Optional[str] = None


class BasePlugin:
    """A plugin that overrides `consume` or `execute`; a new instance is made for each job."""

    # On the class, so that a subclass need not call `super().__init__()`.
    _context: Optional[CaspContext] = None
    _config: Optional[Dict[str, Any]] = None
    _handles: Optional[Dict[str, int]] = None

    def configure(self, ctx: CaspContext, config: Dict[str, Any]) -> None:
        """Lifecycle hook, called before the file is handed over; override it to prepare what `consume` needs."""
        self._context = ctx
        self._config = config
        # Handles belong to the context that gave them.
        self._handles = {}

    @property
    def config(self) -> Dict[str, Any]:
        """The plugin's parameters; raises `RuntimeError` before `configure`."""
        if self._config is None:
            raise RuntimeError("the plugin has no configuration yet: `config` can be read from `configure` on")
        return self._config

    def consume(self, event: FileEvent) -> Any:
        """Reads the file of an event; what it returns or yields goes to the topic `output`."""
        raise NotImplementedError(f"{type(self).__name__} overrides neither consume nor execute")

    def execute(self, file_path: str) -> Any:
        """Reads a file; by default wraps the path in a `FileEvent` for `consume`."""
        return self.consume(FileEvent(path=file_path))

    def publish(self, topic: str, data: Any) -> None:
        """Sends a table to a topic; blocks while the sink is slower than the plugin."""
        if self._context is None or self._handles is None:
            raise RuntimeError("publish can be called from `configure` on: the plugin has no context yet")
        handle = self._handles.get(topic)
        if handle is None:
            handle = self._handles[topic] = self._context.register_topic(topic)
        self._context.publish(handle, data)
