"""Tables for people and JSON for programs."""
import json
import os
import pathlib
import platform
import time


class Result:
    """One benchmark's figures: rows of a table, and goals with what was reached."""

    def __init__(self, title: str):
        self.title = title
        self.rows: list[dict] = []
        self.goals: list[dict] = []
        self.notes: list[str] = []

    def goal(self, what: str, value: float, bound: float, at_most: bool = True) -> None:
        reached = value <= bound if at_most else value >= bound
        self.goals.append({"goal": what, "value": round(value, 4), "bound": bound, "at_most": at_most,
                           "reached": bool(reached)})


class Report:
    def __init__(self, folder: pathlib.Path, quick: bool):
        self.folder = folder
        self.results = {}
        self.context = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "quick": quick, "processors": os.cpu_count(),
            "machine": platform.machine(), "kernel": platform.release(), "load_average": os.getloadavg()[0],
        }

    def add(self, name: str, result: Result) -> int:
        """Prints a result; returns how many goals it missed."""
        self.results[name] = {
            "title": result.title, "rows": result.rows, "goals": result.goals, "notes": result.notes}
        print(f"\n## {result.title}\n")
        print_table(result.rows)
        for goal in result.goals:
            sign = "at most" if goal["at_most"] else "at least"
            mark = "reached" if goal["reached"] else "MISSED"
            print(f"- {goal['goal']}: {goal['value']:g} ({sign} {goal['bound']:g}: {mark})")
        for note in result.notes:
            print(f"- {note}")
        return sum(not goal["reached"] for goal in result.goals)

    def write(self) -> pathlib.Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / (self.context["time"].replace(":", "") + ".json")
        path.write_text(json.dumps({"context": self.context, "results": self.results}, indent=1) + "\n")
        return path


def print_table(rows: list) -> None:
    if not rows:
        return
    keys = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[cell(row.get(key)) for key in keys] for row in rows]
    widths = [max(len(key), *(len(line[i]) for line in cells)) for i, key in enumerate(keys)]
    print("| " + " | ".join(key.ljust(width) for key, width in zip(keys, widths)) + " |")
    print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    for line in cells:
        print("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |")


def cell(value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
