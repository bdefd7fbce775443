"""File names as the worker writes them down, and as this system opens them."""
import os
import re

_ESCAPE = re.compile(rb"\\x([0-9A-F]{2})")


def system_path(text: str) -> str:
    """The path that a text stands for: ``\\xE9`` is the byte E9, which is no UTF-8 where it stands alone.

    What comes back can be opened (``os.fsdecode``); it is the text itself unless there is such an escape in it.
    """
    if "\\x" not in text:
        return text
    return os.fsdecode(_ESCAPE.sub(lambda match: bytes([int(match.group(1), 16)]), text.encode("utf-8", "surrogateescape")))
