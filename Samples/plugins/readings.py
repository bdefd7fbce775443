"""Readings of weather stations: what can be read goes to one topic, what cannot to another, with the reason."""
import datetime

from casparian_flow.sdk import BasePlugin, PluginMetadata

MANIFEST = PluginMetadata(
    pattern="*.readings",
    version="1.0.0",
    sinks={"readings": "parquet://stations/readings.parquet", "rejected": "parquet://stations/rejected.parquet"},
    description="Readings of weather stations",
)


class Handler(BasePlugin):
    def consume(self, event):
        good, bad = [], []
        with open(event.path, encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                try:
                    good.append(reading(line))
                except (KeyError, ValueError) as error:
                    bad.append({"line": number, "text": line.rstrip("\n"), "reason": repr(error)})
        self.publish("readings", good)
        self.publish("rejected", bad)


def reading(line):
    values = dict(word.split("=", 1) for word in line.split())
    return {
        "station": values["station"],
        "moment": datetime.datetime.fromisoformat(values["at"]),
        "celsius": float(values["temp"]),
        "wind": int(values["wind"]) if "wind" in values else None,
    }
