"""plain_worker.py ADDRESS OUTPUT PLUGIN...: a worker that knows plain v4 only.

One job at a time, blocking; no heartbeats, no answer to ABORT. It writes the lines of a file as Parquet; a file
whose name begins with `bad` fails. Prints one JSON line for each thing that happens; ends when its standard input does.
"""
import json
import pathlib
import sys

import pyarrow
import pyarrow.parquet
import zmq

import v4

address, output, plugins = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]


def tell(**event) -> None:
    print(json.dumps(event), flush=True)


def work(job: int, order: dict) -> dict:
    path = pathlib.Path(order["file_path"])
    try:
        if path.name.startswith("bad"):
            raise ValueError(f"{path}: cannot be read")
        lines = path.read_text().splitlines()
        table = pyarrow.table({"line": lines, "_job_id": pyarrow.array([job] * len(lines), pyarrow.int64())})
        final = output / f"{order['plugin_name']}_{job}.parquet"
        pyarrow.parquet.write_table(table, final)
        return {
            "status": "SUCCESS", "metrics": {"rows": len(lines), "size_bytes": final.stat().st_size},
            "artifacts": [{"topic": "output", "uri": f"parquet://{final}"}], "error_message": None}
    except Exception as error:
        return {"status": "FAILED", "metrics": {}, "artifacts": [], "error_message": f"{type(error).__name__}: {error}"}


socket = zmq.Context.instance().socket(zmq.DEALER)
socket.setsockopt(zmq.LINGER, 0)
socket.setsockopt(zmq.IDENTITY, b"plain-worker-1")
socket.connect(address)
socket.send_multipart(v4.encode("IDENTIFY", 0, {"capabilities": plugins, "worker_id": "plain-worker-1"}))
poller = zmq.Poller()
poller.register(socket, zmq.POLLIN)
poller.register(sys.stdin, zmq.POLLIN)
while True:
    ready = dict(poller.poll())
    if sys.stdin.fileno() in ready:
        break
    operation, job, fields = v4.decode(socket.recv_multipart())
    tell(event=operation, job=job, **fields)
    if operation == "DISPATCH":
        socket.send_multipart(v4.encode("CONCLUDE", job, work(job, fields)))
