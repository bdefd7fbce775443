"""Protocol v4 as a plain peer knows it: no extensions, unknown fields ignored, strict types on the known ones.

Written from docs/wire-protocol.md alone; shares no code with the program.
"""
import json
import struct

HEADER = struct.Struct(">BBHQI")
VERSION = 4
OPERATIONS = {1: "IDENTIFY", 2: "DISPATCH", 3: "ABORT", 4: "HEARTBEAT", 5: "CONCLUDE", 6: "ERR"}
CODES = {name: code for code, name in OPERATIONS.items()}


class Malformed(Exception):
    """A message that a plain peer refuses."""


def encode(operation: str, job: int = 0, payload: dict | None = None) -> list[bytes]:
    body = b"" if payload is None else json.dumps(payload, separators=(",", ":")).encode()
    return [HEADER.pack(VERSION, CODES[operation], 0, job, len(body)), body]


def decode(frames: list[bytes]) -> tuple[str, int, dict]:
    """Operation, job id and the known fields of a message."""
    if len(frames) != 2 or len(frames[0]) != HEADER.size:
        raise Malformed(f"{len(frames)} frames, header of {len(frames[0]) if frames else 0} bytes")
    version, code, reserved, job, length = HEADER.unpack(frames[0])
    if version != VERSION or reserved != 0 or code not in OPERATIONS or length != len(frames[1]):
        raise Malformed(f"header {frames[0].hex()} before {len(frames[1])} bytes")
    operation = OPERATIONS[code]
    fields = json.loads(frames[1]) if frames[1] else {}
    if not isinstance(fields, dict):
        raise Malformed("the payload is no JSON object")
    return operation, job, CHECKS[operation](fields)


def is_integer(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_text(value) -> bool:
    return isinstance(value, str)


def is_text_or_null(value) -> bool:
    return value is None or isinstance(value, str)


def pick(fields: dict, **checks) -> dict:
    """The fields that are known, each of exactly its type."""
    picked = {}
    for name, check in checks.items():
        if name not in fields:
            raise Malformed(f"field {name} is missing")
        if not check(fields[name]):
            raise Malformed(f"field {name} is {fields[name]!r}")
        picked[name] = fields[name]
    return picked


def is_sinks(value) -> bool:
    return isinstance(value, list) and all(
        isinstance(sink, dict) and is_text(sink.get("topic")) and is_text(sink.get("uri"))
        and sink.get("mode", "append") in ("append", "replace", "error") and is_text_or_null(sink.get("schema_def"))
        for sink in value)


def is_artifacts(value) -> bool:
    """Every value of an artifact is a string, also those nobody knows."""
    return isinstance(value, list) and all(
        isinstance(artifact, dict) and "topic" in artifact and "uri" in artifact
        and all(is_text(key) and is_text(item) for key, item in artifact.items())
        for artifact in value)


def is_metrics(value) -> bool:
    return isinstance(value, dict) and all(is_integer(item) for item in value.values())


CHECKS = {
    "IDENTIFY": lambda fields: pick(
        fields, capabilities=lambda value: isinstance(value, list) and all(map(is_text, value)),
        worker_id=is_text_or_null),
    "DISPATCH": lambda fields: pick(
        fields, plugin_name=is_text, file_path=is_text, sinks=is_sinks, file_version_id=is_integer),
    "ABORT": lambda fields: {},
    "HEARTBEAT": lambda fields: pick(
        fields, status=lambda value: value in ("IDLE", "BUSY"),
        current_job_id=lambda value: value is None or is_integer(value)),
    "CONCLUDE": lambda fields: pick(
        fields, status=lambda value: value in ("SUCCESS", "FAILED"), metrics=is_metrics, artifacts=is_artifacts,
        error_message=is_text_or_null),
    "ERR": lambda fields: pick(fields, message=is_text, traceback=is_text_or_null),
}
