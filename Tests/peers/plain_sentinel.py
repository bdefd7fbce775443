"""plain_sentinel.py ADDRESS: a sentinel that knows plain v4 only.

Reads one JSON object a line from standard input, {"job": N, "dispatch": {...}}, and sends each to the first worker that
identified, the next one when the last has ended. Prints one JSON line for each message of the worker; heartbeats are
never answered. Ends when its standard input has ended and every job too; a message it must refuse ends it with 1.
"""
import json
import sys

import zmq

import v4

socket = zmq.Context.instance().socket(zmq.ROUTER)
socket.setsockopt(zmq.LINGER, 1000)
socket.bind(sys.argv[1])
print(json.dumps({"event": "BOUND"}), flush=True)
worker = None


def receive() -> tuple[str, int]:
    global worker
    identity, *frames = socket.recv_multipart()
    operation, job, fields = v4.decode(frames)
    print(json.dumps({"event": operation, "job": job, **fields}), flush=True)
    if operation == "IDENTIFY":
        worker = identity
    return operation, job


while worker is None:
    receive()
for line in sys.stdin:
    order = json.loads(line)
    socket.send_multipart([worker, *v4.encode("DISPATCH", order["job"], order["dispatch"])])
    while receive() != ("CONCLUDE", order["job"]):
        pass
