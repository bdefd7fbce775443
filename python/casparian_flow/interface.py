"""What a plugin and its surroundings look like to each other; nothing here has to be inherited from."""

from __future__ import annotations

from typing import Any, Dict, Optional, Protocol, runtime_checkable


@runtime_checkable
class CaspContext(Protocol):
    """What the runtime gives to a plugin's `configure`."""

    def register_topic(self, topic: str, default_uri: Optional[str] = None) -> int:
        """Names a topic; the handle is for `publish`. The same topic gives the same handle."""
        ...

    def publish(self, handle: int, data: Any) -> None:
        """Sends a table to the topic of that handle; blocks while the sink is slower than the plugin."""
        ...


@runtime_checkable
class CaspPlugin(Protocol):
    """What the runtime calls on a plugin that takes part in its own configuration."""

    def configure(self, ctx: CaspContext, config: Dict[str, Any]) -> None:
        """Called once for each job, before the file is handed over."""
        ...

    def execute(self, file_path: str) -> Any:
        """Reads a file; what it returns or yields goes to the topic `output`."""
        ...
