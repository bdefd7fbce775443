"""Plugin modules: loaded from source, again when the source changes."""

from __future__ import annotations

import base64
import hashlib
import importlib
import importlib.util
import linecache
import os
import sys
import types
from dataclasses import dataclass
from typing import Any, Dict, List, Optional

MANIFEST_DEFAULTS = {
    "pattern": None, "topic": None, "priority": 50, "subscriptions": [], "sinks": {}, "version": "1.0.0",
    "description": None,
}


class CannotLoad(Exception):
    """A module lacks what makes it a plugin."""


@dataclass
class Loaded:
    module: types.ModuleType
    content_hash: str


class Loader:
    """Keeps modules warm. A plugin's folder is on the module path while the guest lives, for `_shared.py` files."""

    def __init__(self) -> None:
        self._loaded: Dict[str, Loaded] = {}
        self._sources: Dict[str, bytes] = {}
        # Python takes compiled code as current by a time in whole seconds and a size: a `_shared.py` that changes
        # twice in a second would stay as it was.
        sys.dont_write_bytecode = True

    def load(self, path: str, content_hash: Optional[str] = None, encoded: Optional[str] = None) -> Loaded:
        """The module of a plugin file; whatever it raises on import is raised here.

        `content_hash` names the version that is meant, and `encoded` has its bytes in Base64, unless they came before.
        Without both the file is taken as it lies there.
        """
        known = self._loaded.get(path)
        if known is not None and content_hash is not None and known.content_hash == content_hash:
            return known
        source = self._source(path, content_hash, encoded)
        content_hash = hashlib.sha256(source).hexdigest()
        if known is not None and known.content_hash == content_hash:
            return known
        self.forget(path)
        name = os.path.splitext(os.path.basename(path))[0]
        module = types.ModuleType(f"casparian_plugin_{name}")
        module.__file__ = path
        # Registered while it runs: dataclasses and pickle look a class's module up by name.
        sys.modules[module.__name__] = module
        folder = os.path.dirname(path)
        _use_folder(folder)
        earlier = set(sys.modules)
        try:
            _remember_lines(path, source)
            exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
            _check_handler(module, name)
        except BaseException:
            sys.modules.pop(module.__name__, None)
            # What it imported from beside itself may be what has to be mended.
            _unload([other for other in _beside(folder) if other not in earlier])
            raise
        loaded = self._loaded[path] = Loaded(module, content_hash)
        return loaded

    def _source(self, path: str, content_hash: Optional[str], encoded: Optional[str]) -> bytes:
        if encoded is not None:
            source = base64.b64decode(encoded)
            if content_hash is not None:
                self._sources[content_hash] = source
            return source
        if content_hash in self._sources:
            return self._sources[content_hash]
        try:
            with open(path, "rb") as file:
                source = file.read()
        except OSError:
            self.forget(path)
            raise
        if content_hash is not None and hashlib.sha256(source).hexdigest() != content_hash:
            raise CannotLoad(f"{path} is another version than the one that is meant")
        return source

    def has(self, path: str) -> bool:
        """Whether the plugin's module could be loaded."""
        return path in self._loaded

    def forget(self, path: str) -> None:
        """Forgets a plugin and the modules beside it, so that a changed `_shared.py` is read again too."""
        if self._loaded.pop(path, None) is None:
            return
        folder = os.path.dirname(path)
        _unload(_beside(folder))
        for other in [known for known in self._loaded if known.startswith(folder + os.sep)]:
            del self._loaded[other]


def _remember_lines(path: str, source: bytes) -> None:
    """Tracebacks show the lines of the version that ran, whatever lies there by then."""
    try:
        text = importlib.util.decode_source(source)
    except (SyntaxError, UnicodeDecodeError):
        return  # Compiling it says what is wrong.
    linecache.cache[path] = (len(source), None, text.splitlines(keepends=True), path)


def _use_folder(folder: str) -> None:
    if folder not in sys.path:
        sys.path.append(folder)
    # A module that was put there a moment ago is to be found.
    importlib.invalidate_caches()


def _beside(folder: str) -> List[str]:
    """Names of the loaded modules that lie in a folder of plugins."""
    start = folder + os.sep
    return [
        name for name, module in list(sys.modules.items())
        if (getattr(module, "__file__", None) or "").startswith(start)]


def _unload(names: List[str]) -> None:
    for name in names:
        sys.modules.pop(name, None)


def _check_handler(module: types.ModuleType, name: str) -> None:
    handler = getattr(module, "Handler", None)
    if not isinstance(handler, type):
        raise CannotLoad(f"{name}.py has no class Handler; a plugin is a module with a class of that name")
    if not (callable(getattr(handler, "consume", None)) or callable(getattr(handler, "execute", None))):
        raise CannotLoad(f"Handler in {name}.py has neither consume(event) nor execute(file_path)")


def manifest(module: types.ModuleType) -> Dict[str, Any]:
    """The module's `MANIFEST` with defaults: a `PluginMetadata`, an object with its names, or a dict."""
    declared = getattr(module, "MANIFEST", None)
    if declared is None:
        return dict(MANIFEST_DEFAULTS)
    result = {}
    for key, default in MANIFEST_DEFAULTS.items():
        value = declared.get(key) if isinstance(declared, dict) else getattr(declared, key, None)
        result[key] = default if value is None else value
    _check(result)
    result["subscriptions"] = list(result["subscriptions"])
    result["sinks"] = dict(result["sinks"])
    return result


def _check(values: Dict[str, Any]) -> None:
    for key in ("pattern", "topic", "version", "description"):
        _require(values[key] is None or isinstance(values[key], str), key, "a string", values[key])
    priority = values["priority"]
    _require(isinstance(priority, int) and not isinstance(priority, bool), "priority", "an integer", priority)
    tags = values["subscriptions"]
    is_list = isinstance(tags, (list, tuple)) and all(isinstance(tag, str) for tag in tags)
    _require(is_list, "subscriptions", "a list of strings", tags)
    sinks = values["sinks"]
    is_map = isinstance(sinks, dict) and all(isinstance(text, str) for pair in sinks.items() for text in pair)
    _require(is_map, "sinks", "a dict of topic to sink URI", sinks)


def _require(fits: bool, key: str, wanted: str, value: Any) -> None:
    if not fits:
        raise CannotLoad(f"MANIFEST.{key} must be {wanted}, not {value!r}")
