#!/usr/bin/env python3
"""A plugin that speaks the guest protocol by itself, without casparian_flow: docs/guest-protocol.md is all it needs to know.

Put it into the plugins folder as `words.plugin`, executable. It counts the words of text files.
"""
import json
import socket
import struct

import pyarrow as pa

channel = socket.socket(fileno=3)


def receive():
    header = exactly(5)
    return (header[:1], json.loads(exactly(struct.unpack(">I", header[1:])[0]))) if header else (b"", None)


def exactly(count):
    data = b""
    while len(data) < count:
        part = channel.recv(count - len(data))
        if not part:
            return b""
        data += part
    return data


def send(kind, payload):
    channel.sendall(kind + struct.pack(">I", len(payload)) + payload)


def report(kind, **message):
    send(kind, json.dumps(message).encode())


def rows(topic, batch):
    head = struct.pack(">H", len(topic)) + topic.encode()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    send(b"B", head + bytes(-len(head) % 64) + sink.getvalue().to_pybytes())


def count(path):
    counts = {}
    with open(path, encoding="utf-8") as file:
        for word in file.read().split():
            counts[word] = counts.get(word, 0) + 1
    return pa.record_batch({"word": list(counts), "count": list(counts.values())})


report(b"H", protocol=1, language="python", version="plain")
while True:
    kind, order = receive()
    if kind == b"D":
        report(b"P", manifest={"pattern": "*.words", "topic": "words", "version": "1.0.0"})
    elif kind == b"J":
        try:
            batch = count(order["file_path"])
            rows("output", batch)
            report(b"E", rows=batch.num_rows)
        except Exception as error:
            report(b"F", code="failed", message=f"{type(error).__name__}: {error}")
    else:
        break
