"""Words of T-SQL, and a cursor over them."""
import dataclasses
import re

from .errors import SQLError, syntax

TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<text>[nN]?'(?:[^']|'')*')
    |(?P<binary>0[xX][0-9a-fA-F]*)
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<quoted>\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*")
    |(?P<variable>@@?[\w$#]+)
    |(?P<word>[^\W\d][\w$#@]*|\#\#?[\w$#@]+)
    |(?P<sign><>|!=|<=|>=|[-+*/%=<>(),.;])""",
    re.VERBOSE | re.DOTALL)
LINE_CONTINUED = re.compile(r"\\\r?\n")


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str
    text: str
    # What it stands for: a text without quotes, a name without brackets, bytes.
    value: object

    @property
    def upper(self):
        return self.text.upper() if self.kind in ("word", "sign", "variable") else ""


def tokens(text):
    found = []
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise syntax(text[position:position + 1])
        position = match.end()
        kind, part = match.lastgroup, match.group()
        if kind == "space":
            continue
        value = part
        if kind == "text":
            # A backslash before a line's end continues the line, in literals too.
            value = LINE_CONTINUED.sub("", part[part.index("'") + 1:-1].replace("''", "'"))
        elif kind == "quoted":
            value = part[1:-1].replace("]]", "]") if part[0] == "[" else part[1:-1].replace('""', '"')
        elif kind == "binary":
            value = bytes.fromhex(part[2:].rjust(len(part[2:]) + len(part[2:]) % 2, "0"))
        found.append(Token(kind, part, value))
    return found


class Cursor:
    """Reads tokens one after the other."""

    def __init__(self, found):
        self.tokens = found
        self.position = 0

    @property
    def next(self):
        return self.tokens[self.position] if self.position < len(self.tokens) else Token("end", "", "")

    def at_end(self):
        return self.position >= len(self.tokens)

    def advance(self):
        token = self.next
        self.position += 1
        return token

    def sees(self, *words):
        """Whether these words and signs come now."""
        ahead = self.tokens[self.position:self.position + len(words)]
        return len(ahead) == len(words) and all(
            token.upper == word for token, word in zip(ahead, words, strict=True))

    def takes(self, *words):
        if self.sees(*words):
            self.position += len(words)
            return True
        return False

    def needs(self, *words):
        for word in words:
            if not self.takes(word):
                raise syntax(self.next.text or "end of batch")

    def name(self):
        token = self.advance()
        if token.kind not in ("word", "quoted"):
            raise syntax(token.text or "end of batch")
        if len(str(token.value)) > 128:
            raise SQLError(103, f"The identifier that starts with '{token.value[:50]}' is too long. "
                                "Maximum length is 128.", 15, 4)
        if token.kind == "quoted" and not token.value:
            raise SQLError(1038, "An object or column name is missing or empty.", 15)
        return token.value

    def names(self):
        """A name with dots; an empty part is an empty text."""
        parts = [self.name()]
        while self.takes("."):
            parts.append("" if self.sees(".") else self.name())
        return parts

    def integer(self):
        sign = -1 if self.takes("-") else 1
        token = self.advance()
        if token.kind != "number" or not token.text.isdigit():
            raise syntax(token.text)
        return sign * int(token.text)

    def type_arguments(self):
        """What stands in brackets after a type's name."""
        found = []
        if self.takes("("):
            while True:
                found.append("max" if self.takes("MAX") else self.integer())
                if not self.takes(","):
                    break
            self.needs(")")
        return found
