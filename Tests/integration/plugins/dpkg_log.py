"""Debian's package log, one row a line: https://manpages.debian.org/dpkg (section FILES, dpkg.log)."""
import datetime

# What stands after date, time and the action.
FIELDS = {
    "startup": ["kind", "command"],
    "status": ["state", "package", "version"],
    "configure": ["package", "version", "new_version"],
    "trigproc": ["package", "version", "new_version"],
    "conffile": ["path", "decision"],
}
DEFAULT_FIELDS = ["package", "version", "new_version"]
ROWS_A_BATCH = 10_000


class Handler:
    def execute(self, file_path):
        rows = []
        with open(file_path, encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                parts = line.split()
                if len(parts) < 4:
                    raise ValueError(f"{file_path}: line {number}: no date, time, action and object: {line!r}")
                rows.append(row(number, parts))
                if len(rows) == ROWS_A_BATCH:
                    yield rows
                    rows = []
        yield rows


def row(number, parts):
    made = dict.fromkeys(["kind", "command", "state", "package", "version", "new_version", "path", "decision"])
    made |= zip(FIELDS.get(parts[2], DEFAULT_FIELDS), parts[3:])
    return {"line": number, "moment": datetime.datetime.fromisoformat(f"{parts[0]} {parts[1]}"), "action": parts[2]} | made
