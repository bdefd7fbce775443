"""Requests of a web server's log: one row a line, yielded in small tables while the file is read."""
import datetime

from casparian_flow.sdk import PluginMetadata

MANIFEST = PluginMetadata(
    pattern="*.log", topic="requests", version="1.0.0", description="Requests of a web server's log")

ROWS_A_TABLE = 1000


class Handler:
    def execute(self, file_path):
        rows = []
        with open(file_path, encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip() or line.startswith("#"):
                    continue
                rows.append(request(file_path, number, line))
                if len(rows) == ROWS_A_TABLE:
                    yield rows
                    rows = []
        if rows:
            yield rows


def request(file_path, number, line):
    parts = line.split()
    if len(parts) != 8:
        raise ValueError(f"{file_path}, line {number}: expected 8 words and found {len(parts)}")
    day, time, client, method, path, status, size, took = parts
    return {
        "moment": datetime.datetime.fromisoformat(f"{day} {time}"),
        "client": client,
        "method": method,
        "path": path,
        "status": int(status),
        "bytes": None if size == "-" else int(size),
        "milliseconds": int(took.removesuffix("ms")),
    }
